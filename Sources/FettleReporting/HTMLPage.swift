/// A whole page in Fettle's looks: no script, nothing loaded from anywhere.
public enum HTMLPage {
    /// - Parameter style: CSS of this page, beside what all pages share; never text from outside.
    public static func document(title: String, body: HTMLText, style: String = "") -> String {
        let page: HTMLText = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(title)</title><style>\(HTMLText(source: ReportStyle.css + style))</style></head>
            <body><main>\(body)</main></body></html>
            """
        return page.source
    }

    /// A word in a frame.
    public static func badge(_ text: String, _ tone: Tone) -> HTMLText {
        "<span class=\"badge \(HTMLText(source: tone.rawValue))\">\(text)</span>"
    }

    /// A figure with what it counts.
    public static func card(_ title: String, _ value: String) -> HTMLText {
        "<div class=\"card\"><b>\(value)</b><span>\(title)</span></div>"
    }

    public enum Tone: String, Sendable {
        case good, warn, bad
    }
}
