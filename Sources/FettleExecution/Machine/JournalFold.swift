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
        var resource: ResourceNumber
        /// As in `IndexedStep`.
        var traffic: Int32
    }

    var start: Start?
    var sequence = 0
    var epoch = 0
    var executor: String?
    var lastAt: Timestamp?
    private(set) var steps: Table<Step, StepRecord>
    /// Of those steps that have one.
    private(set) var accounts: [StepNumber: StepAccount] = [:]
    /// Steps that were intended and have no result.
    private(set) var open = NumberSet<Step>()
    private(set) var resources: Table<Resource, ResourceRecord>
    /// Resources with a `takesOut` step that was intended and not yet taken back.
    private(set) var out = NumberSet<Resource>()
    var mode = Mode.forward
    var pause: Pause?
    /// Resources that were out and unchanged when a pause began: they are put back, and go through the plan anew after it.
    var restoring = NumberSet<Resource>()
    /// How long the run was paused before the present pause.
    var pausedMilliseconds: Int64 = 0
    var awaiting: String?
    /// Resources that count as failed now, with the step and failure that did it.
    private(set) var failed: [ResourceNumber: ResourceFailure] = [:]
    /// Every resource that ever failed by its change: a retry doesn't refill the budget (I10).
    var everFailed = NumberSet<Resource>()
    /// Why the failures were too many; latched.
    var budgetBroken: String?
    /// Drains that this run made and owes back (I7).
    var obligations: [TrafficKey: Obligation] = [:]
    private(set) var quarantined: [ResourceNumber: QuarantineEntry] = [:]
    /// Who was told to shut down for good, or may have been: no retry makes that untrue.
    var retirementsBegun: Set<StepNumber> = []
    /// Changed by what nothing takes back, and tried anew since: no retry makes that untrue.
    var changedBefore = NumberSet<Resource>()
    /// Taken back by a person's wish, while all others go on.
    var takingBack = NumberSet<Resource>()
    /// Who wished for that last, and why.
    var partRollback: Wish?
    /// The executor leaves the run to another; until that one claims it.
    var handOver: Wish?
    var outcome: RunOutcome?

    init(_ index: PlanIndex) {
        steps = Table(repeating: StepRecord(), count: index.stepCount)
        resources = Table(repeating: ResourceRecord(), count: index.resourceCount)
    }

    // MARK: The run as a whole

    // Asked for every step again and again: without a comparison, which would copy what is compared.
    var isForward: Bool { if case .forward = mode { true } else { false } }
    var isPaused: Bool { if case .some = pause { true } else { false } }
    var awaitsPerson: Bool { if case .some = awaiting { true } else { false } }
    var hasStarted: Bool { if case .some = start { true } else { false } }
    var hasEnded: Bool { if case .some = outcome { true } else { false } }

    // MARK: Steps

    subscript(step: IndexedStep) -> StepRecord { steps[step.number] }
    subscript(step: StepNumber) -> StepRecord { steps[step] }

    /// What is known of a step beside what decides.
    func account(of step: StepNumber) -> StepAccount { accounts[step] ?? StepAccount() }

    mutating func change(_ step: StepNumber, _ change: (inout StepRecord, inout StepAccount) -> Void) {
        change(&steps[step], &accounts[step, default: StepAccount()])
        if steps[step].open == nil { open.remove(step) } else { open.insert(step) }
    }

    /// As if it had never been begun; but attempts are numbered on.
    mutating func startAnew(_ step: StepNumber) {
        steps[step] = StepRecord(attempts: steps[step].attempts, holdsOut: steps[step].holdsOut)
        accounts[step] = nil
        open.remove(step)
    }

    // MARK: Resources

    func isOut(_ resource: ResourceNumber) -> Bool { resources[resource].outBy > 0 }
    func hasFailed(_ resource: ResourceNumber) -> Bool { resources[resource].hasFailed }
    func isQuarantined(_ resource: ResourceNumber) -> Bool { resources[resource].isQuarantined }

    /// A `takesOut` step was intended.
    mutating func takeOut(_ step: IndexedStep) {
        guard !steps[step.number].holdsOut else { return }
        steps[step.number].holdsOut = true
        resources[step.resource].outBy += 1
        out.insert(step.resource)
    }

    /// What a `takesOut` step has done was taken back.
    mutating func bringBack(_ step: IndexedStep) {
        guard steps[step.number].holdsOut else { return }
        steps[step.number].holdsOut = false
        resources[step.resource].outBy -= 1
        if !isOut(step.resource) { out.remove(step.resource) }
    }

    /// The first failure counts.
    /// - Parameter counts: against the budget.
    mutating func fail(_ resource: ResourceNumber, _ failure: ResourceFailure, counts: Bool = true) {
        if counts { everFailed.insert(resource) }
        guard !hasFailed(resource) else { return }
        failed[resource] = failure
        resources[resource].hasFailed = true
    }

    mutating func forgetFailure(of resource: ResourceNumber) {
        failed[resource] = nil
        resources[resource].hasFailed = false
    }

    mutating func quarantine(_ resource: ResourceNumber, _ entry: QuarantineEntry) {
        quarantined[resource] = entry
        resources[resource].isQuarantined = true
    }

    /// Somebody else has it now.
    mutating func forgetQuarantine(of resource: ResourceNumber) {
        quarantined[resource] = nil
        resources[resource].isQuarantined = false
    }

    /// The clock that a pause stops, in milliseconds: deadlines and back-off of forward steps run by it (I4).
    func progressClock(at time: Timestamp) -> Int64 {
        let running = time.milliseconds - pausedMilliseconds
        guard let pause else { return running }
        return running - max(0, time.milliseconds - pause.since.milliseconds)
    }
}

