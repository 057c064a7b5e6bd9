import FettleControl
import FettleDriverKit
import FettleModel
import FettleStore
import FettleTestSupport
import Synchronization
import Testing

/// I6, I7: a host that had to stay out comes back only when it is proven, whatever a person says.
@Suite struct QuarantineServiceTests {
    let store = InMemoryStore()
    private let time = Timestamp(milliseconds: 5_000)

    /// `web-1` stands in quarantine after a run of a plan with gates and verifications.
    private func settle(
        _ host: ScriptedHost, verifies: Bool = true, isRemoved: Bool = false, isRejected: Bool = false,
        isEmptied: Bool = false, note: String = "mended"
    ) async throws -> QuarantineService.Settlement {
        var plan = Self.plan(verifies: verifies)
        if isRejected { plan.steps.append(Self.watch) }
        if isEmptied { plan.steps += Self.moves }
        let reference = try await StageKeeper(store: store).keep(plan, as: .plan, id: plan.id.rawValue, at: time)
        let change = Change(
            id: "change-1", plan: reference, kind: .normal, reason: "", requestedBy: "alice", requestedAt: time,
            rule: ApprovalRule(approvals: 0, requesterMayApprove: true), run: "run-1")
        try await StageKeeper(store: store).keep(change, as: .change, id: "change-1", at: time)
        try await store.createRun("run-1", change: "change-1", at: time)
        if isRejected { try await rejectTheVersion() }
        let obligation = Obligation(
            run: "run-1", step: "web-1/drain", resource: "web-1", traffic: plan.groups[0].traffic ?? Self.nowhere,
            prior: PriorState(alreadySo: false, details: [:]), since: time)
        let entry = QuarantineEntry(
            resource: "web-1", run: "run-1", reason: "its gate doesn't pass", owner: "alice", since: time,
            deadline: time, obligations: [obligation])
        if isEmptied {
            let isOn = PriorState(alreadySo: false, details: ["scheduling": "on"])
            try await journal([
                .stepIntended(step: "web-1/evacuate", attempt: 1, prior: isOn),
                .stepDone(
                    step: "web-1/evacuate", attempt: 1,
                    observation: Observation(verdict: .pass, summary: "empty", observedAt: time)),
                .quarantined(entry: entry),
            ])
        }
        try await store.quarantine(entry)
        let tools = Tools(
            inspector: NoFacts(), resolver: NoAnswers(), drivers: host, observer: NoMembers(), now: { [time] in time })
        return try await QuarantineService(store: store, tools: tools).settle(
            "web-1", by: "alice", note: note, isRemoved: isRemoved)
    }

    /// The watch over `web-1` failed: it leaks, say, of which no probe tells.
    private func rejectTheVersion() async throws {
        try await journal([
            .stepFailed(
                step: "wave-0/bake", attempt: 1, failure: StepFailure(code: .unhealthy, message: "memory grows"))
        ])
    }

    private func journal(_ what: [RunEvent]) async throws {
        let claim = try await store.claim("run-1", executor: "one", at: time, leaseSeconds: 60, takeOver: false)
        let plan = StageReference(id: "plan-1", digest: Digest(rawValue: "00"))
        let events: [RunEvent] = [
            .started(change: "change-1", plan: plan, by: "alice"), .claimed(executor: "one"),
        ]
        let records = (events + what).enumerated().map { number, event in
            JournalRecord(sequence: number + 1, epoch: claim.epoch, at: time, event: event)
        }
        try await store.append(records, to: "run-1")
    }

