public import FettleModel

/// What a run looks like at one moment, for displays and reports. Follows from the journal alone.
public struct RunState: Sendable, Equatable {
    public enum Phase: Sendable, Equatable {
        case forward
        case aborting(by: Person, reason: String)
        /// `by` is nil when the failure budget did it.
        case rollingBack(by: Person?, reason: String)
    }

    public struct Pause: Sendable, Equatable {
        public var by: Person
        public var reason: String
        public var since: Timestamp
    }

    private let machine: RunMachine
    private var fold: JournalFold { machine.fold }

    /// - Throws: `PlanDefect` for a malformed plan, `IllegalTransition` for a damaged journal.
    public init(replaying records: [JournalRecord], plan: Plan, run: RunID) throws {
        var machine = try RunMachine(run: run, plan: plan)
        for record in records { try machine.apply(record) }
        self.init(machine)
    }

    /// Costs nothing: what is asked of it is worked out when it is asked.
    public init(_ machine: RunMachine) { self.machine = machine }

    public static func == (left: RunState, right: RunState) -> Bool {
        left.machine.run == right.machine.run && left.fold == right.fold && left.machine.plan == right.machine.plan
    }

    public var change: ChangeID? { fold.start?.change }
    public var startedBy: Person? { fold.start?.by }
    public var startedAt: Timestamp? { fold.start?.at }
    /// When the last record was made.
    public var updatedAt: Timestamp? { fold.lastAt }
    /// The last record's place in the journal.
    public var sequence: Int { fold.sequence }
    public var executor: String? { fold.executor }
    /// Why the run stands still until a person acts.
    public var awaitingHuman: String? { fold.awaiting }
    public var outcome: RunOutcome? { fold.outcome }

    public var phase: Phase {
        switch fold.mode {
        case .forward: .forward
        case .aborting(let person, let reason): .aborting(by: person, reason: reason)
        case .rollingBack(let person, let reason): .rollingBack(by: person, reason: reason)
        }
    }

    public var pause: Pause? { fold.pause.map { Pause(by: $0.by, reason: $0.reason, since: $0.since) } }

    /// What a pause still waits for: resources that are out or worked on, and are brought to their next safe point. Empty when
    /// the pause is complete, and while there is none.
    public var finishing: [ResourceID] { fold.pause == nil ? [] : machine.finishing().map(machine.index.name) }

    /// In the order in which the plan first names them.
    public var resources: [ResourceProgress] { machine.index.resources.map { ResourceProgress($0, in: machine) } }

    /// Those on which a step is under way, in the same order.
    public var atWork: [ResourceProgress] {
        let steps = fold.open.map(machine.index.step)
        return NumberSet(steps.filter { !$0.isBake }.map(\.resource)).map { ResourceProgress($0, in: machine) }
    }

    /// nil if the plan has no step for it.
    public func resource(_ id: ResourceID) -> ResourceProgress? {
        guard let number = machine.index.number(of: id), machine.index.hasSteps(number) else { return nil }
        return ResourceProgress(number, in: machine)
    }

    /// nil if it is not in the plan.
    public func step(_ id: StepID) -> StepProgress? { machine.index.step(id).map { StepProgress($0, in: machine) } }

    /// Bakes: they belong to a wave and not to one resource.
    public var waveSteps: [StepProgress] { machine.index.bakes.map { StepProgress($0, in: machine) } }

    /// Who asked that another executor take the run, and why; nil once one has.
    public var handOver: (by: Person, reason: String)? { fold.handOver.map { ($0.by, $0.reason) } }

    /// Those that are, or were, taken back by a person's wish while the others go on; sorted.
    public var takenBack: [ResourceID] { fold.takingBack.map(machine.index.name).sorted() }

    /// The failed ones that can be tried again now: back at rest, not in quarantine; sorted.
    public var retryable: [ResourceID] { machine.failedToRetry(among: []) }

    /// These and whatever has to go back with them, at this moment (I8).
    public func partRollback(of resources: [ResourceID]) -> PartRollback {
        machine.partRollback(of: resources)
    }

    /// Every temporary change that is not taken back yet, by resource. See `OwedChange`.
    public var owed: [OwedChange] { machine.owedChanges() }

    /// Drains that this run still has to take back.
    public var obligations: [Obligation] {
        fold.obligations.values.sorted { ($0.since, $0.step) < ($1.since, $1.step) }
    }

    public var quarantined: [QuarantineEntry] { fold.quarantined.values.sorted { $0.resource < $1.resource } }

    /// Resources that are out of their groups now, quarantined ones among them.
    public var out: [ResourceID] { machine.index.resources.filter { fold.isOut($0) }.map(machine.index.name) }
    public var failed: [ResourceProgress] {
        machine.index.resources.filter { fold.hasFailed($0) }.map { ResourceProgress($0, in: machine) }
    }

    /// Settled forward steps and all of them.
    public var progress: (settled: Int, total: Int) {
        let (first, end) = (machine.plan.rollback.count, machine.index.stepCount)
        return ((first..<end).count { fold[StepNumber($0)].isSettled }, end - first)
    }
}

