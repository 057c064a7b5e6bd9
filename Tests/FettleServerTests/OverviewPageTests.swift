import Testing

@testable import FettleServer

@Suite struct OverviewPageTests {
    /// What hosts and people wrote stands in the page as text.
    @Test(arguments: [
        ("<script>", "&lt;script&gt;"), ("<\u{301}img>\u{301}", "&lt;\u{301}img&gt;\u{301}"),
        ("\"'&", "&quot;&#39;&amp;"), ("a\u{1b}[2J\r\n", "a\u{fffd}[2J\u{fffd}\u{fffd}"),
    ])
    func whatCameFromOutsideIsText(text: String, escaped: String) {
        #expect(OverviewPage.escape(text) == escaped)
    }
}
