/// Somebody's word that a finding need not be settled for now: why, whose word, for what, and until when. Never for ever
/// (DefectDojo#13439).
public struct Waiver: Codable, Sendable, Equatable {
    public var id: WaiverID
    public var scope: WaiverScope
    public var kind: Kind
    /// Why what is installed is not affected; only for `notAffected`.
    public var justification: VEXJustification?
    /// In words, for whoever reads it in a year.
    public var reason: String
    /// The person who answers for it.
    public var owner: Person
    public var createdBy: Person
    public var createdAt: Timestamp
    /// From this moment on it hides nothing.
    public var expiresAt: Timestamp
    /// The document that it was taken from, such as a vendor's VEX; nil if a person wrote it.
    public var origin: String?
    /// Set if somebody ended it before its time.
    public var ending: Ending?

    public init(
        id: WaiverID, scope: WaiverScope, kind: Kind, justification: VEXJustification? = nil, reason: String,
        owner: Person, createdBy: Person, createdAt: Timestamp, expiresAt: Timestamp, origin: String? = nil,
        ending: Ending? = nil
    ) {
        self.id = id
        self.scope = scope
        self.kind = kind
        self.justification = justification
        self.reason = reason
        self.owner = owner
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.origin = origin
        self.ending = ending
    }

    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Affected, and somebody answers for leaving it so.
        case accepted
        /// The weakness cannot be used here, for the reason in `justification`.
        case notAffected
        /// Affected, but something else stands in the way, such as a filter in front of it.
        case mitigated
    }

    /// Who ended it by hand, when and why.
    public struct Ending: Codable, Sendable, Equatable {
        public var by: Person
        public var at: Timestamp
        public var reason: String

        public init(by person: Person, at time: Timestamp, reason: String) {
            by = person
            at = time
            self.reason = reason
        }
    }

    public enum State: String, Codable, Sendable, CaseIterable {
        case active, expired, ended
    }

    public func state(at time: Timestamp) -> State {
        if let ending, ending.at <= time { return .ended }
        return time < expiresAt ? .active : .expired
    }
}

/// What a waiver speaks of, and nothing beyond it.
public struct WaiverScope: Codable, Sendable, Hashable {
    public var subject: Subject
    /// Names or globs. Several of one kind widen each other, different kinds narrow each other; empty: not narrowed.
    public var resources: [String]
    public var groups: [String]
    public var environments: [String]
    /// Only software that is one of these; empty: not narrowed.
    public var packages: [WaivedPackage]

    public init(
        _ subject: Subject, resources: [String] = [], groups: [String] = [], environments: [String] = [],
        packages: [WaivedPackage] = []
    ) {
        self.subject = subject
        self.resources = resources
        self.groups = groups
        self.environments = environments
        self.packages = packages
    }

    public enum Subject: Codable, Sendable, Hashable {
        /// One weakness, under any of its names; letters' case does not count.
        case advisory(AdvisoryID, aliases: [AdvisoryID])
        /// All that is found of one source package.
        case source(String)
        /// One finding; it has another id once another version fixes it.
        case finding(FindingID)
    }

    /// Whether it is limited to a part of the fleet.
    public var isNarrowed: Bool { !(resources.isEmpty && groups.isEmpty && environments.isEmpty) }
}

/// A package as a VEX statement names it (package URL, https://github.com/package-url/purl-spec). What is nil is not asked for.
public struct WaivedPackage: Codable, Sendable, Hashable {
    public var manager: PackageManager
    /// The namespace: `debian`, `redhat`.
    public var distribution: String?
    /// The qualifier `distro`: `debian-12`, `bookworm`.
    public var release: String?
    /// A source's name, or a binary's.
    public var name: String
    /// With the epoch in front where there is one.
    public var version: String?
    public var architecture: String?

    public init(
        manager: PackageManager, distribution: String? = nil, release: String? = nil, name: String,
        version: String? = nil, architecture: String? = nil
    ) {
        self.manager = manager
        self.distribution = distribution
        self.release = release
        self.name = name
        self.version = version
        self.architecture = architecture
    }
}

/// Why a product is not affected, in the words of VEX (CISA, "VEX Status Justifications", 2022); OpenVEX and CSAF write the same.
public enum VEXJustification: String, Codable, Sendable, CaseIterable {
    case componentNotPresent = "component_not_present"
    case vulnerableCodeNotPresent = "vulnerable_code_not_present"
    case vulnerableCodeNotInExecutePath = "vulnerable_code_not_in_execute_path"
    case vulnerableCodeCannotBeControlledByAdversary = "vulnerable_code_cannot_be_controlled_by_adversary"
    case inlineMitigationsAlreadyExist = "inline_mitigations_already_exist"
}