    private static let watch = Step(
        id: "wave-0/bake", resource: "web-1", wave: 0,
        action: .bake(seconds: 1, resources: ["web-1"], probes: []), after: [], availability: .none,
        rollbackClass: .nothingToUndo, estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 1), timeoutSeconds: 10)

    /// A machine of `web-1`, away and home again.
    private static let moves: [Step] = {
        let move = MachineMove(
            machine: "vm-1", resource: nil, from: "web-1", to: "web-2", memoryMebibytes: 1_024, processors: 1)
        let actions: [(String, StepAction, [StepID])] = [
            ("evacuate", .evacuate(moves: [move], staying: nil), []),
            ("bring-home", .bringHome(moves: [move.reversed]), ["web-1/evacuate"]),
        ]
        return actions.map { name, action, after in
            Step(
                id: StepID("web-1/\(name)"), resource: "web-1", wave: 0, action: action, after: after,
                availability: .none, rollbackClass: .nothingToUndo,
                estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 1), timeoutSeconds: 10)
        }
    }()

    private static let nowhere = TrafficBinding(driver: "", via: "", endpoint: "", backend: "")

    private static func plan(verifies: Bool) -> Plan {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        guard verifies else { return plan }
        plan.steps.append(verification("web-1/verify", version: "2"))
        plan.rollback.append(verification("web-1/rollback/verify", version: "1"))
        return plan
    }

    private static func verification(_ id: StepID, version: String) -> Step {
        let package = PackageVersion(name: "openssl", architecture: "amd64", version: version)
        return Step(
            id: id, resource: "web-1", wave: 0, action: .verify(expectation: HostExpectation(packages: [package])),
            after: [], availability: .requiresOut, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 1), timeoutSeconds: 10)
    }

    @Test(arguments: [("2", "planned"), ("1", "earlier")])
    func aHostAtOneOfTheApprovedStatesComesBackAndWhatWasProvenIsTold(version: String, side: String) async throws {
        let host = ScriptedHost(version: version)
        let settlement = try await settle(host)
        #expect(host.taken == ["gate", "restore"])
        #expect(settlement.proof.map(\.step).contains(version == "2" ? "web-1/verify" : "web-1/rollback/verify"))
        #expect(settlement.proof.contains { $0.summary.contains("at the \(side) versions") })
        #expect(try await store.quarantined().isEmpty)
    }

    /// Its probes pass and its versions are the planned ones; that these are bad the watch has found, and no look now finds it again.
    @Test func aHostAtVersionsThatAWatchHasRejectedStaysOut() async throws {
        let host = ScriptedHost(version: "2")
        let error = await #expect(throws: ControlError.self) { try await settle(host, isRejected: true) }
        #expect(error?.code == .blocked)
        #expect(
            error?.message.contains("the planned versions did not pass wave-0/bake") == true, "\(error?.message ?? "")")
        #expect(!host.taken.contains("restore"))
    }

    @Test func aHostThatIsBackAtTheEarlierVersionsIsTakenAllTheSame() async throws {
        let host = ScriptedHost(version: "1")
        let settlement = try await settle(host, isRejected: true)
        #expect(settlement.proof.contains { $0.summary.contains("at the earlier versions") })
    }

    @Test func whatWasDoneIsSaid() async throws {
        let error = await #expect(throws: ControlError.self) { try await settle(ScriptedHost(version: "2"), note: " ") }
        #expect(error?.code == .invalid)
    }

    @Test func aHostBetweenTheStatesStaysOut() async throws {
        let host = ScriptedHost(version: "1.5")
        let error = await #expect(throws: ControlError.self) { try await settle(host) }
        #expect(error?.code == .blocked)
        #expect(error?.message.contains("not at the planned versions") == true)
        #expect(error?.message.contains("not at the earlier versions") == true)
        #expect(!host.taken.contains("restore"))
        #expect(try await store.quarantined().count == 1)
    }

    @Test func aHostWhoseGateDoesNotPassStaysOut() async throws {
        let host = ScriptedHost(version: "2", isHealthy: false)
        let error = await #expect(throws: ControlError.self) { try await settle(host) }
        #expect(error?.message.contains("gate") == true)
        #expect(!host.taken.contains("restore"))
    }

    /// It was put back empty, its scheduler was still told to place nothing there, and nobody owed that any more.
    @Test func aHypervisorThatComesBackHasItsMachinesBroughtHome() async throws {
        let host = ScriptedHost(version: "2")
        let settlement = try await settle(host, isEmptied: true)
        #expect(host.taken == ["gate", "bring home", "restore"])
        #expect(settlement.proof.contains { $0.step == "web-1/bring-home" })
        #expect(host.priors["web-1/bring-home"]?.details == ["scheduling": "on"])
    }

    /// Nothing proves it, so nothing is claimed.
    @Test func aPlanThatDoesNotSayHowAHostHasToBeProvesNothing() async throws {
        let error = await #expect(throws: ControlError.self) {
            try await settle(ScriptedHost(version: "2"), verifies: false)
        }
        #expect(error?.code == .blocked)
    }

    @Test func aHostThatIsGoneIsAskedNothingAndNotPutBack() async throws {
        let host = ScriptedHost(version: "?", isHealthy: false)
        let settlement = try await settle(host, isRemoved: true)
        #expect(settlement.proof.isEmpty && settlement.isRemoved)
        #expect(host.taken.isEmpty)
        #expect(try await store.quarantined().isEmpty)
    }
}

/// A host at some version, healthy or not, that notes what is done to it.
private final class ScriptedHost: StepDriverRegistry, StepDriver {
    private let version: String
    private let isHealthy: Bool
    private let log = Mutex<[String]>([])
    private let seen = Mutex<[StepID: PriorState]>([:])

    init(version: String, isHealthy: Bool = true) {
        self.version = version
        self.isHealthy = isHealthy
    }

    var taken: [String] { log.withLock { $0 } }
    /// What was so before, by the step that puts it back.
    var priors: [StepID: PriorState] { seen.withLock { $0 } }

    func driver(for action: StepAction) -> (any StepDriver)? { self }
    func check(_ step: Step, in context: StepContext) async -> StepReadiness { .ready(prior: nil) }
    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {}

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        switch step.action {
        case .verify(let expectation):
            guard expectation.packages.allSatisfy({ $0.version == version }) else {
                throw StepFailure(code: .unhealthy, message: "openssl is at \(version)")
            }
        case .gate where !isHealthy: throw StepFailure(code: .unhealthy, message: "503")
        default:
            log.withLock { $0.append(step.action.name) }
            seen.withLock { $0[step.id] = context.prior }
        }
        return Observation(verdict: .pass, summary: "fine", observedAt: context.intendedAt)
    }
}
