import FettleModel
import FettleReporting
import Foundation
import Testing

@Suite struct DocumentPageTests {
    @Test func whatComesFromOutsideIsNoMarkup() {
        let page = DocumentPage.html(DocumentSample.document(text: DocumentSample.hostile))
        #expect(!page.contains("<script"))
        #expect(!page.contains("\u{1b}"))
        #expect(page.contains("&lt;script&gt;"))
        let attributes = page.components(separatedBy: "aria-label=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
        #expect(attributes.contains { $0.contains("&lt;script&gt;") }, "the words of a drawing stand in an attribute")
    }

    @Test func aPageLoadsNothingAndSaysSo() {
        let page = DocumentPage.html(DocumentSample.document())
        #expect(page.contains("default-src 'none'"))
        for word in ["http://", "https://", "src=", "url(", "@import", "<link", "<script"] {
            #expect(!page.contains(word), "\(word)")
        }
    }

    @Test func aPageOfALargeFleetStaysAPageAndSaysWhatItLeavesOut() {
        let page = DocumentPage.html(DocumentSample.document(rows: 100_000))
        #expect(page.components(separatedBy: "<tr>").count - 1 == ReportTable.shownRows + 1)
        #expect(page.contains("200 of 100000 rows"))
        #expect(page.utf8.count < 200_000)
    }

    @Test func rowsThatAreNotShownAreNotMade() {
        let asked = Asked()
        var document = DocumentSample.document()
        document.tables = [
            ReportTable("t", title: "T", columns: [.init("a", "A")], count: 1_000_000, shown: 3) { place in
                asked.note(place)
                return [.count(place)]
            }
        ]
        _ = DocumentPage.html(document)
        #expect(asked.places == [0, 1, 2])
    }

    private final class Asked: @unchecked Sendable {
        private let lock = NSLock()
        private var asked: [Int] = []
        var places: [Int] { lock.withLock { asked } }
        func note(_ place: Int) { lock.withLock { asked.append(place) } }
    }

    @Test func nothingIsSaidInsteadOfAnEmptyTable() {
        let page = DocumentPage.html(DocumentSample.document())
        #expect(page.contains("<h2>Nothing here</h2><p>None.</p>"))
    }

    /// Whoever does not see a drawing is told its numbers.
    @Test func everyDrawingSaysItsNumbers() {
        let page = DocumentPage.html(DocumentSample.document())
        #expect(
            page.contains(
                "aria-label=\"By environment. dev: overdue 0, in time 40; web-1: overdue 12, in time not known\""))
        #expect(page.contains("09-08: open not known, overdue 1"))
    }

    @Test(arguments: [0, 1, 3, 4, 5, 39, 40, 41, 1_000_001, 1 << 40])
    func aScaleReachesWhatItShowsInFourEvenSteps(most: Int) {
        var document = DocumentSample.document()
        document.charts = [ReportChart("c", .lines, labels: ["a", "b"], series: [.init("s", .bad, [most, 1])])]
        let page = DocumentPage.html(document)
        let ticks = page.matches(of: #/class="label soft">(\d+)</#).compactMap { Int($0.1) }
        #expect(ticks.count == 5)
        #expect(ticks[0] == 0 && ticks[4] >= most)
        #expect(ticks[1] * 4 == ticks[4])
    }

    @Test func aChartWithoutAnythingIsLeftOut() {
        var document = DocumentSample.document()
        document.charts = [ReportChart("Nothing to see", .bars, labels: ["a"], series: [.init("s", .bad, [0])])]
        #expect(!DocumentPage.html(document).contains("Nothing to see"))
    }
}
