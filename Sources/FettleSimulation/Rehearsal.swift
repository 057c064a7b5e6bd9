import FettleChecking
import FettleExecution
public import FettleModel
import FettleStore

/// Plays a plan on a simulated fleet, through the real RunMachine, in virtual time: single-threaded, so that a seed gives the same
/// play every time.
public struct Rehearsal: Sendable {
    let plan: Plan
    private var machine: RunMachine
    /// As a run on real machines asks it.
    private let startGuard: StartGuard
    private var world: SimulatedWorld
    private var random: SplitMix
    /// What people ask for, the earliest last.
    private var requests: [RehearsalRequest]
    private var now: Timestamp
    private var agenda = EventQueue<Item>()
    /// When the machine asked to be asked again; only its last word counts.
    private var wake: Timestamp?
    private var held: [ResourceID: Reservation] = [:]
    private var journal: [JournalRecord] = []
    private var lowest: [GroupID: Int]
    private var lowestAt: [GroupID: Timestamp] = [:]
    private var violations: [String] = []

    private enum Item: Sendable {
        case report(Report)
        case finish(StepOrder)
    }

    private static let run = RunID("rehearsal")
    /// A run that is still not over after so many turns for each of its steps would never be (I11).
    private static let mostTurnsForAStep = 200
    /// Ten years: longer estimates are cut, so that times add up without overflow.
    private static let longestSeconds = 315_360_000

    /// It begins when the plan's first window opens, or when the plan was made, whichever is later.
    /// - Parameter requests: carried out after the given line of the journal each, or when nothing else could move the run.
    /// - Throws: `PlanDefect` if the plan's steps or orders don't hang together.
    public init(
        _ plan: Plan, seed: UInt64, faults: FaultProfile = .none, requests: [RehearsalRequest] = []
    ) throws {
        self.plan = plan
        machine = try RunMachine(run: Self.run, plan: plan)
        startGuard = StartGuard(plan)
        world = SimulatedWorld(plan, faults: faults)
        random = SplitMix(seed: seed)
        self.requests = requests.sorted { $0.afterRecord > $1.afterRecord }
        now = max(plan.createdAt, plan.windows.map(\.opensAt).min() ?? plan.createdAt)
        lowest = Dictionary(plan.groups.map { ($0.id, $0.members.count) }, uniquingKeysWith: { first, _ in first })
    }

    /// The same, with other dice: for one that was not played yet. Spares looking through the plan once more.
    public func withSeed(_ seed: UInt64) -> Rehearsal {
        var other = self
        other.random = SplitMix(seed: seed)
        return other
    }

    public mutating func play() throws -> RehearsalResult {
        let began = now
        try append([
            .started(
                change: "rehearsal", plan: StageReference(id: plan.id.rawValue, digest: Digest(rawValue: "")),
                by: "rehearsal"),
            .claimed(executor: "rehearsal"),
        ])
        machine.begin(holding: [])
        let mostTurns = 100_000 + Self.mostTurnsForAStep * (plan.steps.count + plan.rollback.count)
        for _ in 0..<mostTurns {
            if let outcome = try obey() { return result(outcome, began: began, awaiting: nil) }
            if let reason = machine.awaitingHuman {
                guard act() else { return result(nil, began: began, awaiting: reason) }
                continue
            }
            guard moveOn() || act() else { break }
        }
        violations.append("I11: the run neither ended nor waits for a person")
        return result(nil, began: began, awaiting: nil)
    }

    /// To whatever comes next.
    /// - Returns: false if nothing does by itself.
    private mutating func moveOn() -> Bool {
        if let wake, wake < agenda.nextTime ?? wake.adding(seconds: 1) {
            now = max(now, wake)
            self.wake = nil
            return true
        }
        guard let (at, item) = agenda.removeFirst() else { return false }
        now = max(now, at)
        handle(item)
        return true
    }

    private mutating func obey() throws -> RunOutcome? {
        while true {
            var hasAppended = false
            for command in machine.next(at: now) {
                switch command {
                case .append(let events):
                    try append(events)
                    hasAppended = true
                case .check(let step, _):
                    schedule(
                        .report(.checked(step.step.id, attempt: step.attempt, .ready(prior: prior(of: step.step)))))
                case .observeAndReserve(let capacity): reserve(capacity)
                case .perform(let step, _): schedule(.finish(step), after: duration(of: step.step))
                case .release(let resource):
                    held[resource] = nil
                    schedule(.report(.released(resource)))
                case .quarantine(let entry): schedule(.report(.quarantineFiled(entry.resource)))
                case .wait(let until): wake = until
                case .stop(let outcome): return outcome
                }
            }
            if !hasAppended { return nil }
        }
    }

