import FettleFeeds
import FettleIndex
import Foundation
import Testing

@Suite("EPSS scores")
struct EPSSTests {
    private let scores = "CVE-2020-5902,0.96817,0.99999\nCVE-2018-19571,0.17187,0.93112\n"
    private let comment = "#model_version:v2022.01.01,score_date:2022-02-04T00:00:00+0000\n"

    @Test("All three shapes that the files have had are read, each score with its day")
    func shapes() throws {
        let bare = "cve,epss\nCVE-2020-5902,0.65117\n"
        let withPercentile = "cve,epss,percentile\n" + scores
        for (text, name, day, percentile) in [
            (bare, "feeds/epss_scores-2021-04-14.csv", "2021-04-14T00:00:00Z", nil as Double?),
            (withPercentile, "epss_scores-2021-09-01.csv.gz", "2021-09-01T00:00:00Z", 0.99999),
            (comment + withPercentile, "today.csv", "2022-02-04T00:00:00Z", 0.99999),
        ] {
            #expect(EPSSFormat.recognises(Data(text.utf8)))
            let result = try EPSSFormat.read(text, name: name)
            let first = try #require(result.weaknesses.first)
            #expect(first.id == "CVE-2020-5902")
            #expect(first.prediction?.percentile == percentile)
            #expect(first.prediction?.scoredAt == time(day))
            #expect(first.exploited == nil)
            #expect(result.newest == time(day))
            #expect(result.skipped.isEmpty)
        }
    }

    @Test("A score without a day means nothing: such a file is refused")
    func withoutDay() {
        let message = EPSSFormat.refusal("cve,epss\nCVE-2020-5902,0.65117\n", name: "scores.csv")
        #expect(message?.contains("epss_scores-YYYY-MM-DD") == true)
        #expect(
            EPSSFormat.refusal("#model_version:1\ncve,epss,percentile\n" + scores)?.contains("score_date") == true
        )
    }

    @Test("A row that is no CVE with scores of 0 to 1 is skipped by name")
    func malformed() throws {
        let rows = [
            "CVE-2020-1000,1.5,0.5", "CVE-2020-1001,nan,0.5", "CVE-2020-1002,0.5", "CVE-2020-1003,0x1p-3,0.5",
            "text,0,0",
            "CVE-2020-1004,-0.1,0", "CVE-2020-1005,0.5,0.5,9", "CVE-2020-1006,1e-5,1",
        ]
        let result = try EPSSFormat.read(comment + "cve,epss,percentile\r\n" + rows.joined(separator: "\r\n"))
        #expect(result.weaknesses.map(\.id) == ["CVE-2020-1006"])
        #expect(result.weaknesses[0].prediction?.probability == 0.00001)
        #expect(
            result.skipped.map(\.record)
                == rows.dropLast().enumerated().map { "line \($0.offset + 3), \($0.element)\r" })
    }

    @Test("Any bytes are read or refused, never fatal", arguments: [1, 2, 3] as [UInt64])
    func broken(seed: UInt64) {
        EPSSFormat.survivesDamage(comment + "cve,epss,percentile\n" + scores, seed: seed)
    }
}
