import FettleModel
import FettleReporting
import FettleTestSupport
import Testing

/// What keeps a run whose steps have all succeeded from having succeeded.
@Suite struct ShortfallTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    /// web-1 and web-2 were to go from openssl 1 to 2.
    private func evidence(
        _ versions: [ResourceID: String], events: [RunEvent]? = nil, platforms: [ResourceID: String] = [:]
    ) -> Evidence {
        let plan = RollingPlan.plan(size: 2, lanes: 1)
        let digest = Digest(rawValue: String(repeating: "a", count: 64))
        let reference = StageReference(id: plan.id.rawValue, digest: digest)
        let change = Change(
            id: "change-1", plan: reference, kind: .normal, reason: "", requestedBy: "alice", requestedAt: Self.start,
            rule: ApprovalRule(approvals: 1, requesterMayApprove: false))
        func facts(_ version: (ResourceID) -> String?) -> FactSet {
            FactSet(
                id: "facts-1", observedAt: Self.start,
                hosts: plan.targets.compactMap { target in
                    guard let version = version(target.resource) else { return nil }
                    var host = FactSample.host(
                        target.resource, packages: [FactSample.package("openssl", version)], at: Self.start)
                    if let name = platforms[target.resource], var platform = host.platform.value {
                        platform.version = name
                        host.platform = .observed(platform)
                    }
                    return host
                })
        }
        let done = plan.steps.map { step -> RunEvent in
            .stepDone(
                step: step.id, attempt: 1,
                observation: Observation(verdict: .pass, summary: "", observedAt: Self.start))
        }
        let findings = FindingSet(
            id: "findings-1", facts: reference, assessedAt: Self.start, feeds: .none, findings: [], notJudged: [])
        return Evidence(
            run: "run-1", change: change, plan: plan, before: facts { _ in "1" }, after: facts { versions[$0] },
            findingsBefore: findings, findingsAfter: findings,
            journal: (events ?? done).enumerated().map { number, event in
                JournalRecord(sequence: number + 1, epoch: 1, at: Self.start, event: event)
            })
    }

    private func shortfalls(_ evidence: Evidence, closing: Set<FindingID> = []) -> [String] {
        RunReport.shortfalls(of: evidence, closing: closing)
    }

    @Test func whatIsAsPlannedHasNone() {
        #expect(shortfalls(evidence(["web-1": "2", "web-2": "2"])) == [])
    }

    /// Their own steps have proven them, and what became of them since nobody knows.
    @Test func aHostThatWasNotSeenAfterwardsIsOne() {
        #expect(shortfalls(evidence(["web-1": "2"])) == ["nothing was seen of web-2"])
        var gone = evidence(["web-1": "2", "web-2": "2"])
        gone.after?.hosts[1].reachability = .unreachable(reason: "no route")
        #expect(shortfalls(gone) == ["web-2 does not answer any more"])
    }

    /// As the plan's own look at the host asks it: a unit that was started from the old file again, a reboot that is asked for since.
    @Test func aHostThatRunsOldCodeAgainIsOneWhereThePlanAsksForNone() {
        var seen = evidence(["web-1": "2", "web-2": "2"])
        seen.after?.hosts[0].staleServices = .observed([
            StaleService(unit: "orders.service", processIDs: [7], files: ["/usr/lib/libssl.so.3"]),
            StaleService(unit: "user@0.service", processIDs: [8], files: ["/usr/lib/libssl.so.3"]),
            StaleService(unit: "", processIDs: [9], files: ["/usr/lib/libssl.so.3"]),
            StaleService(unit: "session-1.scope", processIDs: [10], files: ["/usr/lib/libssl.so.3"]),
        ])
        seen.after?.hosts[1].rebootRequired = .observed(RebootRequirement(isRequired: true))
        let steps = seen.plan.steps
        func ask(services: [String]?, reboot: Bool) {
            let expectation = HostExpectation(
                packages: [], noStaleServicesExcept: services, noRebootPending: reboot)
            seen.plan.steps = steps
            for host in seen.plan.targets.map(\.resource) {
                guard var step = steps.first(where: { $0.resource == host }) else { continue }
                (step.id, step.action) = (StepID("\(host)/verify"), .verify(expectation: expectation))
                seen.plan.steps.append(step)
            }
        }
        ask(services: ["user@*"], reboot: true)
        #expect(shortfalls(seen) == ["on web-1 orders.service runs replaced code", "web-2 needs a reboot"])
        // A policy that forbids restarts and reboots leaves both on purpose.
        ask(services: nil, reboot: false)
        #expect(shortfalls(seen) == [])
    }

    @Test func aHostThatSomebodyTookBackMeanwhileIsOne() {
        let found = shortfalls(evidence(["web-1": "1", "web-2": "2"]))
        #expect(found.first == "on web-1 openssl is at 1 instead of 2")
        #expect(found.contains("in group web openssl is at 1 and 2"))
        #expect(shortfalls(evidence(["web-1": "3", "web-2": "2"])).first == "on web-1 openssl is at 3 instead of 2")
    }

    @Test func membersOfOtherPlatformsHaveVersionsOfTheirOwn() {
        let seen = evidence(["web-1": "1", "web-2": "2"], platforms: ["web-1": "11"])
        #expect(!shortfalls(seen).contains { $0.hasPrefix("in group") })
    }

    @Test func whatAPersonSkippedIsNone() {
        let skipped: [RunEvent] = [.stepSkipped(step: "web-1/preflight", by: "bob", reason: "later")]
        let seen = evidence(["web-1": "1", "web-2": "2"], events: skipped)
        #expect(!shortfalls(seen).contains { $0.contains("web-1") })
    }

    @Test func aFindingThatWasToBeClosedAndIsNotIsOne() {
        var seen = evidence(["web-1": "2", "web-2": "2"])
        func finding(_ state: InstallState) -> Finding {
            Finding(
                id: "web-1/openssl/2", resource: "web-1", source: "openssl", packages: ["openssl"], installed: "1",
                fixed: "2", updateClass: .security, advisories: [], state: state, owner: .us, outcome: .scheduled,
                dueAt: nil, explanation: [], isOffered: true, isHeld: false)
        }
        seen.findingsAfter?.findings = [finding(.missing)]
        #expect(shortfalls(seen) == [], "it was not this run's")
        #expect(shortfalls(seen, closing: ["web-1/openssl/2"]) == ["on web-1 openssl still needs 2"])
        // Selected, and not in the plan: one side of a pair.
        var other = finding(.missing)
        (other.id, other.resource) = ("web-9/openssl/2", "web-9")
        seen.findingsAfter?.findings = [other]
        #expect(shortfalls(seen, closing: ["web-9/openssl/2"]) == [])
        // Its boot loader fell back to what it had before: the host asks for no reboot, and the earlier kernel runs.
        var fallen = evidence(["web-1": "2", "web-2": "2"])
        fallen.findingsAfter?.findings = [finding(.installedPendingReboot)]
        if var step = fallen.plan.steps.first(where: { $0.resource == "web-1" }) {
            step.id = "web-1/verify"
            step.action = .verify(expectation: HostExpectation(packages: [], noRebootPending: true))
            fallen.plan.steps.append(step)
        }
        #expect(
            shortfalls(fallen, closing: ["web-1/openssl/2"]) == ["on web-1 openssl runs as it was before its reboot"])
        // A restart that policy forbids leaves it open on purpose.
        seen.findingsAfter?.findings = [finding(.installedPendingRestart)]
        #expect(shortfalls(seen, closing: ["web-1/openssl/2"]) == [])
    }

    /// An auditor must not read that the run did what somebody else had done.
    @Test func aHostThatWasAsPlannedWithoutTheRunIsNotCalledPatched() {
        let seen = evidence(["web-1": "2", "web-2": "2"], events: [])
        #expect(RunReport(seen).hosts.map(\.verdict) == [.already, .already])
        #expect(RunReport(evidence(["web-1": "2", "web-2": "2"])).hosts.map(\.verdict) == [.patched, .patched])
    }
}
