public import FettleModel
public import FettleStore

/// What the machine asks of its shell. Each but `append`, `wait` and `stop` is answered by one `Report`.
public enum Command: Sendable, Equatable {
    /// Make these durable, in this order, and apply them, before any other command is asked for. Always alone in its batch.
    case append([RunEvent])
    /// Ask the driver whether the step can be performed. `confirming`: drains that must still hold; a lost one comes first (I3).
    case check(StepOrder, confirming: [StepOrder])
    /// Look at every group that the step takes members from, then take the reservation (I1).
    case observeAndReserve(CapacityOrder)
    /// The intent is durable: perform, then verify. `keeping`: drains that must hold all the while; a lost one is taken again
    /// at once.
    case perform(StepOrder, keeping: [StepOrder])
    /// Give the resource's reservation back.
    case release(ResourceID)
    /// Put the entry into the quarantine ledger.
    case quarantine(QuarantineEntry)
    /// Nothing further is due before this time (nil: before a report or a person's request).
    case wait(until: Timestamp?)
    /// The run has ended, nothing is owed.
    case stop(RunOutcome)
}

/// A step as it is to be carried out now.
public struct StepOrder: Sendable, Equatable {
    public var step: Step
    public var attempt: Int
    /// When this attempt was intended; for a check before the intent, the time of asking.
    public var intendedAt: Timestamp
    /// For a step that takes a temporary change back: what was seen before that change; for any other: what its own check saw
    /// before its first attempt.
    public var prior: PriorState?
    /// For a bake: what the preflights of those that it watches have observed.
    public var before: [ResourceID: Observation]

    public init(
        step: Step, attempt: Int, intendedAt: Timestamp, prior: PriorState?, before: [ResourceID: Observation] = [:]
    ) {
        self.step = step
        self.attempt = attempt
        self.intendedAt = intendedAt
        self.prior = prior
        self.before = before
    }
}

/// What the shell tells the machine. Never journaled itself; what follows from it is.
public enum Report: Sendable {
    case checked(StepID, attempt: Int, StepAnswer)
    case reserved(StepID, ReservationDecision)
    case performed(StepID, attempt: Int, Result<Observation, StepFailure>)
    case released(ResourceID)
    case quarantineFiled(ResourceID)
}

/// A driver's readiness in the machine's words.
public enum StepAnswer: Sendable, Equatable {
    case ready(prior: PriorState?)
    case alreadyDone(Observation)
    case blocked(reason: String)
    case unknown(StepFailure)
    /// A drain that was to be confirmed no longer holds, such as after a restart of the load balancer.
    case drainLost(StepID)
}

/// How often the machine asks again. Limits and deadlines are the plan's, not this.
public struct RunPace: Sendable, Equatable {
    /// Between two checks of a blocked step, in seconds.
    public var blockedSeconds: Int
    /// Between two tries for a reservation that was refused, in seconds.
    public var refusedSeconds: Int
    /// Before the second attempt, in seconds; doubled for each further one.
    public var backOffSeconds: Int
    public var longestBackOffSeconds: Int
    /// How long each attempt of a step of the way back looks for a host that does not answer, in seconds: a connection that is away for
    /// a moment must not use the attempts up that lead back.
    public var wayBackPatienceSeconds: Int
    /// How long a step waits before people are told for what, in seconds.
    public var silentSeconds: Int

    public init(
        blockedSeconds: Int = 5, refusedSeconds: Int = 3, backOffSeconds: Int = 5, longestBackOffSeconds: Int = 60,
        wayBackPatienceSeconds: Int = 60, silentSeconds: Int = 10
    ) {
        self.blockedSeconds = blockedSeconds
        self.refusedSeconds = refusedSeconds
        self.backOffSeconds = backOffSeconds
        self.longestBackOffSeconds = longestBackOffSeconds
        self.wayBackPatienceSeconds = wayBackPatienceSeconds
        self.silentSeconds = silentSeconds
    }

    func backOff(after failures: Int) -> Int {
        min(longestBackOffSeconds, backOffSeconds << min(max(failures - 1, 0), 10))
    }
}
