import FettleDriverKit
import FettleExecution
import FettleModel
import FettleStore
import FettleTestSupport
import Synchronization
import Testing

@testable import FettleControl

/// The ledger over all runs, and a run in another's place, with a real executor and a store.
@Suite struct ObligationServiceTests {
    let store = InMemoryStore()
    let pool = Pool()
    private static let time = Timestamp(milliseconds: 5_000_000)

    private var tools: Tools {
        Tools(
            inspector: NoFacts(), resolver: NoAnswers(), drivers: pool, observer: pool, now: { Timestamp.now() })
    }
    private var runs: RunService { RunService(store: store, tools: tools) }
    private var ledger: ObligationService {
        ObligationService(store: store, tools: tools, isGone: { $0 == "gone" })
    }

    private func approved(_ plan: Plan, _ id: ChangeID) async throws -> ChangeID {
        let keeper = StageKeeper(store: store)
        let reference = try await keeper.keep(plan, as: .plan, id: plan.id.rawValue, at: Self.time)
        let change = Change(
            id: id, plan: reference, kind: .normal, reason: "", requestedBy: "alice", requestedAt: Self.time,
            rule: ApprovalRule(approvals: 0, requesterMayApprove: true))
        try await keeper.keep(change, as: .change, id: id.rawValue, at: Self.time)
        return id
    }

    /// Until it ends or needs a person; a pause counts as that.
    private func carryOut(_ run: RunID) async throws -> RunExecutionResult {
        try await runs.carryOut(run, startedBy: "alice", options: RunService.Options(executor: "one"))
    }

    private static var plan: Plan {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.limits.failureBudget = 1
        // One may be kept out beside the one that is worked on.
        plan.groups[0].minimumAvailable = 1
        return plan
    }

    /// web-2 is broken: its gate passes on no way, so it stays out.
    private func quarantined() async throws -> RunID {
        pool.breakDown("web-2")
        let run = try await runs.create(for: try await approved(Self.plan, "change-1"))
        guard case .ended(.failed) = try await carryOut(run) else { throw Trouble() }
        return run
    }

    private struct Trouble: Error {}

    @Test func anEndedRunOwesWhatIsInQuarantineUntilAPersonSettlesIt() async throws {
        let run = try await quarantined()
        let owed = try await ledger.ledger().owed
        try #require(owed.map(\.kind) == [.drain, .reservation])
        #expect(owed.allSatisfy { $0.resource == "web-2" && $0.run == run && $0.owner == "alice" && $0.isQuarantined })
        #expect(owed.allSatisfy { $0.remedy.hasPrefix("fettle quarantine settle web-2") })
        #expect(owed[0].prior == Pool.before)
        #expect(try await ledger.ledger(of: run).owed == owed)
        _ = try await store.settle("web-2", by: "bob", at: .now(), note: "mended")
        #expect(try await ledger.ledger().owed == [])
    }

    /// The process is gone in the middle: what was journaled before it died is all that is needed.
    @Test func whatARunThatNobodyCarriesOutOwesIsToldWithTheCommand() async throws {
        let plan = Self.plan
        let run = try await runs.create(for: try await approved(plan, "change-1"))
        let claim = try await store.claim(run, executor: "gone", at: .now(), leaseSeconds: 600, takeOver: false)
        let reference = StageReference(id: plan.id.rawValue, digest: Digest(rawValue: "00"))
        // One moment for all: an observation from before its intent would prove nothing.
        let now = Timestamp.now()
        let observed = Observation(verdict: .pass, summary: "fine", observedAt: now)
        var events: [RunEvent] = [
            .started(change: "change-1", plan: reference, by: "alice"), .claimed(executor: "gone"),
        ]
        for step: StepID in ["web-1/preflight", "web-1/stage"] {
            events += [
                .stepIntended(step: step, attempt: 1, prior: nil),
                .stepDone(step: step, attempt: 1, observation: observed),
            ]
        }
        events.append(.stepIntended(step: "web-1/drain", attempt: 1, prior: Pool.before))
        try await store.append(
            events.enumerated().map {
                JournalRecord(sequence: $0.offset + 1, epoch: claim.epoch, at: now, event: $0.element)
            }, to: run)
        let owed = try await ledger.ledger().owed
        try #require(owed.map(\.kind) == [.drain])
        #expect(owed[0].compensation == "web-1/restore" && owed[0].remedy == "fettle run resume \(run)")
        #expect(owed[0].since == now && owed[0].prior == Pool.before)
    }

