/// Something that happened or is about to, as others are told of it: neutral, before it takes the form of any receiver. Kept in the
/// outbox, so that a second try says exactly the same.
public struct MessageEvent: Codable, Sendable, Equatable {
    /// The same at every try, and no other event's anywhere: a receiver that has seen it has nothing more to do.
    public var id: String
    public var kind: MessageKind
    /// When it happened, by the clock of whoever wrote it down.
    public var at: Timestamp
    /// Who brought it about; nil: no person did.
    public var by: Person?
    /// nil: it is about no change.
    public var change: ChangeFacts?
    public var run: RunFacts?
    /// The host that it is about in particular.
    public var resource: ResourceID?

    public init(
        id: String, kind: MessageKind, at time: Timestamp, by person: Person? = nil, change: ChangeFacts? = nil,
        run: RunFacts? = nil, resource: ResourceID? = nil
    ) {
        self.id = id
        self.kind = kind
        at = time
        by = person
        self.change = change
        self.run = run
        self.resource = resource
    }

    /// A change as it stood when the event was taken up.
    public struct ChangeFacts: Codable, Sendable, Equatable {
        public var id: ChangeID
        /// What tells this change from every other one of any fleet: its name with the beginning of its plan's digest.
        public var correlation: String
        public var plan: PlanID
        public var kind: Change.Kind
        /// Of a standard change: what allows it.
        public var template: String?
        public var phase: ChangePhase
        public var reason: String
        public var requestedBy: Person
        /// When it may be carried out; nil: at any time.
        public var window: TimeWindow?
        /// nil where the plan cannot be read.
        public var environments: [EnvironmentID]?
        public var groups: [GroupID]
        public var hosts: Int

        public init(
            id: ChangeID, correlation: String, plan: PlanID, kind: Change.Kind, template: String? = nil,
            phase: ChangePhase, reason: String, requestedBy: Person, window: TimeWindow? = nil,
            environments: [EnvironmentID]?, groups: [GroupID], hosts: Int
        ) {
            self.id = id
            self.correlation = correlation
            self.plan = plan
            self.kind = kind
            self.template = template
            self.phase = phase
            self.reason = reason
            self.requestedBy = requestedBy
            self.window = window
            self.environments = environments
            self.groups = groups
            self.hosts = hosts
        }
    }

    /// A run as it stood when the event was taken up.
    public struct RunFacts: Codable, Sendable, Equatable {
        public var id: RunID
        /// nil: it goes on, or stands still.
        public var outcome: Outcome?
        /// Why it ended otherwise than planned, or waits. Host output may stand in it, with secrets masked.
        public var reason: String?

        public init(id: RunID, outcome: Outcome? = nil, reason: String? = nil) {
            self.id = id
            self.outcome = outcome
            self.reason = reason
        }

        public enum Outcome: String, Codable, Sendable, CaseIterable {
            case succeeded, rolledBack, failed, superseded
        }
    }
}

/// What is told. The names stand in `policy.yaml` and in payloads.
public enum MessageKind: String, Codable, Sendable, CaseIterable {
    case changeSubmitted = "change.submitted"
    case changeApproved = "change.approved"
    case changeRejected = "change.rejected"
    case changeWithdrawn = "change.withdrawn"
    case changeScheduled = "change.scheduled"
    case changeReviewed = "change.reviewed"
    /// Its run has ended, and nobody has looked at it in time.
    case changeReviewDue = "change.reviewDue"
    /// Nobody has started it in time.
    case changeExpired = "change.expired"
    /// So many hours before the time of a change.
    case changeSoon = "change.soon"
    case runStarted = "run.started"
    case runPaused = "run.paused"
    case runResumed = "run.resumed"
    /// It stands still until a person acts.
    case runAwaitingPerson = "run.awaitingPerson"
    /// It was told to stop, or takes back what it did.
    case runGoingBack = "run.goingBack"
    case runSucceeded = "run.succeeded"
    case runRolledBack = "run.rolledBack"
    case runFailed = "run.failed"
    case runSuperseded = "run.superseded"
    case hostQuarantined = "host.quarantined"
    case hostSettled = "host.settled"
    /// By `fettle message test` alone; every receiver takes it.
    case test = "message.test"

    /// In a few words for people.
    public var title: String {
        switch self {
        case .changeSubmitted: "asks for approval"
        case .changeApproved: "has an approval"
        case .changeRejected: "is rejected"
        case .changeWithdrawn: "is withdrawn"
        case .changeScheduled: "has a time"
        case .changeReviewed: "is reviewed"
        case .changeReviewDue: "was not reviewed in time"
        case .changeExpired: "was not started in time"
        case .changeSoon: "begins soon"
        case .runStarted: "is started"
        case .runPaused: "is paused"
        case .runResumed: "goes on"
        case .runAwaitingPerson: "waits for a person"
        case .runGoingBack: "stops or goes back"
        case .runSucceeded: "succeeded"
        case .runRolledBack: "was rolled back"
        case .runFailed: "failed"
        case .runSuperseded: "was superseded"
        case .hostQuarantined: "keeps a host out of traffic"
        case .hostSettled: "has a host back"
        case .test: "a test message"
        }
    }
}
