import ArgumentParser
import FettleAssessment
import FettleControl
import FettleFeedSync
import FettleModel
import FettleReporting
import Foundation
import Testing

@testable import FettleCommands

/// docs/output.md against the code: the JSON of each example is read into the value that the command answers with and written again,
/// and its columns and its CSV are made from that. `FETTLE_WRITE_GOLDENS=1` writes them anew, and the difference is reviewed.
@Suite struct OutputPageTests {
    private static let page = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/output.md")

    /// What a command answers with, made from JSON: that JSON as the command writes it, and its lines.
    private typealias Sample = @Sendable (Data) throws -> (json: String, table: ReportTable)

    private static func sample<Answer: Codable & Sendable>(
        _ type: Answer.Type, _ table: @escaping @Sendable (Answer) -> ReportTable
    ) -> Sample {
        { data in
            let answer = try CanonicalJSON.decode(type, from: data)
            return (String(decoding: try CanonicalJSON.pretty(answer), as: UTF8.self), table(answer))
        }
    }

    private static let samples: [String: Sample] = [
        "waiver list": sample([WaiverLine].self) { ListAnswer.waivers($0) },
        "compliance": sample(ComplianceReport.self) { ListAnswer.compliance($0) },
        "policy show": sample(PolicyAdherence.self) { ListAnswer.policy($0) },
        "responsibility show": sample(ResponsibilityShow.Answer.self) { ListAnswer.responsibility($0.matrix) },
        "responsibility evidence list": sample([ObligationEvidence].self) { ListAnswer.evidence($0) },
        "baseline show": sample(BaselineSurvey.self) { ListAnswer.baselines($0) },
        "baseline diff": sample(BaselineDiff.Answer.self) { ListAnswer.drift($0.drift) },
        "risk": sample([RiskLedger].self) { ListAnswer.risks($0) },
        "explain": sample(Explain.Answer.self) { ListAnswer.explanation($0) },
        "run list": sample([OverviewService.RunLine].self) { ListAnswer.runs($0) },
        "feeds status": sample([FeedStatus].self) { ListAnswer.feeds($0) },
        "cvss": sample(CVSSCommand.Answer.self) { ListAnswer.scores($0) },
        "version compare": sample(Comparison.self) { ListAnswer.comparisons([(nil, nil, $0)]) },
    ]

    private static func csv(_ table: ReportTable) throws -> String {
        var bytes: [UInt8] = []
        try DocumentCSV.write(table) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n")
    }

    /// The part of the page behind a heading of this level, up to the next one.
    private static func sections(_ text: String) -> [(command: String, body: String)] {
        text.components(separatedBy: "\n### `fettle ").dropFirst().map { part in
            let command = String(part.prefix { $0 != "`" })
            return (command, String(part.dropFirst(command.count + 1)))
        }
    }

    private static func block(_ language: String, in body: String) -> Substring? {
        guard let begin = body.firstRange(of: "```\(language)\n"),
            let end = body[begin.upperBound...].firstRange(of: "```")
        else { return nil }
        return body[begin.upperBound..<end.lowerBound]
    }

    /// The body with columns, JSON and CSV as the code has them; what people wrote stays.
    private static func made(_ body: String, _ sample: Sample) throws -> String {
        let json = try #require(block("json", in: body), "no example")
        let (text, table) = try sample(Data(json.utf8))
        let words = body.components(separatedBy: "\n| column |")[0].components(separatedBy: "\n```")[0]
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let rows = table.columns.map { "| `\($0.name)` | \($0.title) |" }.joined(separator: "\n")
        return """


            \(words)

            | column | |
            |---|---|
            \(rows)

            ```json
            \(text)
            ```

            ```csv
            \(try csv(table))```

            """
    }

    @Test func theExamplesAreWhatTheCommandsAnswer() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let sections = Self.sections(text)
        #expect(Set(sections.map(\.command)) == Set(Self.samples.keys))
        var made = text
        for (command, body) in sections {
            let sample = try #require(Self.samples[command], "\(command)")
            let expected = try Self.made(body, sample)
            if body.trimmingCharacters(in: .newlines) != expected.trimmingCharacters(in: .newlines) {
                Issue.record("docs/output.md: `fettle \(command)` answers otherwise, such as\n\(expected)")
            }
            made = made.replacing(body, with: expected)
        }
        if ProcessInfo.processInfo.environment["FETTLE_WRITE_GOLDENS"] == "1" {
            try made.trimmingCharacters(in: .newlines).appending("\n").write(
                to: Self.page, atomically: true, encoding: .utf8)
        }
    }

    /// What the compiler calls a value without a name is no name to rely on.
    @Test func noNameIsTheCompilers() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(text.firstMatch(of: /"_[0-9]+"/) == nil)
        for (command, body) in Self.sections(text) {
            let sample = try #require(Self.samples[command], "\(command)")
            let json = try #require(Self.block("json", in: body), "\(command)")
            let table = try sample(Data(json.utf8)).table
            #expect(Set(table.columns.map(\.name)).count == table.columns.count, "\(command)")
            #expect(table.columns.allSatisfy { $0.name.wholeMatch(of: /[a-z][A-Za-z0-9]*/) != nil }, "\(command)")
            #expect(table.count > 0, "\(command) has an example of its lines")
        }
    }

    @Test func everyCommandThatAnswersWithLinesStandsOnThePage() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        func names(_ command: any ParsableCommand.Type, _ path: [String]) -> [String] {
            command.configuration.subcommands.flatMap { sub -> [String] in
                let name = path + [sub.configuration.commandName ?? String(describing: sub).lowercased()]
                return (sub is any ListAnswering.Type ? [name.joined(separator: " ")] : []) + names(sub, name)
            }
        }
        let found = names(FettleCommand.self, [])
        #expect(found.count > 15)
        for name in found { #expect(text.contains("`fettle \(name)`"), "\(name)") }
    }
}
