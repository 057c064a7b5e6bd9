/// What a plan's page needs beyond the looks that all pages share.
enum PlanStyle {
    static let css = """
        :root{--window:#fff4d6;--band:#f1f3f7;--node:#fff;--link:#98a2b3;--area:#dbe7fb}
        @media(prefers-color-scheme:dark){:root{--window:#3a331d;--band:#202733;--node:#2a3341;--link:#6b7688;--area:#22375c;
        --drain:#8fa1bd;--patch:#5b93ea;--reboot:#a97ce0;--gate:#2f9e78;--wait:#4d5767}}
        main{max-width:1240px}.note,.soft{color:var(--soft)}.note{font-size:13px;margin:0 0 10px}header p{margin:4px 0}
        .windows{display:flex;gap:14px;margin-top:8px}.windows ul{margin:0;padding:0;list-style:none}
        ul{padding-left:20px}li{margin:2px 0}
        svg .group{font-weight:600;fill:var(--ink);font-size:13px}svg .aside{fill:var(--soft);font-weight:400;font-size:12px}svg .label.soft{fill:var(--soft)}
        path.rule,path.cut{fill:none;stroke:var(--line)}path.cut{stroke:var(--soft);stroke-dasharray:2 3}
        rect.window,i.window{fill:var(--window);background:var(--window)}i.window{border:1px solid var(--line)}
        path.wait{fill:var(--wait)}path.patch{fill:var(--patch)}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(330px,1fr));gap:18px 24px}
        figure{margin:0;break-inside:avoid}li,figcaption,summary,h1{overflow-wrap:anywhere}figcaption{font-size:14px;margin-bottom:4px}figcaption b{display:block}figcaption span,figcaption span b{font-size:13px;display:inline}
        figure .note{margin:2px 0 0}svg.small{min-width:0}svg.small text{font-size:11px}
        path.below{fill:var(--bad);opacity:.08}path.inservice{fill:var(--area);opacity:.7}
        path.level{fill:none;stroke:var(--patch);stroke-width:2}path.minimum{fill:none;stroke:var(--bad);stroke-dasharray:5 3}
        svg.natural{width:auto;min-width:0;max-width:none}rect.band{fill:var(--band)}
        rect.node{fill:var(--node);stroke:var(--link)}svg .name{text-anchor:middle;fill:var(--ink)}
        path.link{fill:none;stroke:var(--link);stroke-width:1.3}path.tip,circle.meeting{fill:var(--link)}
        .span{white-space:nowrap}.figure{text-align:right;font-variant-numeric:tabular-nums}details{margin-top:10px}
        @media print{:root{color-scheme:light}main{max-width:none;padding:0}.wide{overflow:visible}
        svg,svg.natural{min-width:0!important;max-width:100%!important;width:100%;height:auto}
        section{border:0;padding:8px 0;break-inside:auto}h2{break-after:avoid}tr,figure{break-inside:avoid}
        *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """
}
