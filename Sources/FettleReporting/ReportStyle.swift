enum ReportStyle {
    static let css = """
        :root{--ink:#1d2530;--soft:#667085;--line:#e4e7ec;--page:#f6f7f9;--card:#fff;--good:#12805c;--warn:#b25e09;--bad:#b42318;
        --drain:#7a8ca8;--patch:#2f6fdb;--reboot:#8e5bd0;--gate:#12805c;--wait:#c3cad6;--back:#d98a1f}
        @media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#2c3442;--page:#12161d;--card:#1a202a;
        --good:#3fbf8f;--warn:#e2983e;--bad:#f0685c}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);
        font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
        main{max-width:1040px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;margin:4px 0 8px;text-wrap:balance}
        h2{font-size:17px;margin:0 0 12px}.kind{color:var(--soft);margin:0;font-size:13px;letter-spacing:.04em;text-transform:uppercase}
        section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:16px 0}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;background:none;border:0;padding:0}
        .card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
        .card b{display:block;font-size:22px}.card span{color:var(--soft);font-size:13px}
        .badge{display:inline-block;border-radius:20px;padding:1px 10px;font-size:13px;font-weight:600;border:1px solid currentColor;white-space:nowrap}
        .good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.trouble{border-color:var(--bad)}
        .wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
        th{text-align:left;color:var(--soft);font-weight:600;font-size:13px}th,td{padding:8px 12px 8px 0;border-bottom:1px solid var(--line);vertical-align:top}
        tr:last-child td{border-bottom:0}code,pre,.change{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:13px}
        pre{white-space:pre-wrap;overflow-wrap:anywhere}.digest{overflow-wrap:anywhere;color:var(--soft)}.off{color:var(--bad)}.ok{color:var(--good)}
        .time{color:var(--soft);font-size:13px;font-variant-numeric:tabular-nums}.events{list-style:none;padding:0;margin:0}
        .events li{padding:3px 0}details summary{cursor:pointer;color:var(--soft)}
        svg{min-width:720px;width:100%}svg text{font-size:12px;fill:var(--soft)}svg .label{text-anchor:end;fill:var(--ink)}
        svg .tick{text-anchor:middle}.rule{stroke:var(--line)}
        rect.drain,i.drain{fill:var(--drain);background:var(--drain)}rect.patch,i.patch{fill:var(--patch);background:var(--patch)}
        rect.reboot,i.reboot{fill:var(--reboot);background:var(--reboot)}rect.gate,i.gate{fill:var(--gate);background:var(--gate)}
        rect.wait,i.wait{fill:var(--wait);background:var(--wait)}rect.back,i.back{fill:var(--back);background:var(--back)}
        rect.failed,i.failed{fill:var(--bad);background:var(--bad)}
        .legend{color:var(--soft);font-size:13px;margin:8px 0 0}.legend i{display:inline-block;width:10px;height:10px;border-radius:2px;margin:0 4px 0 10px}
        section>:last-child{margin-bottom:0}
        @media print{body{background:#fff}section{break-inside:avoid}}
        """
}
