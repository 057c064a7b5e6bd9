import FettleExecution
import FettleModel
import FettleStore
import FettleTestSupport
import Synchronization
import Testing

@testable import FettleControl

/// I4: what was declared since a plan was made holds too.
@Suite struct RunCalendarTests {
    private static let now = Timestamp(milliseconds: 1_766_000_400_000)
    private let store = InMemoryStore()

    private var fleet: Fleet {
        var builder = FleetBuilder()
        builder.pool("web", size: 3, minimum: .count(2))
        return builder.fleet
    }

    /// From so many seconds after `now`, for so many.
    private static func event(_ from: Int, _ seconds: Int) -> CalendarEvent {
        let start = Int(now.milliseconds / 1_000) + from
        return CalendarEvent(
            start: LocalDateTime(date: LocalDate(dayNumber: start / 86_400), secondOfDay: start % 86_400),
            timeZone: .utc, duration: CalendarDuration(seconds: seconds))
    }

    private static func freezing(_ from: Int, _ seconds: Int, _ change: (inout Freeze) -> Void = { _ in }) -> Policy {
        var policy = Policy()
        var freeze = Freeze(id: "year-end", reason: "closing of the year", events: [event(from, seconds)])
        change(&freeze)
        policy.freezes = [freeze]
        return policy
    }

    private func calendar(_ policy: Policy) -> RunCalendar {
        let fleet = fleet
        return RunCalendar { (policy, fleet) }
    }

    private func watch(_ policy: Policy, _ plan: Plan? = nil, isEmergency: Bool = false) -> RunCalendarWatch {
        RunCalendarWatch(calendar(policy), plan ?? RollingPlan.plan(size: 3, lanes: 1), isEmergency: isEmergency)
    }

    // MARK: The start

    private var runs: RunService {
        RunService(
            store: store,
            tools: Tools(
                inspector: NoFacts(), resolver: NoAnswers(), drivers: NoDrivers(), observer: NoMembers(),
                now: { Self.now }))
    }

