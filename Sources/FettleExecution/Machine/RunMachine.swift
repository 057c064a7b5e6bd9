public import FettleModel

/// Decides what happens next in a run: records and reports in, commands out. No I/O, no clock; the same inputs give the same
/// commands.
///
/// What is durable is `fold`, made of the journal's records alone; what is beside it only remembers what the shell was asked
/// and may be lost: after replay the machine asks again. The shell's loop: after every `receive` or `request` it calls `next`
/// until that gives no `append`, making each append durable and applying it.
public struct RunMachine: Sendable {
    let run: RunID
    let index: PlanIndex
    let pace: RunPace
    var fold = JournalFold()

    /// Decided, and not handed to the shell yet.
    var pending: [RunEvent] = []
    /// What the shell is about, by step.
    var activities: [StepID: Activity] = [:]
    /// Steps that could not start, and when to ask again.
    var waiting: [StepID: Waiting] = [:]
    /// Drains that no longer held when they were confirmed.
    var lostDrains: Set<StepID> = []
    /// Resources for which this run holds a reservation in the store.
    var held: Set<ResourceID> = []
    /// Those of them that may be needed no longer.
    var releasable: Set<ResourceID> = []
    var releasing: Set<ResourceID> = []
    var filed: Set<ResourceID> = []
    var filing: Set<ResourceID> = []
    /// When the run last came on, by the clock of its last record: waiting for capacity is counted from here.
    var progressedAt: Timestamp?

    var agenda = Agenda()
    /// Which way each resource goes; follows from the fold.
    var courses: [ResourceID: Course] = [:]
    /// How far the plan's orders have come; follows from the fold.
    var turnState: TurnState

    enum Activity: Sendable, Equatable {
        case checking(attempt: Int)
        /// `asked`: the shell was told.
        case reserving(StepAnswer, asked: Bool)
        case performing(attempt: Int)
    }

    struct Waiting: Sendable, Equatable {
        enum Cause: Sendable, Equatable { case blocked, refused, window }
        var cause: Cause
        var reason: String
        /// Both by the step's own clock, in milliseconds.
        var since: Int64
        var nextTry: Int64
    }

    /// - Throws: a `PlanDefect` if the plan's steps don't hang together.
    public init(run: RunID, plan: Plan, pace: RunPace = RunPace()) throws(PlanDefect) {
        self.run = run
        self.index = try PlanIndex(plan: plan)
        self.pace = pace
        turnState = TurnState(index.turns)
        recountTurns()
    }

    public var plan: Plan { index.plan }
    public var outcome: RunOutcome? { fold.outcome }
    public var isPaused: Bool { fold.pause != nil }
    /// Why the run stands still until a person acts; nil if it doesn't.
    public var awaitingHuman: String? { fold.awaiting }
    public var hasStarted: Bool { fold.start != nil }
    /// The sequence of the last record applied.
    public var sequence: Int { fold.sequence }

    /// Folds one record: the only way in which a run's state changes.
    /// - Throws: `IllegalTransition`, and changes nothing, if the record does not follow from what came before.
    public mutating func apply(_ record: JournalRecord) throws(IllegalTransition) {
        if let reason = illegality(of: record) {
            throw IllegalTransition(sequence: record.sequence, event: record.event, reason: reason)
        }
        apply(legal: record)
        touch(by: record.event)
        switch record.event {
        case .stepIntended(let step, _, _):
            // Taken out, it goes by another clock (see `pauses`).
            waiting[step] = nil
        case .stepDone(let step, _, _):
            progressedAt = record.at
            if let step = index.step(step), step.availability == .bringsBack {
                forgetWaiting(of: step.resource)
                if !lostDrains.isEmpty { lostDrains = lostDrains.filter { index.step($0)?.resource != step.resource } }
                releasable.insert(step.resource)
            }
        case .resumed, .claimed: progressedAt = record.at
        case .stepFailed(let step, _, _):
            waiting[step] = nil
            if fold[step].isFailedForGood { lostDrains.remove(step) }
        case .retried, .failedRetried, .partRollbackRequested:
            progressedAt = record.at
            waiting = [:]
        default: break
        }
    }

    /// Back in traffic, nothing of the resource is waited for any longer.
    private mutating func forgetWaiting(of resource: ResourceID) {
        guard !waiting.isEmpty else { return }
        for other in index.forward[resource] ?? [] { waiting[other.id] = nil }
    }

    /// After replay, before the first `next`: the reservations that the store holds for this run. One without a journaled
    /// reason is from a crash between the reservation and the intent, and is given back.
    public mutating func begin(holding reservations: Set<ResourceID>) {
        held = reservations
        releasable = reservations
    }

    /// Deadlines and back-off of the way back run on while the run is paused; all others stand still.
    func clock(of step: Step, at now: Timestamp) -> Int64 {
        pauses(step) ? fold.progressClock(at: now) : now.milliseconds
    }

    /// Whether a pause keeps the step from starting: nothing new is begun in it. What is out is brought to its next safe point,
    /// and so are steps that bring a resource back (I4).
    func pauses(_ step: Step) -> Bool {
        guard fold.mode == .forward, !index.isRollback(step.id) else { return false }
        return step.isBake || (course(of: step.resource) == .forward && !fold.isOut(step.resource))
    }
}

/// A record that cannot follow from the journal before it.
public struct IllegalTransition: Error, Sendable, Equatable, CustomStringConvertible {
    public var sequence: Int
    public var event: RunEvent
    public var reason: String

    public init(sequence: Int, event: RunEvent, reason: String) {
        self.sequence = sequence
        self.event = event
        self.reason = reason
    }

    public var description: String { "journal line \(sequence): \(reason)" }
}
