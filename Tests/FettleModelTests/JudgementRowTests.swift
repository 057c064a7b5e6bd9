import FettleModel
import Testing

@Suite struct JudgementRowTests {
    private let rows = (0..<40).map { number in
        JudgementRow(
            subject: "unit-\(number).service: memory", patched: "\(number) KiB/min", control: "0 KiB/min",
            figure: "lower bound above 0", verdict: "fail")
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        #expect(JudgementRow.rows(in: JudgementRow.text(of: rows, limit: 64_000)) == rows)
        #expect(JudgementRow.rows(in: JudgementRow.text(of: [])) == [])
    }

    @Test func aTextThatIsNoTableIsNone() {
        for text in ["", "dpkg: error", "compared", "a | b | c | d | e"] { #expect(JudgementRow.rows(in: text) == nil) }
    }

    @Test func aTableNeverGrowsBeyondItsLimitAndTellsHowMuchIsLeftOut() throws {
        let text = JudgementRow.text(of: rows, limit: 1_000)
        #expect(text.utf8.count <= 1_000)
        let kept = try #require(JudgementRow.rows(in: text))
        #expect(!kept.isEmpty && kept == Array(rows.prefix(kept.count)))
        #expect(text.hasSuffix("and \(rows.count - kept.count) more"))
    }

    @Test func noPartCanBecomeAnotherLineOrColumn() throws {
        let hostile = JudgementRow(
            subject: "a | b\nc", patched: "|", control: "\u{2028}x", figure: "\r\n", verdict: "pass")
        let read = try #require(JudgementRow.rows(in: JudgementRow.text(of: [hostile])))
        #expect(read.count == 1)
        #expect(read[0].verdict == "pass")
    }
}