/// What of a step's past decides about its future. Numbers alone: copied for nothing.
struct StepRecord: Sendable, Equatable {
    struct OpenAttempt: Sendable, Equatable {
        var number: Int
        var intendedAt: Timestamp
        /// The epoch of its executor: an older one than the run's means that nobody awaits the result any more.
        var epoch: Int
        /// Something is to be changed: it was not seen to be so already.
        var acts: Bool
    }

    /// Attempts ever numbered; never starts anew, so that a late result cannot be taken for a newer one.
    var attempts = 0
    /// Failed attempts since it was last done or a person asked for a retry.
    var failures = 0
    var open: OpenAttempt?
    /// Ever, whatever became of it since.
    var wasDone = false
    var isDone = false
    var isSkipped = false
    /// Its last attempt has failed.
    var hasFailed = false
    var failedAt: Timestamp?
    /// When it failed, by the clock that pauses stop.
    var failedAtProgress: Int64 = 0
    /// No further attempt is made without a person.
    var isFailedForGood = false
    /// An attempt was intended that was to change something.
    var acted = false
    /// A `takesOut` step that was intended and not yet taken back.
    var holdsOut = false
    /// By a person, if it is a gate that asks one.
    var isAnswered = false

    var isSettled: Bool { (isDone && open == nil) || isSkipped }
    /// It is under way, or its last attempt has had a result.
    var hasBegun: Bool { open != nil || isDone || hasFailed }
}

/// What is known of a step for people and drivers.
struct StepAccount: Sendable, Equatable {
    var done: Observation?
    var skippedBecause: String?
    var failure: StepFailure?
    var prior: PriorState?
    /// What a person said, to a gate that asks one.
    var answer: GateAnswer?
    var firstIntendedAt: Timestamp?
    var settledAt: Timestamp?
}

/// What of a resource's past decides about its future.
struct ResourceRecord: Sendable, Equatable {
    /// How many `takesOut` steps of it were intended and not yet taken back.
    var outBy: Int32 = 0
    var hasFailed = false
    var isQuarantined = false
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