    @Test func aRunThatIsNotThereIsTold() async throws {
        let error = await #expect(throws: ControlError.self) { try await ledger.ledger(of: "run-9") }
        #expect(error?.code == .notFound)
    }

    /// One journal that cannot be read hides nobody else's debts.
    @Test func aJournalThatCannotBeReadIsNamed() async throws {
        let run = try await quarantined()
        var other = RollingPlan.plan(size: 2, lanes: 1)
        other.id = "plan-2"
        let broken = try await runs.create(for: try await approved(other, "change-2"))
        let claim = try await store.claim(broken, executor: "x", at: .now(), leaseSeconds: 1, takeOver: false)
        try await store.append(
            [JournalRecord(sequence: 1, epoch: claim.epoch, at: .now(), event: .resumed(by: "x"))], to: broken)
        let ledger = try await ledger.ledger()
        #expect(Set(ledger.owed.map(\.run)) == [run])
        #expect(ledger.unreadable.map(\.run) == [broken])
    }

    // MARK: A run in another's place

    private func superseding(_ run: RunID, id: PlanID = "plan-2") async throws -> Plan {
        var plan = Self.plan
        plan.id = id
        plan.order = [TurnOrder(reason: "group web", turns: [["web-2"], ["web-1"], ["web-3"]])]
        return try await SupersededRun.read(run, runs).applied(to: plan)
    }

    @Test func theNewRunTakesTheHostOverAndBringsItBackOnce() async throws {
        let old = try await quarantined()
        let plan = try await superseding(old)
        #expect(plan.supersedes?.taken.map(\.resource) == ["web-2"])
        #expect(plan.order.first?.turns == [["web-2"], ["web-1", "web-3"]])
        let change = try await approved(plan, "change-2")
        pool.mend("web-2")
        let new = try await runs.create(for: change, by: "carol")
        // Before anything is done, it is the new run that owes.
        #expect(try await store.quarantined() == [])
        #expect(try await store.reservations().map(\.run) == [new])
        #expect(try await carryOut(new) == .ended(.succeeded))
        #expect(pool.drained == [] && pool.restores["web-2"] == 1)
        #expect(pool.restoredTo["web-2"] == Pool.before)
        #expect(try await store.reservations() == [])
        #expect(try await ledger.ledger().owed == [])
    }

    @Test func aRunThatStandsStillIsEndedByIt() async throws {
        let old = try await runs.create(for: try await approved(Self.plan, "change-1"))
        try await store.submit(.pause(by: "bob", reason: "look"), to: old)
        let task = Task { try await carryOut(old) }
        while (try? await SupersededRun.read(old, runs)) == nil { try await Task.sleep(for: .milliseconds(10)) }
        let new = try await runs.create(for: try await approved(try await superseding(old), "change-2"), by: "carol")
        // The old executor is fenced: it ends by itself, and touches nothing more.
        _ = try? await store.submit(.resume(by: "bob"), to: old)
        await #expect(throws: ControlError.self) { try await task.value }
        let ended = try await runs.story(of: old).state
        #expect(ended.outcome == .failed(reason: "superseded by \(new), started by carol"))
        #expect(try await carryOut(new) == .ended(.succeeded))
        #expect(pool.drained == [])
    }

