public import FettleModel
import FettleVersions

/// An update of one source package on one host, as far as baselines ask for it.
public struct OfferedPatch: Sendable, Equatable {
    public var source: String
    /// Binary packages of the source.
    public var packages: [String]
    public var manager: PackageManager
    /// Versions of the source.
    public var installed: String
    public var offered: String
    public var updateClass: UpdateClass
    /// nil: nobody has rated it.
    public var severity: Severity?
    public var isExploited: Bool
    /// When the offered version was published, or first seen, which is not before that.
    public var knownSince: Timestamp

    public init(
        source: String, packages: [String] = [], manager: PackageManager = .dpkg, installed: String, offered: String,
        updateClass: UpdateClass, severity: Severity? = nil, isExploited: Bool = false, knownSince: Timestamp
    ) {
        self.source = source
        self.packages = packages
        self.manager = manager
        self.installed = installed
        self.offered = offered
        self.updateClass = updateClass
        self.severity = severity
        self.isExploited = isExploited
        self.knownSince = knownSince
    }

    var names: [String] { [source] + packages }

    /// - Parameters:
    ///   - updates: what the host's sources offer of the finding's source, not empty.
    ///   - assessedAt: stands for when a version became known that no earlier assessment has seen.
    public init(_ finding: Finding, updates: [AvailableUpdate], names: Set<String>, assessedAt: Timestamp) {
        let manager = updates.first?.manager ?? .dpkg
        let order = manager.versionOrder
        let newest = updates.map(\.sourceVersion).max { order.precedes($0, $1) } ?? finding.fixed ?? finding.installed
        self.init(
            source: finding.source, packages: names.sorted(), manager: manager, installed: finding.installed,
            offered: newest, updateClass: finding.updateClass, severity: finding.severity,
            isExploited: finding.isExploited,
            // The date is the fixed version's: of a newer one it is not known how long it has been there.
            knownSince: finding.fixed == newest ? finding.fixSeenAt ?? assessedAt : assessedAt)
    }
}

/// What a baseline says of an update, and why.
public struct BaselineJudgement: Codable, Sendable, Equatable {
    public var verdict: Verdict
    /// In words, for whoever wonders why.
    public var reason: String

    public init(_ verdict: Verdict, _ reason: String) {
        self.verdict = verdict
        self.reason = reason
    }

    public enum Verdict: Codable, Sendable, Equatable {
        case taken
        case waits(until: Timestamp)
        case held
        case denied
        /// What is offered is above the pin.
        case pinned(at: String)

        public var name: String {
            switch self {
            case .taken: "taken"
            case .waits: "waits"
            case .held: "held"
            case .denied: "denied"
            case .pinned: "pinned"
            }
        }

        /// Until when it waits; nil for the others.
        public var until: Timestamp? { if case .waits(let until) = self { until } else { nil } }
        /// The version of the pin; nil for the others.
        public var version: String? { if case .pinned(let version) = self { version } else { nil } }
    }
}
