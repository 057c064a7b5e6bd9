/// One entry of a run's journal. The state of a run is the fold of its events; nothing else is kept.
public enum RunEvent: Codable, Sendable, Equatable {
    /// The first event: what is carried out, for which change, and by whom it was started.
    case started(change: ChangeID, plan: StageReference, by: Person)
    /// An executor took the run over; every append of an earlier epoch is refused from now on (I2).
    case claimed(executor: String)
    /// Durable before anything is done (I2). `prior` is what the driver saw before a temporary change, so that exactly that
    /// can be put back (I7).
    case stepIntended(step: StepID, attempt: Int, prior: PriorState?)
    /// The postcondition was observed (I3, I6).
    case stepDone(step: StepID, attempt: Int, observation: Observation)
    case stepFailed(step: StepID, attempt: Int, failure: StepFailure)
    /// A person decided to go on without it.
    case stepSkipped(step: StepID, by: Person, reason: String)
    /// A person answered what a gate asks, after all that it judges was done; `pass` or `fail`.
    case gateAnswered(step: StepID, by: Person, verdict: GateVerdict, reason: String)
    case paused(by: Person, reason: String)
    case resumed(by: Person)
    /// A person tries again what failed or stood still.
    case retried(by: Person)
    /// No further step is started; what is out is brought back or quarantined.
    case abortRequested(by: Person, reason: String)
    /// Everything that was begun is taken back. `by` is nil when the failure budget did it (I10).
    case rollbackRequested(by: Person?, reason: String)
    /// These are taken back, and whatever needs them is among them; all others go on (I8).
    case partRollbackRequested(resources: [ResourceID], by: Person, reason: String)
    /// A person tries again what failed, and only that: these go through the plan once more.
    case failedRetried(resources: [ResourceID], by: Person)
    /// The executor finishes what is under way, starts nothing, and leaves the run to another; the next `claimed` ends it.
    case handOverRequested(by: Person, reason: String)
    /// Another run has its hosts now, with all that was owed for them. An end: nothing more is done by this one.
    case superseded(by: RunID, hosts: [ResourceID], person: Person)
    /// A resource stays out of traffic, because its gate does not pass (I7).
    case quarantined(entry: QuarantineEntry)
    /// The run stands still until a person acts. Not an end.
    case awaitingHuman(reason: String)
    case ended(outcome: RunOutcome)
}

/// A journal line: an event with its place, its fence and its time.
public struct JournalRecord: Codable, Sendable, Equatable {
    /// The newest form that is read. Written is the oldest that can say it (`RunEvent.schema`).
    public static let currentSchema = 2

    /// From 1, without gaps.
    public var sequence: Int
    public var epoch: Int
    public var at: Timestamp
    public var event: RunEvent

    public init(sequence: Int, epoch: Int, at: Timestamp, event: RunEvent) {
        self.sequence = sequence
        self.epoch = epoch
        self.at = at
        self.event = event
    }
}

public enum RunOutcome: Codable, Sendable, Equatable {
    case succeeded
    case rolledBack(reason: String)
    case failed(reason: String)
}

/// What a driver saw before it made a temporary change, in its own words. Only that driver reads it.
public struct PriorState: Codable, Sendable, Equatable {
    /// Whether the change was already there: then it is not ours to undo (system-upgrade-controller#341).
    public var alreadySo: Bool
    public var details: [String: String]

    /// Details that begin with this are for the steps that judge the act, too: what was there before it.
    public static let markPrefix = "before the act: "
    /// What a person answered to a gate is handed to its driver by these.
    public static let answerVerdict = "answer: verdict"
    public static let answerPerson = "answer: by"
    public static let answerReason = "answer: reason"

    public init(alreadySo: Bool, details: [String: String]) {
        self.alreadySo = alreadySo
        self.details = details
    }
}

/// What a person answered to a gate.
public struct GateAnswer: Codable, Sendable, Equatable {
    public var by: Person
    public var verdict: GateVerdict
    public var reason: String
    public var at: Timestamp

    public init(by: Person, verdict: GateVerdict, reason: String, at: Timestamp) {
        self.by = by
        self.verdict = verdict
        self.reason = reason
        self.at = at
    }
}

/// What was seen after an act. It must be younger than the act it judges (I6).
public struct Observation: Codable, Sendable, Equatable {
    public var verdict: GateVerdict
    /// A line for people.
    public var summary: String
    public var details: [String: String]
    public var observedAt: Timestamp

    public init(verdict: GateVerdict, summary: String, details: [String: String] = [:], observedAt: Timestamp) {
        self.verdict = verdict
        self.summary = summary
        self.details = details
        self.observedAt = observedAt
    }
}

/// Why a step did not do what it was for.
public struct StepFailure: Error, Codable, Sendable, Equatable {
    public var code: Code
    public var message: String
    /// The end of what the target printed, without control characters; at most 4 KiB.
    public var output: String

    public init(code: Code, message: String, output: String = "") {
        self.code = code
        self.message = message
        self.output = output
    }

    public enum Code: String, Codable, Sendable, CaseIterable {
        /// The target or the load balancer cannot be reached. Worth another try; counts as failure when tries are used up (I10).
        case unreachable
        /// Somebody holds a lock. Worth another try.
        case locked
        case timeout
        /// The world is not as the plan foresaw it: the plan is void here.
        case drift
        /// The package manager refused or its scripts failed.
        case packageManager
        case noSpace
        /// A gate said `fail`.
        case unhealthy
        /// A gate could not say anything: never taken for a pass (I6).
        case inconclusive
        case refused
        case `internal`

        /// Whether the same step may be tried again without a person.
        public var isRetryable: Bool { self == .unreachable || self == .locked || self == .timeout }
    }
}

/// A temporary change that somebody still has to take back.
public struct Obligation: Codable, Sendable, Equatable {
    public var run: RunID
    public var step: StepID
    public var resource: ResourceID
    public var traffic: TrafficBinding
    public var prior: PriorState
    public var since: Timestamp

    public init(
        run: RunID, step: StepID, resource: ResourceID, traffic: TrafficBinding, prior: PriorState, since: Timestamp
    ) {
        self.run = run
        self.step = step
        self.resource = resource
        self.traffic = traffic
        self.prior = prior
        self.since = since
    }
}

/// A resource that is kept out of traffic until a person settles it.
public struct QuarantineEntry: Codable, Sendable, Equatable {
    public var resource: ResourceID
    public var run: RunID
    public var reason: String
    /// Who has to settle it.
    public var owner: Person
    public var since: Timestamp
    public var deadline: Timestamp
    /// What is owed: the drains that were not taken back.
    public var obligations: [Obligation]

    public init(
        resource: ResourceID, run: RunID, reason: String, owner: Person, since: Timestamp, deadline: Timestamp,
        obligations: [Obligation]
    ) {
        self.resource = resource
        self.run = run
        self.reason = reason
        self.owner = owner
        self.since = since
        self.deadline = deadline
        self.obligations = obligations
    }
}
