import FettleIndex
import FettleModel

/// Judges builds one by one, for one thread: a judge for each platform, and what they found.
final class BuildJudge {
    private let index: AdvisoryIndex
    private let exploited: ExploitedAdvisories?
    private var judges: [String: SoftwareJudge] = [:]
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

    func status(of build: FleetBuild, to advisory: AdvisoryOfPackage) throws(IndexError) -> FindingStatus? {
        try judge(build.platform).status(of: build.package, to: advisory)
    }

    private func judge(_ platform: String) -> SoftwareJudge {
        if let known = judges[platform] { return known }
        let judge = SoftwareJudge(
            index: index, platform: Ecosystem(platform), detail: .counts, exploited: exploited)
        judges[platform] = judge
        return judge
    }
}
