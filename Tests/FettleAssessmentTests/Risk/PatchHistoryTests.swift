import FettleAssessment
import FettleModel
import Foundation
import Testing

@Suite("This fleet's own history of patches")
struct PatchHistoryTests {
    private static let now = Timestamp(milliseconds: 1_790_000_000_000)
    private static let transaction = PackageTransaction(
        manager: .dpkg, purpose: .patch,
        changes: [
            PackageChange(name: "libssl3", architecture: "amd64", from: "3.0.20", to: "3.0.22"),
            PackageChange(name: "openssl", architecture: "amd64", from: "3.0.20", to: "3.0.22"),
            PackageChange(name: "zlib1g", architecture: "amd64", from: "1.2", to: "1.3"),
        ], conffiles: .keepCurrent, downloadBytes: 0)

    private static func step(_ host: String, _ name: String, _ action: StepAction) -> Step {
        Step(
            id: StepID("\(host)/\(name)"), resource: ResourceID(host), wave: 0, action: action, after: [],
            availability: .none, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 2), timeoutSeconds: 9)
    }

    private static let plan = Plan(
        id: "plan-1", title: "t", selection: StageReference(id: "s", digest: Digest(rawValue: "0")), createdAt: now,
        environments: [], targets: [], groups: [],
        steps: ["a", "b"].flatMap { host in
            let nothing = HostExpectation(packages: [])
            return [
                step(host, "preflight", .preflight(expectation: nothing, probes: [])),
                step(host, "patch", .changePackages(transaction: transaction)), step(host, "gate", .gate(probes: [])),
                step(host, "verify", .verify(expectation: nothing)), step(host, "bring-back", .bringBack),
            ]
        }, rollback: [], limits: PlanLimits())

    private static let findings: FindingSet = {
        let finding = Finding(
            id: "a/openssl/3.0.22", resource: "a", source: "openssl", packages: ["libssl3", "openssl"],
            installed: "3.0.20", fixed: "3.0.22", updateClass: .security, advisories: [], state: .missing, owner: .us,
            outcome: .scheduled, dueAt: nil, explanation: [], isOffered: true, isHeld: false)
        return FindingSet(
            id: "f", facts: StageReference(id: "x", digest: Digest(rawValue: "0")), assessedAt: now, feeds: .none,
            findings: [finding], notJudged: [])
    }()

    private func trials(_ events: [RunEvent]) -> [PatchHistory.Trial] {
        let journal = events.enumerated().map { JournalRecord(sequence: $0 + 1, epoch: 1, at: Self.now, event: $1) }
        return PatchHistory.trials(plan: Self.plan, journal: journal, findings: Self.findings)
    }

    private func done(_ steps: String...) -> [RunEvent] {
        steps.map { step in
            .stepDone(
                step: StepID(step), attempt: 1,
                observation: Observation(verdict: .pass, summary: "", observedAt: Self.now))
        }
    }

    private func failed(_ step: String, _ code: StepFailure.Code, attempt: Int = 1) -> RunEvent {
        .stepFailed(step: StepID(step), attempt: attempt, failure: StepFailure(code: code, message: "m"))
    }

    @Test("A host whose new code was verified is one success for each source it patched")
    func success() {
        let all = trials(done("a/preflight", "a/patch", "a/gate", "a/verify", "a/bring-back"))
        #expect(
            all == [
                .init(package: "openssl", kind: .securityUpdate, failed: false),
                .init(package: "zlib1g", kind: .otherUpdate, failed: false),
            ])
    }

    @Test("A gate that fails after the patch is a failure, and so is a broken package or a quarantine")
    func failures() {
        #expect(trials(done("a/patch") + [failed("a/gate", .unhealthy)]).map(\.failed) == [true, true])
        #expect(trials([failed("a/patch", .packageManager)]).map(\.failed) == [true, true])
        #expect(
            trials(done("a/patch", "a/gate", "a/verify") + [failed("a/bring-back", .unreachable)]).map(\.failed) == [
                true, true,
            ])
        let entry = QuarantineEntry(
            resource: "a", run: "r", reason: "m", owner: "alice", since: Self.now, deadline: Self.now, obligations: [])
        #expect(trials(done("a/patch") + [.quarantined(entry: entry)]).map(\.failed) == [true, true])
    }

    @Test("An attempt that failed and was made good by the next is no failure")
    func retries() {
        let events = [failed("a/patch", .timeout)] + done("a/patch", "a/gate", "a/verify")
        #expect(trials(events).map(\.failed) == [false, false])
    }

    @Test("What was never begun, or barred before anything changed, counts neither way")
    func neither() {
        #expect(trials([]).isEmpty)
        #expect(trials([failed("a/preflight", .drift)]).isEmpty)
        for code in [StepFailure.Code.locked, .drift, .noSpace, .refused] {
            #expect(trials([failed("a/patch", code)]).isEmpty)
        }
        #expect(trials(done("a/patch")).isEmpty, "stopped because of another host")
    }

    @Test("Hosts count by themselves, and runs add up")
    func adding() {
        var history = PatchHistory(
            trials(done("a/patch", "a/verify", "b/patch") + [failed("b/gate", .unhealthy)]))
        // Of host b there is no finding: the package's own name stands for its source.
        #expect(history.record(of: "openssl", .securityUpdate).successes == 1)
        #expect(history.record(of: "openssl", .otherUpdate).failures == 1)
        history.add(trials(done("a/patch", "a/verify")))
        #expect(history.record(of: "openssl", .securityUpdate).successes == 2)
        #expect(history.record(of: "nginx", .securityUpdate) == .init(package: "nginx", kind: .securityUpdate))
        #expect(
            history.records
                == history.records.sorted { ($0.package, $0.kind.rawValue) < ($1.package, $1.kind.rawValue) })
    }

    @Test("What is read back is in order and whole, whatever a file holds")
    func reading() throws {
        let text = """
            {"records": [{"package": "b", "kind": "kernel", "successes": 9223372036854775807, "failures": -3},
            {"package": "a", "kind": "restart", "successes": 1, "failures": 2},
            {"package": "b", "kind": "kernel", "successes": 1, "failures": 1}]}
            """
        let history = try JSONDecoder().decode(PatchHistory.self, from: Data(text.utf8))
        #expect(
            history.records == [
                .init(package: "a", kind: .restart, successes: 1, failures: 2),
                .init(package: "b", kind: .kernel, successes: .max, failures: 1),
            ])
        #expect(history.record(of: "b", .kernel).failures == 1)
        #expect(try JSONDecoder().decode(PatchHistory.self, from: JSONEncoder().encode(history)) == history)
    }
}
