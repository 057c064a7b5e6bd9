import FettleModel
import FettleReporting
import FettleSpreadsheets
import FettleTestSupport
import Foundation
import Testing

/// The report of a run in each of its forms, byte for byte: one host was patched and not asked again, on one a gate failed, one is gone, one
/// was never come to. `FETTLE_WRITE_GOLDENS=1` writes the files anew, and their difference is reviewed.
@Suite struct RunGoldenTests {
    private static let start = Timestamp(milliseconds: 1_790_000_000_000)
    private static let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Goldens")

    private func expect(_ text: String, equals name: String) throws {
        let file = Self.folder.appending(path: name)
        if ProcessInfo.processInfo.environment["FETTLE_WRITE_GOLDENS"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(text == (try String(contentsOf: file, encoding: .utf8)), "\(name)")
    }

    private static func events(_ plan: Plan) -> [RunEvent] {
        var events: [RunEvent] = [
            .started(
                change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "a")), by: "alice")
        ]
        var failed: Set<ResourceID> = []
        for step in plan.steps where step.resource != "web-4" && !failed.contains(step.resource) {
            let isGate = step.action.name == "gate"
            events.append(.stepIntended(step: step.id, attempt: 1, prior: nil))
            if isGate, step.resource == "web-2" {
                let failure = StepFailure(code: .unhealthy, message: "healthz: 503", output: "")
                events.append(.stepFailed(step: step.id, attempt: 1, failure: failure))
                failed.insert(step.resource)
                continue
            }
            if isGate, step.resource == "web-3" {
                events.append(.stepSkipped(step: step.id, by: "alice", reason: "=looked at by hand"))
                continue
            }
            events.append(
                .stepDone(
                    step: step.id, attempt: 1,
                    observation: Observation(
                        verdict: .pass, summary: isGate ? "healthz: passed 3 times" : "done", observedAt: Self.start)))
        }
        return events + [.ended(outcome: .failed(reason: "web-2: healthz: 503"))]
    }

    private static let report: RunReport = {
        let plan = RollingPlan.plan(size: 4, lanes: 1)
        let reference = StageReference(id: "plan-1", digest: Digest(rawValue: String(repeating: "a", count: 64)))
        let change = Change(
            id: "change-1", plan: reference, kind: .normal, reason: "October's updates", requestedBy: "alice",
            requestedAt: start, rule: ApprovalRule(approvals: 1, requesterMayApprove: false),
            votes: [
                .init(
                    person: "bob", approves: true, digest: reference.digest, at: start, note: "fine",
                    isOwnChange: false)
            ])
        let findings = FindingSet(
            id: "findings-1", facts: reference, assessedAt: start, feeds: .none, findings: [], notJudged: [])
        let after = FactSet(
            id: "facts-2", observedAt: start.adding(seconds: 900),
            hosts: [
                .nothingObserved(
                    of: "web-3", at: start, reachability: .unreachable(reason: "no route"), reason: "no route")
            ])
        return RunReport(
            Evidence(
                run: "run-1", change: change, plan: plan,
                before: FactSet(id: "facts-1", observedAt: start, hosts: []), after: after, findingsBefore: findings,
                findingsAfter: nil,
                journal: events(plan).enumerated().map {
                    JournalRecord(sequence: $0 + 1, epoch: 1, at: start.adding(seconds: $0), event: $1)
                }))
    }()

    private static let document = RunDocument.make(report, at: start.adding(seconds: 3_600))

    @Test func hostsThatWereNotReachedAndGatesAreTablesOfTheirOwn() throws {
        let tables = Dictionary(uniqueKeysWithValues: Self.document.tables.map { ($0.name, $0) })
        let unreached = try #require(tables["unreached"])
        let words = (0..<unreached.count).map { unreached.row($0).map(\.words) }
        #expect(words.map { $0[0] } == ["web-1", "web-2", "web-3", "web-4"])
        #expect(words.map { $0[2] } == ["not observed", "not observed", "unreachable", "not observed"])
        // web-4 was never come to.
        #expect(words.map { Array($0[4...]) }[3] == ["", "", ""])
        let gates = try #require(tables["gates"])
        let verdicts = (0..<gates.count).map { (gates.row($0)[1].words, gates.row($0)[4].words) }
        #expect(verdicts.map(\.0) == ["web-1", "web-2", "web-3"])
        #expect(verdicts.map(\.1) == ["pass", "failed", "skipped"])
    }

    @Test func thePage() throws { try expect(HTMLReport.page(Self.report) + "\n", equals: "run.html") }

    @Test func theJSON() throws {
        let text = try DocumentSample.text { try DocumentJSON.write(Self.document, to: $0) }
        try expect(text, equals: "run.json")
        try expect(
            String(decoding: try CanonicalJSON.encode(Self.report), as: UTF8.self) + "\n", equals: "run-report.json")
    }

    /// All tables, each behind its name.
    @Test func theCSV() throws {
        let parts = try Self.document.tables.map { table in
            "\(table.name).csv\r\n" + (try DocumentSample.text { try DocumentCSV.write(table, to: $0) })
        }
        try expect(parts.joined(separator: "\r\n"), equals: "run.csv")
    }

    /// Read back as another program reads it, a line for each row.
    @Test func theWorkbook() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString).xlsx")
        defer { try? FileManager.default.removeItem(at: file) }
        try DocumentWorkbook.write(Self.document, path: file.path)
        var text = ""
        for table in Self.document.tables {
            text += "[\(table.name)]\n"
            for row in try WorkbookReader.rows(path: file.path, sheet: table.name) {
                text += row.map(\.text).joined(separator: " | ") + "\n"
            }
        }
        try expect(text, equals: "run.xlsx.txt")
    }
}
