import FettleReporting
import Testing

@Suite struct HTMLTextTests {
    /// What hosts and people wrote stands in a page as text.
    @Test(arguments: [
        ("<script>", "&lt;script&gt;"), ("<\u{301}img>\u{301}", "&lt;\u{301}img&gt;\u{301}"),
        ("\"'&", "&quot;&#39;&amp;"), ("a\u{1b}[2J\r\n\u{9b}", "a\u{fffd}[2J\u{fffd}\n\u{fffd}"),
    ])
    func whatCameFromOutsideIsText(text: String, escaped: String) {
        #expect(HTMLText.escape(text) == escaped)
        let page: HTMLText = "<p>\(text)</p>"
        #expect(page.source == "<p>\(escaped)</p>")
    }

    @Test func whatIsHTMLStaysHTML() {
        let inner: HTMLText = "<b>\("<i>")</b>"
        let outer: HTMLText = "<p>\(inner)\(7)</p>"
        #expect(outer.source == "<p><b>&lt;i&gt;</b>7</p>")
    }
}
