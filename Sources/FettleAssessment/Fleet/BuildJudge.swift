import FettleIndex
import FettleModel

/// Judges builds one by one, for one thread: a judge for each platform, and what they found.
final class BuildJudge {
    private let index: AdvisoryIndex
    private let exploited: ExploitedAdvisories?
    private var judges: [String: SoftwareJudge] = [:]
    private var statuses: [StatusKey: FindingStatus?] = [:]

    private struct StatusKey: Hashable {
        var advisory: UInt32
        var platform: String
        var origin: ListedPackage.Origin
        /// The name and version that are compared, of the package or of its source, and where they decide the others.
        var texts: [String]
    }

    init(index: AdvisoryIndex) {
        self.index = index
        exploited = index.catalogue.weaknesses > 0 ? ExploitedAdvisories(index: index) : nil
    }

    var lotCount: Int { judges.values.reduce(0) { $0 + $1.lots.count } }

    func counts(of build: FleetBuild) throws(IndexError) -> FleetCounts {
        let judge = judge(build.platform)
        let judgement = try judge.judge(SoftwareList(packages: [build.package]))
        guard let lot = judgement.lots.first ?? nil else { return FleetFindingCounts.unchecked }
        return FleetFindingCounts.places(of: judge.lots[lot].counts)
    }

    /// How a build stands to an advisory. The binaries of one source stand alike, and only the first is compared.
    func status(of build: FleetBuild, to advisory: UInt32) throws(IndexError) -> FindingStatus? {
        let package = build.package
        let bySource = package.origin == .system(.dpkg) || package.origin == .system(.apk)
        let key = StatusKey(
            advisory: advisory, platform: build.platform, origin: package.origin,
            texts: bySource
                ? [package.source, package.sourceVersion]
                : [package.name, package.version, package.architecture, package.module ?? "", package.source])
        if let known = statuses[key] { return known }
        // Each is of use for one advisory only.
        if statuses.count > 4096 { statuses.removeAll() }
        let status = try judge(build.platform).status(of: package, to: advisory)
        statuses[key] = .some(status)
        return status
    }

    private func judge(_ platform: String) -> SoftwareJudge {
        if let known = judges[platform] { return known }
        let judge = SoftwareJudge(
            index: index, platform: Ecosystem(platform), detail: .counts, exploited: exploited)
        judges[platform] = judge
        return judge
    }
}
