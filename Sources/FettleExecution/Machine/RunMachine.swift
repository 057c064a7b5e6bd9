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
    var fold: JournalFold

    /// Decided, and not handed to the shell yet.
    var pending: [RunEvent] = []
    /// What the shell is about, by step.
    var activities: [StepNumber: Activity] = [:]
    /// Steps that could not start, and when to ask again.
    var waiting: [StepNumber: Waiting] = [:]
    /// Drains that no longer held when they were confirmed.
    var lostDrains = NumberSet<Step>()
    /// Resources for which this run holds a reservation in the store.
    var held = NumberSet<Resource>()
    /// Those of them that may be needed no longer.
    var releasable = NumberSet<Resource>()
    /// Reserved for this run, and not in its plan: given back at once.
    var strangers: [ResourceID] = []
    var releasing = NumberSet<Resource>()
    var filed = NumberSet<Resource>()
    var filing = NumberSet<Resource>()
    /// When the run last came on, by the clock of its last record: waiting for capacity is counted from here.
    var progressedAt: Timestamp?

    var agenda: Agenda
    /// Which way each resource goes; follows from the fold.
    var courses: Table<Resource, Course>
    /// How far the plan's orders have come; follows from the fold.
    var turnState: TurnState

    enum Activity: Sendable, Equatable {
        case checking(attempt: Int)
        /// `asked`: the shell was told.
        case reserving(StepAnswer, asked: Bool)
        case performing(attempt: Int)
    }

    struct Waiting: Sendable, Equatable {
        /// `heldUp`: by a pause or a question, for as long as a person takes.
        enum Cause: Sendable, Equatable { case blocked, refused, window, heldUp }
        var cause: Cause
        var reason: String
        /// Which clock that was: see `pauses`.
        var stopsInPause: Bool
        /// Both by the step's own clock, in milliseconds.
        var since: Int64
        var nextTry: Int64
    }

    /// - Throws: a `PlanDefect` if the plan's steps don't hang together.
    public init(run: RunID, plan: Plan, pace: RunPace = RunPace()) throws(PlanDefect) {
        self.run = run
        index = try PlanIndex(plan: plan)
        self.pace = pace
        fold = JournalFold(index)
        agenda = Agenda(index)
        courses = Table(repeating: .forward, count: index.resourceCount)
        turnState = TurnState(index.turns, resources: index.resourceCount)
        recountTurns()
    }

    public var plan: Plan { index.plan }
    public var outcome: RunOutcome? { fold.outcome }
    public var isPaused: Bool { fold.isPaused }
    /// Why the run stands still until a person acts; nil if it doesn't.
    public var awaitingHuman: String? { fold.awaiting }
    public var hasStarted: Bool { fold.hasStarted }
    /// The sequence of the last record applied.
    public var sequence: Int { fold.sequence }

    /// Folds one record: the only way in which a run's state changes.
    /// - Throws: `IllegalTransition`, and changes nothing, if the record does not follow from what came before.
    public mutating func apply(_ record: JournalRecord) throws(IllegalTransition) {
        let step = record.event.step.flatMap { index.step($0) }
        if let reason = illegality(of: record, step) {
            throw IllegalTransition(sequence: record.sequence, event: record.event, reason: reason)
        }
        apply(legal: record, step)
        touch(by: record.event, step)
        switch record.event {
        case .stepIntended:
            // Taken out, it goes by another clock (see `pauses`).
            if let step { waiting[step.number] = nil }
        case .stepDone:
            progressedAt = record.at
            if let step, step.availability == .bringsBack { forgetOutage(of: step.resource) }
        case .resumed, .claimed: progressedAt = record.at
        case .stepFailed:
            guard let step else { break }
            waiting[step.number] = nil
            // Cut short: what the shell is about for it is nobody's any more. A reservation still comes, and is given back then.
            if case .reserving = activities[step.number] {} else { activities[step.number] = nil }
            if fold[step].isFailedForGood { lostDrains.remove(step.number) }
        case .retried, .failedRetried, .partRollbackRequested:
            progressedAt = record.at
            waiting = [:]
        default: break
        }
    }

    /// Back in traffic, nothing of the resource is waited for any longer, and what was reserved for it can be given back.
    private mutating func forgetOutage(of resource: ResourceNumber) {
        releasable.insert(resource)
        guard !waiting.isEmpty || !lostDrains.isEmpty else { return }
        for step in index.steps[resource] {
            if !step.isRollback { waiting[step.number] = nil }
            lostDrains.remove(step.number)
        }
    }

    /// After replay, before the first `next`: the reservations that the store holds for this run. One without a journaled
    /// reason is from a crash between the reservation and the intent, and is given back.
    public mutating func begin(holding reservations: Set<ResourceID>) {
        held = NumberSet(reservations.compactMap(index.number))
        releasable = held
        strangers = reservations.filter { index.number(of: $0) == nil }.sorted()
    }

    /// Deadlines and back-off of the way back run on while the run is paused; all others stand still.
    func clock(of step: IndexedStep, at now: Timestamp) -> Int64 {
        pauses(step) ? fold.progressClock(at: now) : now.milliseconds
    }

    /// What the step waits for, by the clock by which it goes now. Once it goes by the other one, because its resource has failed or
    /// the run goes back, it waits anew: the two are apart by all the time that the run was paused.
    func waiting(of step: IndexedStep) -> Waiting? {
        guard let waiting = waiting[step.number], waiting.stopsInPause == pauses(step) else { return nil }
        return waiting
    }

    /// Whether a pause keeps the step from starting: nothing new is begun in it. What is out is brought to its next safe point,
    /// and so are steps that bring a resource back (I4), and traffic that may stand on two halves.
    func pauses(_ step: IndexedStep) -> Bool {
        guard fold.isForward, !step.isRollback else { return false }
        if step.isOfTraffic { return !fold[step].acted }
        if step.isBake { return !isOutByPlan(step.resource) }
        return course(of: step.resource) == .forward && !fold.isOut(step.resource) && !isAwaitedByItsController(step)
    }

    /// A look at a member that its cluster's controller waits for, which is out until it has taken all of them through.
    private func isAwaitedByItsController(_ step: IndexedStep) -> Bool {
        guard step.availability == .none, let upgrades = index.takenThrough[step.resource] else { return false }
        return upgrades.contains { isOutByPlan(index.step($0).resource) }
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