/// How far one resource has come.
public struct ResourceProgress: Sendable, Equatable {
    public enum Phase: String, Codable, Sendable, CaseIterable {
        case untouched, going, finished
        /// Being stopped, but first brought back with its change.
        case completing
        /// Being brought back unchanged.
        case restoring
        case restored
        case rollingBack, rolledBack
        case quarantined
        /// Failed, or stopped, before anything was done to it.
        case stopped
    }

    public var resource: ResourceID
    public var phase: Phase
    public var isOut: Bool
    /// Why it counts as failed; nil if it doesn't.
    public var failure: ResourceFailure?
    public var quarantine: QuarantineEntry?
    public var steps: [StepProgress]
    /// Empty as long as it is not going back.
    public var rollback: [StepProgress]

    init(_ resource: ResourceNumber, in machine: RunMachine) {
        let forward = machine.index.forward(resource).map { StepProgress($0, in: machine) }
        let course = machine.course(of: resource)
        let isAtRest = machine.isAtRest(resource)
        let isTouched = forward.contains { $0.status != .pending }
        self.resource = machine.index.name(of: resource)
        isOut = machine.fold.isOut(resource)
        failure = machine.fold.failed[resource]
        quarantine = machine.fold.quarantined[resource]
        steps = forward
        rollback =
            course == .rollingBack || course == .quarantined
            ? machine.index.rollback(resource).map { StepProgress($0, in: machine) } : []
        // Of who is taken through by a controller its own steps do not say so: they are looks at what that does.
        let isThrough = machine.index.takenThrough[resource]?.allSatisfy { machine.fold[$0].isSettled } ?? true
        let isFinished = isThrough && forward.allSatisfy(\.status.isSettled)
        let back = machine.index.takenBackThrough[resource]?.filter { machine.fold[$0].acted } ?? []
        let isBack = back.allSatisfy { machine.fold[$0].isSettled }
        phase =
            switch course {
            case .forward where !back.isEmpty, .stopped where !back.isEmpty: isBack ? .rolledBack : .rollingBack
            case .forward: isFinished && isAtRest ? .finished : isTouched ? .going : .untouched
            case .completing: .completing
            case .restoring: .restoring
            case .stranded: .restoring
            case .rollingBack: isAtRest ? .rolledBack : .rollingBack
            case .quarantined: .quarantined
            case .stopped where isFinished: .finished
            case .stopped where forward.contains(where: { $0.availability == .bringsBack && $0.status.isSettled }):
                machine.wasBegun(resource) ? .finished : .restored
            case .stopped: isTouched ? .stopped : .untouched
            }
    }
}

/// How far one step has come.
public struct StepProgress: Sendable, Equatable {
    public enum Status: Sendable, Equatable {
        case pending
        case underWay
        case done(Observation)
        case skipped(reason: String)
        /// Failed, and will be tried again without a person.
        case willRetry(StepFailure)
        case failed(StepFailure)

        public var isSettled: Bool {
            switch self {
            case .done, .skipped: true
            case .pending, .underWay, .willRetry, .failed: false
            }
        }
    }

    public var id: StepID
    /// The action's name, such as `drain`.
    public var name: String
    public var wave: Int
    public var availability: AvailabilityEffect
    public var status: Status
    public var attempts: Int
    public var startedAt: Timestamp?
    public var settledAt: Timestamp?

    init(_ step: IndexedStep, in machine: RunMachine) {
        let planned = machine.index.planned(step.number)
        let record = machine.fold[step]
        let account = machine.fold.account(of: step.number)
        id = planned.id
        name = planned.action.name
        wave = planned.wave
        availability = step.availability
        attempts = record.attempts
        startedAt = account.firstIntendedAt
        settledAt = account.settledAt
        status =
            if record.open != nil {
                .underWay
            } else if let reason = account.skippedBecause {
                .skipped(reason: reason)
            } else if let observation = account.done {
                .done(observation)
            } else if let failure = account.failure {
                record.isFailedForGood ? .failed(failure) : .willRetry(failure)
            } else {
                .pending
            }
    }
}

extension RunState {
    /// What is asked of a person now, by the gate that asks; in the plan's order.
    public var questions: [(step: StepID, questions: [String])] {
        machine.plan.steps.filter { $0.asksPerson && machine.index.step($0.id).map(machine.isAsked) ?? false }
            .map { ($0.id, $0.action.questions) }
    }

    /// Why the step can never be skipped; nil if it may be, now or later.
    public func refusalOfSkip(of step: StepID) -> String? {
        guard let number = machine.index.step(step) else { return "step \(step) is not in the plan" }
        let planned = machine.index.planned(number.number)
        return planned.maySkip
            ? nil : "step \(step) (\(planned.action.name)) cannot be skipped: a resource's return would rest on it (I6)"
    }

    /// Why a step cannot be answered now; nil if it can.
    public func refusalOfAnswer(to step: StepID, _ verdict: GateVerdict) -> String? {
        guard let number = machine.index.step(step) else { return "step \(step) is not in the plan" }
        return machine.illegalityOfAnswer(number, verdict)
    }
}
