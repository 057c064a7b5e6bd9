/// Who is told of what: `messages` in `policy.yaml`.
public struct MessagePolicy: Codable, Sendable, Equatable {
    /// In the order of the file; their names are all different.
    public var receivers: [MessageReceiver]

    public init(receivers: [MessageReceiver] = []) { self.receivers = receivers }
}

/// Somebody or something that is told of events.
public struct MessageReceiver: Codable, Sendable, Equatable {
    public var name: String
    public var kind: Kind
    /// Where it is; of some kinds a secret itself.
    public var address: ReceiverAddress
    /// Whom Fettle says it is there; nil: nobody, or the secret alone says it.
    public var user: String?
    /// What a webhook is signed with, or the password or token.
    public var secret: SecretSource?
    /// Globs over `MessageKind`; empty: all.
    public var events: [String]
    /// Globs; empty: all. What is of no environment, or of one that is not known, is told to everybody.
    public var environments: [String]
    /// How long before the time of a change it is told of it, in seconds; nil: not at all.
    public var noticeSeconds: Int?
    /// It may be reached without TLS though it is not on this machine.
    public var allowsPlaintext: Bool
    /// A file in PEM form, trusted for it besides the system's own authorities.
    public var certificateAuthorities: String?

    public init(
        name: String, kind: Kind, address: ReceiverAddress, user: String? = nil, secret: SecretSource? = nil,
        events: [String] = [], environments: [String] = [], noticeSeconds: Int? = nil, allowsPlaintext: Bool = false,
        certificateAuthorities: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.address = address
        self.user = user
        self.secret = secret
        self.events = events
        self.environments = environments
        self.noticeSeconds = noticeSeconds
        self.allowsPlaintext = allowsPlaintext
        self.certificateAuthorities = certificateAuthorities
    }

    public enum Kind: Codable, Sendable, Equatable {
        case webhook, slack, mattermost
        case serviceNow(ServiceNowSettings)
        case jira(JiraSettings)
        case mail(MailSettings)
    }

    public struct ServiceNowSettings: Codable, Sendable, Equatable {
        /// The `sys_id` of the standard change template for each template of `changes`; a standard change without one becomes a normal one.
        public var templates: [String: String]
        /// Further fields of a new record, such as `assignment_group`.
        public var fields: [String: String]

        public init(templates: [String: String] = [:], fields: [String: String] = [:]) {
            self.templates = templates
            self.fields = fields
        }
    }

    public struct JiraSettings: Codable, Sendable, Equatable {
        /// The project's key.
        public var project: String
        public var issueType: String
        /// The status that an issue is brought to when its change comes into a phase.
        public var transitions: [ChangePhase: String]

        public init(project: String, issueType: String = "Task", transitions: [ChangePhase: String] = [:]) {
            self.project = project
            self.issueType = issueType
            self.transitions = transitions
        }
    }

    public struct MailSettings: Codable, Sendable, Equatable {
        public var from: String
        public var recipients: [String]

        public init(from: String, recipients: [String]) {
            self.from = from
            self.recipients = recipients
        }
    }

    /// Whether it is told of this.
    ///
    /// - Parameters:
    ///   - kind: what happened.
    ///   - environments: of the change; nil: not known.
    public func wants(_ kind: MessageKind, in environments: [EnvironmentID]?) -> Bool {
        if kind == .test { return true }
        if kind == .changeSoon, noticeSeconds == nil { return false }
        let isNamed = events.isEmpty || events.contains { Glob($0).matches(kind.rawValue) }
        guard isNamed || (kind == .changeSoon && noticeSeconds != nil) else { return false }
        guard let environments, !self.environments.isEmpty else { return true }
        return self.environments.firstGlob(matchingAnyOf: environments.map(\.rawValue)) != nil
    }
}

extension ChangePhase: CodingKeyRepresentable {}

/// Where a secret is to be found when it is needed; it is never kept.
public enum SecretSource: Codable, Sendable, Hashable {
    /// The name of a variable of the environment.
    case environment(String)
    /// A path.
    case file(String)
}

/// An address as the policy writes it.
public enum ReceiverAddress: Codable, Sendable, Equatable {
    case text(String)
    /// It lets whoever knows it in, as those of Slack do.
    case secret(SecretSource)
}
