public import FettleModel
public import FettleVersions

/// One advisory of one feed, in the form to which every feed's format is brought before it is compiled.
public struct AdvisoryRecord: Sendable, Equatable {
    /// The feed's primary id: `DSA-5417-1`, `ALSA-2024:1234`, `GHSA-…`; the CVE where the feed goes by CVEs.
    public var id: String
    /// The other names, CVEs above all. An id never stands among its own aliases.
    public var aliases: [String]
    /// Of what class the update is that the advisory announces.
    public var updateClass: UpdateClass
    /// The publisher's own word, such as `Important` or `unimportant`; empty where there is none.
    public var severity: String
    /// CVSS vectors as published, the publisher's own first.
    public var cvss: [CVSSRating]
    public var publishedAt: Timestamp?
    public var modifiedAt: Timestamp?
    /// One line; longer ones are cut when the index is built.
    public var summary: String
    /// Set where the publisher took the advisory back: it is kept by name and matches nothing.
    public var withdrawnAt: Timestamp?
    public var affected: [AffectedPackage]
    /// Which older copies no longer hold beside this one.
    public var supersedes: Supersession

    public init(
        id: String, aliases: [String] = [], updateClass: UpdateClass = .security, severity: String = "",
        cvss: [CVSSRating] = [], publishedAt: Timestamp? = nil, modifiedAt: Timestamp? = nil, summary: String = "",
        withdrawnAt: Timestamp? = nil, affected: [AffectedPackage] = [], supersedes: Supersession = .nothing
    ) {
        self.id = id
        self.aliases = aliases
        self.updateClass = updateClass
        self.severity = severity
        self.cvss = cvss
        self.publishedAt = publishedAt
        self.modifiedAt = modifiedAt
        self.summary = summary
        self.withdrawnAt = withdrawnAt
        self.affected = affected
        self.supersedes = supersedes
    }
}

/// A published CVSS vector, with the score that was published beside it: it may carry temporal metrics, so it is kept as it
/// stands and never computed anew in its place.
public struct CVSSRating: Sendable, Equatable {
    /// `CVSS:3.1/AV:N/…`, or the bare form of version 2.
    public var vector: String
    public var publishedScore: Double?
    /// Who rated it, such as `NVD`, `CISA-ADP` or the vendor; empty where the feed doesn't say.
    public var source: String

    public init(vector: String, publishedScore: Double? = nil, source: String = "") {
        self.vector = vector
        self.publishedScore = publishedScore
        self.source = source
    }
}

/// What an advisory says of one package of one ecosystem.
///
/// Several of one package are alternatives of one another (Red Hat's module streams, OSV's lists of `affected`): a package is
/// affected if one of them says so and it is of its stream and architecture.
public struct AffectedPackage: Sendable, Equatable {
    public var ecosystem: Ecosystem
    /// The source package where the ecosystem matches by sources, otherwise the name that is installed. Names of PyPI are
    /// normal (lower case, `-` for runs of `-_.`), Maven's are `group:artifact`, Go's the module's path.
    public var name: String
    public var status: AffectedStatus
    /// Each judged by itself, their answers united. An interval without bounds is every version.
    public var intervals: [VersionInterval]
    /// Affected versions that are listed one by one.
    public var versions: [String]
    /// The version to go to, where the feed says; nil: the lowest upper bound above what is installed, if an interval has one.
    public var fixed: String?
    /// Only these architectures, as the package manager writes them; empty: all.
    public var architectures: [String]
    /// `name:stream` of the module that the package must come from; nil: any, and none.
    public var module: String?
    /// What the feed decided for this package alone: `unimportant`, `no-dsa`, `postponed`, `will not fix`; empty: nothing.
    public var remark: String

    public init(
        ecosystem: Ecosystem, name: String, status: AffectedStatus = .affected, intervals: [VersionInterval] = [],
        versions: [String] = [], fixed: String? = nil, architectures: [String] = [], module: String? = nil,
        remark: String = ""
    ) {
        self.ecosystem = ecosystem
        self.name = name
        self.status = status
        self.intervals = intervals
        self.versions = versions
        self.fixed = fixed
        self.architectures = architectures
        self.module = module
        self.remark = remark
    }

    /// All below the version that fixes it.
    public static func below(
        _ fixed: String, of name: String, in ecosystem: Ecosystem, remark: String = ""
    ) -> AffectedPackage {
        AffectedPackage(
            ecosystem: ecosystem, name: name,
            intervals: [VersionInterval(lower: nil, upper: VersionBound(fixed, isInclusive: false))], fixed: fixed,
            remark: remark)
    }
}

/// What holds for the versions that an `AffectedPackage` names.
public enum AffectedStatus: UInt8, Sendable, CaseIterable {
    /// Affected, and fixed above the intervals where they end.
    case affected
    /// Looked at and not affected: never to be reported, whatever another feed's range says of the same weakness.
    case notAffected
    /// The publisher has not decided yet.
    case underInvestigation
    /// The publisher cannot or will not say.
    case unknown
}