    /// The executor died while it watched the canary, and somebody has paused the run: nobody is worked on.
    @Test func anOpenWatchDoesNotKeepARunFromBeingReplaced() async throws {
        let plan = FleetPlan(groups: 1, size: 4, lanes: 1, environments: 1).plan()
        let old = try await runs.create(for: try await approved(plan, "change-1"))
        let claim = try await store.claim(old, executor: "gone", at: .now(), leaseSeconds: 1, takeOver: false)
        let reference = StageReference(id: plan.id.rawValue, digest: Digest(rawValue: "00"))
        let now = Timestamp.now()
        var events: [RunEvent] = [
            .started(change: "change-1", plan: reference, by: "alice"), .claimed(executor: "gone"),
        ]
        // The canary's steps come first, then its watch.
        for step in plan.steps {
            events.append(
                .stepIntended(step: step.id, attempt: 1, prior: step.availability == .takesOut ? Pool.before : nil))
            if case .bake = step.action { break }
            let seen = Observation(verdict: .pass, summary: "fine", observedAt: now)
            events.append(.stepDone(step: step.id, attempt: 1, observation: seen))
        }
        func append(_ events: [RunEvent], after sequence: Int) async throws {
            try await store.append(
                events.enumerated().map {
                    JournalRecord(sequence: sequence + $0.offset + 1, epoch: claim.epoch, at: now, event: $0.element)
                }, to: old)
        }
        try await append(events, after: 0)
        let atWork = await #expect(throws: ControlError.self) { try await SupersededRun.read(old, runs) }
        #expect(atWork?.code == .blocked, "it does not stand still")
        try await append([.paused(by: "bob", reason: "look")], after: events.count)
        #expect(try await SupersededRun.read(old, runs).hosts == [])
    }

    @Test func aRunThatHasComeOnSinceIsNotReplaced() async throws {
        let old = try await quarantined()
        let change = try await approved(try await superseding(old), "change-2")
        _ = try await store.settle("web-2", by: "bob", at: .now(), note: "mended")
        let error = await #expect(throws: ControlError.self) { try await runs.create(for: change) }
        #expect(error?.code == .drift)
        #expect(try await store.runs(limit: 9).map(\.run) == [old])
        // The name of the run that was not made does not stay in the change, where it would be another's one day.
        #expect(try await ChangeService(store: store).change(change).run == nil)
    }

    @Test func aHostThatWouldBeLostIsNamed() async throws {
        let old = SupersededRun(
            run: "run-1", sequence: 3,
            hosts: [TakenHost(resource: "db-1", obligations: [], isQuarantined: false)])
        let error = #expect(throws: ControlError.self) { try old.applied(to: Self.plan) }
        #expect(error?.message.contains("db-1") == true && error?.hint.contains("fettle run abort run-1") == true)
        let kept = SupersededRun(
            run: "run-1", sequence: 3, hosts: [TakenHost(resource: "db-1", obligations: [], isQuarantined: true)])
        #expect(try kept.applied(to: Self.plan).supersedes?.taken == [])
    }

    @Test func aRunThatLeftNobodyOutIsNotReplaced() async throws {
        let run = try await runs.create(for: try await approved(Self.plan, "change-1"))
        let early = await #expect(throws: ControlError.self) { try await SupersededRun.read(run, runs) }
        #expect(early?.code == .blocked)
        #expect(try await carryOut(run) == .ended(.succeeded))
        let late = await #expect(throws: ControlError.self) { try await SupersededRun.read(run, runs) }
        #expect(late?.code == .conflict)
    }

    // MARK: Asking

    @Test func aPartIsWorkedOutByHostWaveAndGroup() async throws {
        let run = try await runs.create(for: try await approved(Self.plan, "change-1"))
        #expect(try await runs.part(of: run, .init(hosts: ["web-2"])).resources == ["web-2"])
        #expect(try await runs.part(of: run, .init(groups: ["web"])).resources == ["web-1", "web-2", "web-3"])
        #expect(try await runs.part(of: run, .init(waves: [0])).resources.count == 3)
        #expect(try await runs.part(of: run, .init()).resources.count == 3)
        let error = await #expect(throws: ControlError.self) {
            try await runs.part(of: run, .init(hosts: ["-x"], waves: [7], groups: ["\n"]))
        }
        #expect(error?.code == .invalid)
        for word in ["'-x'", "no wave 7", "nobody of a group"] { #expect(error?.message.contains(word) == true) }
    }