    private func approved(_ kind: Change.Kind = .normal) async throws -> ChangeID {
        let plan = RollingPlan.plan(size: 3, lanes: 1)
        let keeper = StageKeeper(store: store)
        try await keeper.keep(plan, as: .plan, id: plan.id.rawValue, at: Timestamp(milliseconds: 1))
        let changes = ChangeService(store: store) { Self.now }
        var policy = Policy()
        policy.defaultApproval = ApprovalRule(approvals: 1, requesterMayApprove: false)
        let change = try await changes.submit(plan: plan.id, kind: kind, reason: "patches", by: "alice", policy: policy)
        return try await changes.vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: ""
        ).id
    }

    /// The plan was made for no window, weeks before anybody thought of the freeze.
    @Test func aRunIsNotStartedInAFreezeThatWasDeclaredAfterPlanning() async throws {
        let change = try await approved()
        let frozen = calendar(Self.freezing(-3_600, 7_200))
        let error = await #expect(throws: ControlError.self) {
            try await runs.create(for: change, calendar: frozen)
        }
        #expect(error?.code == .blocked)
        #expect(error?.message.contains("web-1, web-2, web-3: freeze year-end (closing of the year) from ") == true)
        #expect(try await store.runs(limit: 5).isEmpty, "the change can still be withdrawn")
        #expect(try await runs.create(for: change, calendar: calendar(Self.freezing(-7_200, 3_600))) == "run-1")
    }

    /// The run was made, and its process died before it had begun.
    @Test func norWhenItIsTakenUpLater() async throws {
        let change = try await approved()
        let run = try await runs.create(for: change)
        let options = RunService.Options(executor: "one", calendar: calendar(Self.freezing(-3_600, 7_200)))
        let error = await #expect(throws: ControlError.self) {
            try await runs.carryOut(run, startedBy: "alice", options: options)
        }
        #expect(error?.code == .blocked && error?.message.contains("freeze year-end") == true)
        #expect(try await store.records(of: run, after: 0).isEmpty)
    }

    @Test func anEmergencyPassesWhereTheFreezeLetsIt() async throws {
        let policy = Self.freezing(-3_600, 7_200) { $0.emergencyMayPass = true }
        #expect(try await runs.create(for: try await approved(.emergency), calendar: calendar(policy)) == "run-1")
        #expect(try watch(policy).refusals(toStartAt: Self.now).count == 1)
    }

    @Test func aPolicyThatCannotBeReadPermitsNothing() async throws {
        struct Broken: Error {}
        let change = try await approved()
        let error = await #expect(throws: ControlError.self) {
            try await runs.create(for: change, calendar: RunCalendar { throw Broken() })
        }
        #expect(error?.code == .blocked && error?.message.contains("cannot be read") == true)
        let blind = RunCalendarWatch(
            RunCalendar { throw Broken() }, RollingPlan.plan(size: 1, lanes: 1), isEmergency: false)
        #expect(blind.refusal(toTakeOut: "web-1", at: Self.now)?.contains("cannot be read") == true)
    }

    @Test func aPolicyThatBindsNobodyIsAskedForNoFleet() throws {
        let watch = RunCalendarWatch(
            RunCalendar { (Policy(), Fleet(environments: [], resources: [], groups: [])) },
            RollingPlan.plan(size: 3, lanes: 1), isEmergency: false)
        #expect(try watch.refusals(toStartAt: Self.now) == [])
        #expect(watch.refusal(toTakeOut: "web-1", at: Self.now) == nil)
    }

    @Test func whatTheFleetNoLongerDeclaresIsNotTakenOutUnseen() throws {
        let plan = RollingPlan.plan(size: 4, lanes: 1)
        let told = try watch(Self.freezing(86_400, 60), plan).refusals(toStartAt: Self.now)
        #expect(told.count == 1 && told[0].hasPrefix("web-4: the fleet no longer declares it"))
    }

    /// A planned window of which a new freeze leaves too little.
    @Test func aPlannedWindowIsHeldAgainstTheCalendar() throws {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.windows = [
            TimeWindow(opensAt: Self.now.adding(seconds: 3_600), closesAt: Self.now.adding(seconds: 7_200))
        ]
        for place in plan.targets.indices { plan.targets[place].window = 0 }
        #expect(try watch(Self.freezing(7_200, 60), plan).refusals(toStartAt: Self.now) == [])
        #expect(try watch(Self.freezing(3_600, 1_800), plan).refusals(toStartAt: Self.now) == [])
        #expect(try watch(Self.freezing(3_600, 3_590), plan).refusals(toStartAt: Self.now).count == 1)
        #expect(try watch(Self.freezing(0, 86_400), plan).refusals(toStartAt: Self.now).count == 1)
        var policy = Policy()
        policy.windows = [MaintenanceWindow(id: "elsewhen", events: [Self.event(86_400, 3_600)])]
        let told = try watch(policy, plan).refusals(toStartAt: Self.now)
        #expect(told.first?.contains("no window of the policy is open") == true)
        policy.windows = [MaintenanceWindow(id: "the same", events: [Self.event(3_600, 3_600)])]
        #expect(try watch(policy, plan).refusals(toStartAt: Self.now) == [])
    }

    // MARK: On the way

    private func input(_ id: StepID, _ plan: Plan, isRollback: Bool) throws -> StepGuardInput {
        let step = try #require((plan.steps + plan.rollback).first { $0.id == id })
        let health = Dictionary(uniqueKeysWithValues: plan.groups[0].members.map { ($0, MemberHealth.healthy) })
        return StepGuardInput(
            step: step, isRollback: isRollback, plan: plan, run: "run-1", health: ["web": health], reservations: [],
            at: Self.now)
    }

    @Test func eachHostIsHeldUpByAFreezeAndNoWayBackIs() throws {
        let plan = RollingPlan.plan(size: 3, lanes: 1)
        let frozen = watch(Self.freezing(-60, 3_600))
        let told = RunService.refusal(try input("web-1/drain", plan, isRollback: false), frozen)
        #expect(told?.hasPrefix("web-1: freeze year-end (closing of the year)") == true)
        #expect(RunService.refusal(try input("web-1/rollback/drain", plan, isRollback: true), frozen) == nil)
        #expect(RunService.refusal(try input("web-1/drain", plan, isRollback: false), watch(Policy())) == nil)
        #expect(RunService.refusal(try input("web-1/drain", plan, isRollback: false), nil) == nil)
    }

    /// A freeze that is declared while the run goes on is seen within a minute.
    @Test func aFreezeThatIsDeclaredMeanwhileHolds() {
        let policy = Mutex(Policy())
        let reads = Mutex(0)
        let fleet = fleet
        let calendar = RunCalendar {
            reads.withLock { $0 += 1 }
            return (policy.withLock { $0 }, fleet)
        }
        let watch = RunCalendarWatch(calendar, RollingPlan.plan(size: 3, lanes: 1), isEmergency: false)
        #expect(watch.refusal(toTakeOut: "web-1", at: Self.now) == nil)
        policy.withLock { $0 = Self.freezing(0, 3_600) }
        #expect(watch.refusal(toTakeOut: "web-2", at: Self.now.adding(seconds: 59)) == nil)
        #expect(reads.withLock { $0 } == 1)
        #expect(watch.refusal(toTakeOut: "web-2", at: Self.now.adding(seconds: 60)) != nil)
        #expect(watch.refusal(toTakeOut: "web-2", at: Self.now.adding(seconds: 3_601)) == nil)
        #expect(reads.withLock { $0 } == 3)
    }

    /// Held up if and only if something is frozen before the host would be back, its way back included.
    @Test(arguments: TestScale.seeds(200, long: 5_000))
    func aHostIsHeldUpExactlyByWhatItWouldRunInto(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var policy = Policy()
        var frozen: [Range<Int>] = []
        for number in 0..<Int.random(in: 1...4, using: &random) {
            let (from, length) = (
                Int.random(in: -7_200...7_200, using: &random), Int.random(in: 60...3_600, using: &random)
            )
            frozen.append(from..<from + length)
            policy.freezes.append(
                Freeze(id: FreezeID("f-\(number)"), reason: "", events: [Self.event(from, length)]))
        }
        let plan = RollingPlan.plan(size: 3, lanes: 1)
        // drain, patch, gate, restore, and the same back: 10 s each at their 95% figures.
        let needed = 80
        let isHit = frozen.contains { $0.lowerBound < needed && $0.upperBound > 0 }
        // What is left between two freezes and is shorter than a minute is dropped by the calendar.
        let isClose = frozen.contains { $0.upperBound > -60 && $0.lowerBound < needed + 60 }
        let refusal = watch(policy, plan).refusal(toTakeOut: "web-1", at: Self.now)
        if isHit { #expect(refusal != nil) }
        if !isClose { #expect(refusal == nil, "\(frozen)") }
    }
}
