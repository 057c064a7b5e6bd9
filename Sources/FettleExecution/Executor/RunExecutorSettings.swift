public import FettleModel
public import FettleStore

/// Whether an executor claims a run although another's lease has not run out.
public enum TakeOver: Sendable, Equatable {
    case never
    /// From this one alone, which is known to be gone, such as a process of this machine that is no more.
    case fromWhoIsGone(String)
    /// A person says so. The other may live, and has not been told: nothing is begun until it must have asked for its lease again, and
    /// has heard that it is another's (I2). What it has under way then is as what a dead one has left: each step's own look decides.
    case fromAnybody
}

/// Whether what a run wanted is so, as seen at its end.
public enum RunProof: Sendable, Equatable {
    case holds
    /// What is not as the plan wants it, in words; at least one.
    case fails([String])
    /// Nobody could look, and why: not known is not well (I6).
    case unknown(String)

    /// What a run says that waits for such a look.
    static func words(unknown reason: String) -> String { "\(unknown): \(reason)" }
    /// How it begins.
    public static let unknown = "all is done, and the hosts could not be looked at again"
    static let failed = "looked at again"
}

extension RunOutcome {
    /// It is what a look at the hosts has made it, the last thing before the end.
    public var wasLookedAt: Bool {
        switch self {
        case .succeeded: true
        case .failed(let reason): reason.hasPrefix(RunProof.failed)
        case .rolledBack: false
        }
    }
}

/// How an executor works, beside what the plan says.
public struct RunExecutorSettings: Sendable {
    /// Who holds the lease, such as `host:pid`.
    public var name: String
    /// What it does where another's lease has not run out.
    public var takeOver: TakeOver
    public var leaseSeconds: Int
    /// How long an executor that another has taken the run from may go on without knowing, at most: it renews three times in the length
    /// of its lease.
    var predecessorSeconds: Int { leaseSeconds / 3 + 1 }
    /// Between two looks for people's requests, in milliseconds.
    public var requestPollMilliseconds: Int
    /// How long a driver that was told to stop may take before its result is no longer awaited, in seconds.
    public var cancellationGraceSeconds: Int
    public var awaiting: AwaitingConduct
    public var pace: RunPace
    public var now: @Sendable () -> Timestamp
    /// Sleeps by the same clock as `now`, for milliseconds; throws when cancelled.
    public var sleep: @Sendable (Int64) async throws -> Void
    /// Goes on evenly, also while the machine is suspended; what `now` says may jump.
    public var uptime: @Sendable () -> Duration
    /// A further opinion before each step that lowers availability, such as the PlanChecker's: why not, or nil.
    public var mayStart: @Sendable (StepGuardInput) async -> String?
    /// Told of every record once it is durable, with the state after all that was written with it. It is awaited: it should be
    /// quick.
    public var progress: @Sendable (JournalRecord, RunState) async -> Void
    /// Told, once, of what has been waited for for a while, and why: another run, room on a disk, a lock.
    public var waits: @Sendable (StepID, String) async -> Void
    /// Asked before a run is written down as succeeded, by other means than the run's own steps.
    public var proves: @Sendable () async -> RunProof
    /// Told of requests that could not be granted, and why.
    public var refused: @Sendable (RunRequest, String) async -> Void

    /// Done once the run is this executor's, before anything of it is read: what is asked now, nobody else hears.
    public var claimed: @Sendable () async throws -> Void = {}

    @usableFromInline static let origin = ContinuousClock.now

    public init(
        name: String, takeOver: TakeOver = .never, leaseSeconds: Int = 30, requestPollMilliseconds: Int = 300,
        cancellationGraceSeconds: Int = 10, awaiting: AwaitingConduct = .stays, pace: RunPace = RunPace(),
        now: @escaping @Sendable () -> Timestamp = { Timestamp.now() },
        sleep: @escaping @Sendable (Int64) async throws -> Void = { try await Task.sleep(for: .milliseconds($0)) },
        uptime: @escaping @Sendable () -> Duration = { origin.duration(to: .now) },
        mayStart: @escaping @Sendable (StepGuardInput) async -> String? = { _ in nil },
        progress: @escaping @Sendable (JournalRecord, RunState) async -> Void = { _, _ in },
        waits: @escaping @Sendable (StepID, String) async -> Void = { _, _ in },
        proves: @escaping @Sendable () async -> RunProof = { .holds },
        refused: @escaping @Sendable (RunRequest, String) async -> Void = { _, _ in }
    ) {
        self.name = name
        self.takeOver = takeOver
        self.leaseSeconds = leaseSeconds
        self.requestPollMilliseconds = requestPollMilliseconds
        self.cancellationGraceSeconds = cancellationGraceSeconds
        self.awaiting = awaiting
        self.pace = pace
        self.now = now
        self.sleep = sleep
        self.uptime = uptime
        self.mayStart = mayStart
        self.progress = progress
        self.waits = waits
        self.proves = proves
        self.refused = refused
    }
}

/// What an executor does once only a person can help its run on.
public enum AwaitingConduct: String, Sendable, CaseIterable {
    /// Waits with it, and keeps out of traffic who is out.
    case stays
    /// Waits if a gate asks a person, for that is how the run was meant to go; leaves if the run is in trouble.
    case staysForAnswers
    /// Leaves it to whoever carries it on.
    case leaves
}

/// What is known just before a step that lowers availability.
public struct StepGuardInput: Sendable {
    public var step: Step
    /// Belongs to the way back.
    public var isRollback: Bool
    /// The step's resource is out by this run already: it is to go on, and not to begin.
    public var isOut: Bool
    public var plan: Plan
    public var run: RunID
    /// Every group that the step takes members from, observed just now.
    public var health: [GroupID: [ResourceID: MemberHealth]]
    /// Over all runs.
    public var reservations: [Reservation]
    public var at: Timestamp

    public init(
        step: Step, isRollback: Bool, isOut: Bool = false, plan: Plan, run: RunID,
        health: [GroupID: [ResourceID: MemberHealth]], reservations: [Reservation], at: Timestamp
    ) {
        self.step = step
        self.isRollback = isRollback
        self.isOut = isOut
        self.plan = plan
        self.run = run
        self.health = health
        self.reservations = reservations
        self.at = at
    }
}

/// What the first record of a run says.
public struct RunStart: Sendable, Equatable {
    public var change: ChangeID
    public var plan: StageReference
    public var by: Person

    public init(change: ChangeID, plan: StageReference, by: Person) {
        self.change = change
        self.plan = plan
        self.by = by
    }
}

public enum RunExecutionResult: Sendable, Equatable {
    case ended(RunOutcome)
    case awaitingHuman(reason: String)
    /// Left to another executor, which can have it at once: nothing is under way, and the lease is given up.
    case handedOver(by: Person)
}

/// Why an executor stopped before the run's end. The run itself is left as its journal says, and can be carried on.
public struct RunExecutionError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// Another executor has claimed the run; nothing more was touched (I2).
        case fenced
        /// Another executor holds the run.
        case leaseHeld
        /// The store could not be used.
        case store
        /// The journal doesn't follow from itself, or not from this plan.
        case damagedJournal
        /// What was to be journaled doesn't follow from the journal: a fault of this program. The journal is as it was.
        case refused
        /// The journal is empty, and nobody said what is to be started.
        case notStarted
    }

    public var code: Code
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: StoreError, doing what: String) {
        switch error.code {
        case .fenced: code = .fenced
        case .leaseHeld: code = .leaseHeld
        case .conflict, .notFound, .unavailable, .tooNew: code = .store
        }
        message = "\(what): \(error.message)"
    }

    public var description: String { message }
}