    @Test func anEndedRunTakesNothingMoreAndSaysWhatToDoInstead() async throws {
        let run = try await quarantined()
        let errors = [
            await #expect(throws: ControlError.self) { try await runs.retry(of: run, hosts: [], steps: []) },
            await #expect(throws: ControlError.self) { try await runs.part(of: run, .init()) },
            await #expect(throws: ControlError.self) {
                try await runs.handOver(run, by: "bob", reason: "", isGone: { _ in false })
            },
        ]
        #expect(errors.allSatisfy { $0?.code == .conflict && $0?.message.contains("has ended") == true })
        #expect(errors[0]?.hint.contains("fettle plan make") == true)
    }

    @Test func whatHasNotFailedIsNotTriedAgain() async throws {
        let run = try await runs.create(for: try await approved(Self.plan, "change-1"))
        let error = await #expect(throws: ControlError.self) {
            try await runs.retry(of: run, hosts: ["web-1"], steps: ["web-2/gate"])
        }
        #expect(error?.code == .invalid)
        #expect(error?.message.contains("web-1 has not failed") == true)
        #expect(error?.message.contains("no host failed at web-2/gate") == true)
        let nothing = await #expect(throws: ControlError.self) { try await runs.retry(of: run, hosts: [], steps: []) }
        #expect(nothing?.message.contains("nothing has failed") == true)
    }

    @Test func aRunThatNobodyCarriesOutIsNotHandedOver() async throws {
        let run = try await runs.create(for: try await approved(Self.plan, "change-1"))
        _ = try await store.claim(run, executor: "gone", at: .now(), leaseSeconds: 600, takeOver: false)
        let error = await #expect(throws: ControlError.self) {
            try await runs.handOver(run, by: "bob", reason: "", isGone: { $0 == "gone" })
        }
        #expect(error?.code == .conflict && error?.hint.contains("fettle run resume") == true)
        #expect(try await store.requests(to: run) == [])
    }
}

/// Hosts behind a load balancer; some are broken.
final class Pool: StepDriverRegistry, StepDriver, HealthObserver {
    static let before = PriorState(alreadySo: false, details: ["weight": "7"])

    private struct State {
        var broken: Set<ResourceID> = []
        var drained: Set<ResourceID> = []
        var restores: [ResourceID: Int] = [:]
        var restoredTo: [ResourceID: PriorState] = [:]
    }

    private let state = Mutex(State())

    func breakDown(_ host: ResourceID) { state.withLock { _ = $0.broken.insert(host) } }
    func mend(_ host: ResourceID) { state.withLock { _ = $0.broken.remove(host) } }
    var drained: Set<ResourceID> { state.withLock { $0.drained } }
    var restores: [ResourceID: Int] { state.withLock { $0.restores } }
    var restoredTo: [ResourceID: PriorState] { state.withLock { $0.restoredTo } }

    func driver(for action: StepAction) -> (any StepDriver)? { self }

    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        state.withLock { state in
            switch step.action {
            case .drain where state.drained.contains(step.resource):
                .alreadyDone(Observation(verdict: .pass, summary: "drained", observedAt: .now()))
            case .drain: .ready(prior: Self.before)
            default: .ready(prior: nil)
            }
        }
    }

    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        state.withLock { state in
            switch step.action {
            case .drain: state.drained.insert(step.resource)
            case .restore:
                state.drained.remove(step.resource)
                state.restores[step.resource, default: 0] += 1
                state.restoredTo[step.resource] = context.prior
            default: break
            }
        }
    }

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let isBroken = state.withLock { $0.broken.contains(step.resource) }
        if case .gate = step.action, isBroken { throw StepFailure(code: .unhealthy, message: "503") }
        return Observation(verdict: .pass, summary: "fine", observedAt: .now())
    }

    func health(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth] {
        state.withLock { state in
            Dictionary(
                uniqueKeysWithValues: group.members.map {
                    ($0, state.broken.contains($0) ? .unhealthy(reason: "503") : .healthy)
                })
        }
    }
}
