public import FettleIndex
public import FettleModel

/// How one package of a host stands to one advisory, with what was compared.
public struct PackageStanding: Sendable {
    public var package: InstalledPackage
    public var advisory: AdvisoryRecord
    public var status: FindingStatus
    /// For what is fixed, the version that had the fix first; nil: none is published.
    public var fixed: String?
    public var matchedBy: String
}

/// Judges hosts package by package, for answers that tell more than what is left to do. Not thread-safe.
public final class PackageStandings {
    private let feeds: AdvisoryFeeds
    private let detail: SoftwareJudge.Detail
    private var judges: [String: SoftwareJudge] = [:]

    /// - Parameter all: also what is fixed and what is not affected.
    public init(feeds: AdvisoryFeeds, all: Bool) {
        self.feeds = feeds
        detail = all ? .all : .open
    }

    /// In the order of the packages; empty where packages were not observed, or no feed was given.
    public func standings(of host: HostFacts) throws(IndexError) -> [PackageStanding] {
        guard let index = feeds.index, let packages = host.packages.value else { return [] }
        let judge = HostAdvisories.judge(of: host, index, &judges, detail)
        let kernels = RunningKernel(host)
        let exposed = packages.filter { kernels.isExposed($0) }
        let judgement = try judge.judge(SoftwareList(packages: exposed.map(ListedPackage.init)))
        var found: [PackageStanding] = []
        for (package, lot) in zip(exposed, judgement.lots) {
            guard let lot else { continue }
            for finding in judge.lots[lot].findings {
                found.append(
                    PackageStanding(
                        package: package, advisory: try feeds.memory.record(finding.advisory, in: index),
                        status: finding.status, fixed: finding.fixed, matchedBy: finding.matchedBy))
            }
        }
        return found
    }
}