    private mutating func handle(_ item: Item) {
        switch item {
        case .report(let report): machine.receive(report, at: now)
        case .finish(let order):
            let before = world.groups(touchedBy: order.step.resource).map { ($0, world.serving($0)) }
            let answer = Result<Observation, StepFailure> { () throws(StepFailure) in
                try world.perform(order.step, random: &random)
                return Observation(verdict: .pass, summary: "simulated", observedAt: now)
            }
            judge(order.step, before: before)
            machine.receive(.performed(order.step.id, attempt: order.attempt, answer), at: now)
        }
    }

    /// The oracle for I1: a step that takes a host out must leave every group its minimum, unless a fault had it below already.
    private mutating func judge(_ step: Step, before: [(PlannedGroup, Int)]) {
        for (group, count) in before {
            let after = world.serving(group)
            if after < lowest[group.id] ?? .max {
                lowest[group.id] = after
                lowestAt[group.id] = now
            }
            if step.availability == .takesOut, after < count, after < group.minimumAvailable {
                violations.append(
                    "I1: \(step.id) left group \(group.id) \(after) of \(group.members.count), needs \(group.minimumAvailable)"
                )
            }
        }
    }

    private mutating func reserve(_ order: CapacityOrder) {
        var health: [GroupID: [ResourceID: MemberHealth]] = [:]
        for group in order.groups + order.lentGroups {
            for member in group.members {
                health[group.id, default: [:]][member] = world.health(of: member, in: group.id)
            }
        }
        let request = order.request(run: Self.run, health: health, at: now)
        var decision = request.decision(held: held.values)
        if decision == .granted, order.lowersAvailability(health) {
            let out = Set(held.values.lazy.filter { $0.resource != order.step.resource }.flatMap(\.out))
            let refusal = startGuard.refusal(toStart: order.step, out: out, health: health)
            if let refusal { decision = .refused(reason: refusal) }
        }
        if decision == .granted { held[order.step.resource] = request.reservation }
        schedule(.report(.reserved(order.step.id, decision)))
    }

    private func prior(of step: Step) -> PriorState? {
        if case .drain = step.action { PriorState(alreadySo: false, details: ["state": "ready"]) } else { nil }
    }

    private mutating func append(_ events: [RunEvent]) throws {
        for event in events {
            let record = JournalRecord(sequence: machine.sequence + 1, epoch: 1, at: now, event: event)
            try machine.apply(record)
            journal.append(record)
        }
        // One at a time: the machine judges the next by what has become of this one.
        if let request = requests.last, request.afterRecord <= journal.count { act() }
    }

    /// A request that makes no sense any more is refused by the machine, as it would be at a run.
    /// - Returns: false if nobody asks for anything further.
    @discardableResult
    private mutating func act() -> Bool {
        guard let request = requests.popLast() else { return false }
        _ = machine.request(request.request)
        return true
    }

    /// Half of all steps take up to their median, 45% up to their 95% figure, the rest up to twice that.
    private mutating func duration(of step: Step) -> Int64 {
        func milliseconds(_ seconds: Int) -> Int64 { Int64(max(0, min(Self.longestSeconds, seconds))) * 1_000 }
        let (median, p95) = (milliseconds(step.estimate.medianSeconds), milliseconds(step.estimate.p95Seconds))
        let drawn =
            switch Int.random(in: 0..<100, using: &random) {
            case ..<50: Int64.random(in: median / 2...max(median / 2, median), using: &random)
            case ..<95: Int64.random(in: min(median, p95)...max(median, p95), using: &random)
            default: Int64.random(in: p95...max(p95, 2 * p95), using: &random)
            }
        return min(drawn, milliseconds(step.timeoutSeconds))
    }

    private mutating func schedule(_ item: Item, after milliseconds: Int64 = 0) {
        agenda.insert(item, at: Timestamp(milliseconds: now.milliseconds + milliseconds))
    }

    private func result(_ outcome: RunOutcome?, began: Timestamp, awaiting: String?) -> RehearsalResult {
        var violations = violations
        let quarantined = Set(
            journal.compactMap { record -> ResourceID? in
                if case .quarantined(let entry) = record.event { entry.resource } else { nil }
            })
        if outcome != nil {
            for host in world.hosts.keys.sorted() where !quarantined.contains(host) && !world.drained(host).isEmpty {
                violations.append("I7: \(host) is left out of traffic and not in quarantine")
            }
        }
        func seconds(_ time: Timestamp) -> Int { Int(time.seconds(since: began).rounded()) }
        return RehearsalResult(
            outcome: outcome, awaitingHuman: awaiting, seconds: seconds(now), lowestAvailable: lowest,
            lowestAt: lowest.reduce(into: [:]) { $0[$1.key] = lowestAt[$1.key].map(seconds) ?? 0 },
            quarantined: quarantined.sorted(), violations: violations, journal: journal)
    }
}
