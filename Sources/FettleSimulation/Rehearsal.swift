import FettleExecution
public import FettleModel
public import FettleStore

/// Plays a plan on a simulated fleet, through the real RunMachine, in virtual time: single-threaded, so that a seed gives the same
/// play every time.
public struct Rehearsal {
    let plan: Plan
    private var machine: RunMachine
    private var world: SimulatedWorld
    private var random: SplitMix
    /// What people ask for, the earliest last.
    private var requests: [RehearsalRequest]
    private var now: Timestamp
    private var agenda: [(at: Timestamp, order: Int, item: Item)] = []
    private var order = 0
    private var holders: [ResourceID: RunID] = [:]
    private var journal: [JournalRecord] = []
    private var lowest: [GroupID: Int]
    private var violations: [String] = []

    private enum Item {
        case report(Report)
        case finish(StepOrder)
        case wake
    }

    private static let run = RunID("rehearsal")
    /// A run that is still not over after so many turns would never be (I11).
    private static let mostTurns = 1_000_000

    /// - Throws: `PlanDefect` if the plan's steps don't hang together.
    /// - Parameter requests: carried out after the given line of the journal each, or when nothing else could move the run.
    public init(
        _ plan: Plan, seed: UInt64, faults: FaultProfile = .none, requests: [RehearsalRequest] = []
    ) throws {
        self.plan = plan
        machine = try RunMachine(run: Self.run, plan: plan)
        world = SimulatedWorld(plan, faults: faults)
        random = SplitMix(seed: seed)
        self.requests = requests.sorted { $0.afterRecord > $1.afterRecord }
        now = plan.window?.opensAt ?? plan.createdAt
        lowest = Dictionary(plan.groups.map { ($0.id, $0.members.count) }, uniquingKeysWith: { first, _ in first })
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
        for _ in 0..<Self.mostTurns {
            if let outcome = try obey() { return result(outcome, began: began, awaiting: nil) }
            if let reason = machine.awaitingHuman {
                guard act() else { return result(nil, began: began, awaiting: reason) }
                continue
            }
            guard
                let next = agenda.indices.min(by: {
                    (agenda[$0].at, agenda[$0].order) < (agenda[$1].at, agenda[$1].order)
                })
            else {
                guard act() else { break }
                continue
            }
            let (at, _, item) = agenda.remove(at: next)
            now = max(now, at)
            handle(item)
        }
        violations.append("I11: the run neither ended nor waits for a person")
        return result(nil, began: began, awaiting: nil)
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
                    holders[resource] = nil
                    schedule(.report(.released(resource)))
                case .quarantine(let entry): schedule(.report(.quarantineFiled(entry.resource)))
                case .wait(let until): if let until { schedule(.wake, at: until) }
                case .stop(let outcome): return outcome
                }
            }
            if !hasAppended { return nil }
        }
    }

    private mutating func handle(_ item: Item) {
        switch item {
        case .wake: break
        case .report(let report): machine.receive(report, at: now)
        case .finish(let order):
            let before = plan.groups.map { ($0, world.serving($0)) }
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
            lowest[group.id] = min(lowest[group.id] ?? after, after)
            if step.availability == .takesOut, after < count, after < group.minimumAvailable {
                violations.append(
                    "I1: \(step.id) left group \(group.id) \(after) of \(group.members.count), needs \(group.minimumAvailable)"
                )
            }
        }
    }

    private mutating func reserve(_ order: CapacityOrder) {
        let resource = order.step.resource
        let groups = plan.groups(of: resource)
        let health = Dictionary(
            groups.map { group in
                (
                    group.id,
                    Dictionary(uniqueKeysWithValues: group.members.map { ($0, world.health(of: $0, in: group.id)) })
                )
            }, uniquingKeysWith: { first, _ in first })
        let decision = order.request(run: Self.run, groups: groups, health: health, at: now).decision(holders: holders)
        if decision == .granted { holders[resource] = Self.run }
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
        let (median, p95) = (Int64(step.estimate.medianSeconds) * 1_000, Int64(step.estimate.p95Seconds) * 1_000)
        let limit = Int64(step.timeoutSeconds) * 1_000
        let drawn =
            switch Int.random(in: 0..<100, using: &random) {
            case ..<50: Int64.random(in: median / 2...max(median / 2, median), using: &random)
            case ..<95: Int64.random(in: min(median, p95)...max(median, p95), using: &random)
            default: Int64.random(in: p95...max(p95, 2 * p95), using: &random)
            }
        return min(drawn, limit)
    }

    private mutating func schedule(_ item: Item, after milliseconds: Int64 = 0) {
        schedule(item, at: Timestamp(milliseconds: now.milliseconds + milliseconds))
    }

    private mutating func schedule(_ item: Item, at time: Timestamp) {
        order += 1
        agenda.append((time, order, item))
    }

    private func result(_ outcome: RunOutcome?, began: Timestamp, awaiting: String?) -> RehearsalResult {
        var violations = violations
        let quarantined = Set(
            journal.compactMap { record -> ResourceID? in
                if case .quarantined(let entry) = record.event { entry.resource } else { nil }
            })
        if outcome != nil {
            for host in world.hosts.keys.sorted() where !world.drained(host).isEmpty && !quarantined.contains(host) {
                violations.append("I7: \(host) is left out of traffic and not in quarantine")
            }
        }
        return RehearsalResult(
            outcome: outcome, awaitingHuman: awaiting, seconds: Int(now.seconds(since: began).rounded()),
            lowestAvailable: lowest, quarantined: quarantined.sorted(), violations: violations, journal: journal)
    }
}

/// What somebody asks for in the middle of a play.
public struct RehearsalRequest: Sendable, Equatable {
    /// How many lines the journal has then, at least.
    public var afterRecord: Int
    public var request: RunRequest

    public init(afterRecord: Int, request: RunRequest) {
        self.afterRecord = afterRecord
        self.request = request
    }
}

/// What one play showed.
public struct RehearsalResult: Sendable, Equatable {
    /// nil if the run stands still for a person.
    public var outcome: RunOutcome?
    public var awaitingHuman: String?
    /// In virtual time.
    public var seconds: Int
    public var lowestAvailable: [GroupID: Int]
    public var quarantined: [ResourceID]
    /// Invariants that were broken, in words; empty if all held.
    public var violations: [String]
    public var journal: [JournalRecord]
}
