/// Which patches are wanted where, and what each host's own resolver answers for exactly that. The fourth stage of the flow:
/// after it, all that planning needs is known.
public struct Selection: Codable, Sendable, Equatable {
    public var id: String
    public var findings: StageReference
    public var selectedAt: Timestamp
    /// Sorted by resource. Hosts with nothing to do are absent.
    public var hosts: [HostSelection]
    /// What was not selected, and why.
    public var leftOut: [LeftOut]
    /// The patch set whose versions these are, and nothing else; nil: they were chosen from what is offered.
    public var patchSet: StageReference?
    /// The run whose changes are taken back: these are the versions that its hosts had before it. nil: none.
    public var undoes: RunID?

    public init(
        id: String, findings: StageReference, selectedAt: Timestamp, hosts: [HostSelection], leftOut: [LeftOut],
        patchSet: StageReference? = nil, undoes: RunID? = nil
    ) {
        self.id = id
        self.findings = findings
        self.selectedAt = selectedAt
        self.hosts = hosts
        self.leftOut = leftOut
        self.patchSet = patchSet
        self.undoes = undoes
    }

    public struct LeftOut: Codable, Sendable, Equatable {
        public var resource: ResourceID
        /// The package or source it is about; nil if it is about the whole resource.
        public var subject: String?
        public var reason: String

        public init(resource: ResourceID, subject: String?, reason: String) {
            self.resource = resource
            self.subject = subject
            self.reason = reason
        }
    }
}

public struct HostSelection: Codable, Sendable, Equatable {
    public var resource: ResourceID
    /// The findings that the wanted versions close, sorted.
    public var findings: [FindingID]
    /// What was asked for, sorted by name.
    public var wanted: [PackageVersion]
    public var resolution: Resolution

    public init(resource: ResourceID, findings: [FindingID], wanted: [PackageVersion], resolution: Resolution) {
        self.resource = resource
        self.findings = findings
        self.wanted = wanted
        self.resolution = resolution
    }
}

/// A package at one exact version.
public struct PackageVersion: Codable, Sendable, Hashable, Comparable {
    public var name: String
    public var architecture: String
    public var version: String

    public init(name: String, architecture: String, version: String) {
        self.name = name
        self.architecture = architecture
        self.version = version
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.name, left.architecture, left.version) < (right.name, right.architecture, right.version)
    }
}

/// The resolver's answer: everything that would change on the host, exact versions and all.
public struct Resolution: Codable, Sendable, Equatable {
    public var manager: PackageManager
    public var resolvedAt: Timestamp
    /// Sorted by name and architecture.
    public var changes: [PackageChange]
    public var downloadBytes: Int64
    /// Earlier versions that can no longer be downloaded, and so must be kept some other way or lost; sorted.
    public var unavailableEarlier: [PackageVersion]
    public var reboot: RebootExpectation
    /// The host was in this state when its package manager rehearsed exactly these changes; nil: nobody has rehearsed them.
    /// Whoever finds the host in the same state need not ask again.
    public var rehearsedOn: Digest?

    public init(
        manager: PackageManager, resolvedAt: Timestamp, changes: [PackageChange], downloadBytes: Int64,
        unavailableEarlier: [PackageVersion] = [], reboot: RebootExpectation = .notExpected, rehearsedOn: Digest? = nil
    ) {
        self.manager = manager
        self.resolvedAt = resolvedAt
        self.changes = changes
        self.downloadBytes = downloadBytes
        self.unavailableEarlier = unavailableEarlier
        self.reboot = reboot
        self.rehearsedOn = rehearsedOn
    }
}

/// One package's way from a version to another.
public struct PackageChange: Codable, Sendable, Hashable {
    public var name: String
    public var architecture: String
    /// nil: not installed before.
    public var from: String?
    /// nil: removed.
    public var to: String?

    public init(name: String, architecture: String, from: String?, to: String?) {
        self.name = name
        self.architecture = architecture
        self.from = from
        self.to = to
    }

    public var reversed: PackageChange { PackageChange(name: name, architecture: architecture, from: to, to: from) }
}

/// Whether the change is expected to need a reboot, judged before it is made.
public enum RebootExpectation: Codable, Sendable, Equatable {
    case notExpected
    /// Packages that are known to ask for one, sorted; or a reboot was already pending.
    case expected(because: [String])
}
