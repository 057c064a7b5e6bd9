public import FettleModel

/// The fold of a run's journal: all that is known for certain, and all that a successor knows after replay.
struct JournalFold: Sendable, Equatable {
    struct Start: Sendable, Equatable {
        var change: ChangeID
        var plan: StageReference
        var by: Person
        var at: Timestamp
    }

    /// Where the run as a whole is going. It never goes back to an earlier one.
    enum Mode: Sendable, Equatable {
        case forward
        case aborting(by: Person, reason: String)
        case rollingBack(by: Person?, reason: String)
    }

    struct Pause: Sendable, Equatable {
        var by: Person
        var reason: String
        var since: Timestamp
    }

    /// Who asked for something, and why.
    struct Wish: Sendable, Equatable {
        var by: Person
        var reason: String
    }

    struct TrafficKey: Hashable, Sendable {
        var resource: ResourceID
        var traffic: TrafficBinding
    }

    var start: Start?
    var sequence = 0
    var epoch = 0
    var executor: String?
    var lastAt: Timestamp?
    var steps: [StepID: StepRecord] = [:]
    /// Steps that were intended and have no result.
    var open: Set<StepID> = []
    var mode = Mode.forward
    var pause: Pause?
    /// Resources that were out and unchanged when a pause began: they are put back, and go through the plan anew after it.
    var restoring: Set<ResourceID> = []
    /// How long the run was paused before the present pause.
    var pausedMilliseconds: Int64 = 0
    var awaiting: String?
    /// Resources that count as failed now, with the step and failure that did it.
    var failed: [ResourceID: ResourceFailure] = [:]
    /// Every resource that ever failed: a retry doesn't refill the budget (I10).
    var everFailed: Set<ResourceID> = []
    /// Why the failures were too many; latched.
    var budgetBroken: String?
    /// `takesOut` steps that were intended and not yet taken back.
    var out: [ResourceID: Set<StepID>] = [:]
    /// Drains that this run made and owes back (I7).
    var obligations: [TrafficKey: Obligation] = [:]
    var quarantined: [ResourceID: QuarantineEntry] = [:]
    /// Taken back by a person's wish, while all others go on.
    var takingBack: Set<ResourceID> = []
    /// Who wished for that last, and why.
    var partRollback: Wish?
    /// The executor leaves the run to another; until that one claims it.
    var handOver: Wish?
    var outcome: RunOutcome?

    subscript(step: StepID) -> StepRecord {
        get { steps[step] ?? StepRecord() }
        set {
            steps[step] = newValue
            if newValue.open == nil { open.remove(step) } else { open.insert(step) }
        }
    }

    func isOut(_ resource: ResourceID) -> Bool { !(out[resource] ?? []).isEmpty }

    /// The clock that a pause stops, in milliseconds: deadlines and back-off of forward steps run by it (I4).
    func progressClock(at time: Timestamp) -> Int64 {
        let running = time.milliseconds - pausedMilliseconds
        guard let pause else { return running }
        return running - max(0, time.milliseconds - pause.since.milliseconds)
    }
}

/// What became of one step so far.
struct StepRecord: Sendable, Equatable {
    struct OpenAttempt: Sendable, Equatable {
        var number: Int
        var intendedAt: Timestamp
        /// The epoch of its executor: an older one than the run's means that nobody awaits the result any more.
        var epoch: Int
        var prior: PriorState?
    }

    /// Attempts ever numbered; never starts anew, so that a late result cannot be taken for a newer one.
    var attempts = 0
    /// Failed attempts since it was last done or a person asked for a retry.
    var failures = 0
    var open: OpenAttempt?
    /// Ever, whatever became of it since.
    var wasDone = false
    var done: Observation?
    var skippedBecause: String?
    var failure: StepFailure?
    var failedAt: Timestamp?
    /// When it failed, by the clock that pauses stop.
    var failedAtProgress: Int64 = 0
    /// No further attempt is made without a person.
    var isFailedForGood = false
    /// An attempt was intended that was to change something.
    var acted = false
    var prior: PriorState?
    /// What a person said, to a gate that asks one.
    var answer: GateAnswer?
    var firstIntendedAt: Timestamp?
    var settledAt: Timestamp?

    var isSettled: Bool { (done != nil && open == nil) || skippedBecause != nil }
}

/// Why a resource counts as failed.
public struct ResourceFailure: Sendable, Equatable {
    public var step: StepID
    public var failure: StepFailure
    public var at: Timestamp

    public init(step: StepID, failure: StepFailure, at: Timestamp) {
        self.step = step
        self.failure = failure
        self.at = at
    }
}
