public import FettleIndex
public import FettleModel
import FettleVersions

/// Judges lists of software by an index of advisories. Each distinct (ecosystem, name, version) is judged once, whichever list has
/// it; its findings are kept for the lists that follow.
public final class SoftwareJudge {
    public let index: AdvisoryIndex
    /// By the numbers that judgements give.
    public private(set) var lots: [PackageLot] = []

    private let detail: Detail
    private let exploited: ExploitedAdvisories?
    private let platform: PlatformEcosystems
    private let platformName: String?
    /// Of packages that are of another release than their list, by its name.
    private var otherPlatforms: [String: PlatformEcosystems] = [:]
    private var lotNumbers: [LotKey: Int] = [:]
    private var registries: [String: Ecosystem?] = [:]

    /// What is kept of a lot's findings.
    public enum Detail: Sendable {
        /// How many there are.
        case counts
        case affected
        /// What is affected, and what is undecided.
        case open
        case all
    }

    private struct LotKey: Hashable {
        var ecosystem: String
        /// Of a package that names it itself: the same release may be named with a pocket.
        var platform: String?
        var name: String
        var version: String
        /// Only where they decide: rpm advisories hold for architectures and modules.
        var architecture: String
        var module: String?
        var streams: String
    }

    /// - Parameters:
    ///   - platform: of which release of which distribution system packages are; nil: they are not checked.
    ///   - detail: what is kept of each lot.
    ///   - exploited: knows which advisories are of known exploited weaknesses; nil: that is not counted.
    public init(
        index: AdvisoryIndex, platform: Ecosystem?, detail: Detail = .affected, exploited: ExploitedAdvisories? = nil
    ) {
        self.index = index
        self.detail = detail
        self.exploited = exploited
        self.platform = PlatformEcosystems(platform, in: index)
        platformName = platform?.name
    }

    public func judge(_ list: SoftwareList) throws(IndexError) -> SoftwareJudgement {
        var judgement = SoftwareJudgement(lots: [], gaps: list.skipped.map { "could not be read: \($0)" })
        judgement.lots.reserveCapacity(list.packages.count)
        let streams = ModuleStreams(list.packages)
        var unchecked: [String: Int] = [:]
        var foreign: [String: Int] = [:]
        for package in list.packages {
            guard let ecosystem = ecosystem(of: package), index.covers(ecosystem) else {
                if let words = foreignWords(package) {
                    foreign[words, default: 0] += 1
                } else {
                    unchecked[ecosystemName(of: package), default: 0] += 1
                }
                judgement.lots.append(nil)
                continue
            }
            judgement.lots.append(try lot(of: package, in: ecosystem, streams))
        }
        judgement.gaps += unchecked.sorted { $0.key < $1.key }.map { name, count in
            "\(count) \(count == 1 ? "package" : "packages") of \(name) not checked: no feed speaks of it"
        }
        judgement.gaps += foreign.sorted { $0.key < $1.key }.map { words, count in
            "\(count) \(count == 1 ? "package" : "packages") of \(words)"
        }
        return judgement
    }

    /// How one package by itself stands to one advisory; nil if that says nothing of it.
    public func status(of package: ListedPackage, to advisory: AdvisoryOfPackage) throws(IndexError) -> FindingStatus? {
        guard let ecosystem = ecosystem(of: package), ecosystem == advisory.package.ecosystem,
            compared(package, ecosystem).name == advisory.name
        else { return nil }
        let judging = try judging(
            package, by: advisory.package, stream(of: package, ecosystem), keepsAll: true)
        var status: FindingStatus?
        try judging.forEachStanding(in: advisory.entries) { found throws(IndexError) in status = found.status }
        return status
    }

    // MARK: Lots

    private func stream(of package: ListedPackage, _ ecosystem: Ecosystem) -> ModuleStreams.Stream {
        ecosystem.scheme == .rpm ? ModuleStreams([package]).stream(of: package) : .none
    }

    /// A package with what is known of it, ready to be compared.
    private func judging(
        _ package: ListedPackage, by advisories: PackageAdvisories, _ stream: ModuleStreams.Stream, keepsAll: Bool
    ) throws(IndexError) -> LotJudging {
        let ecosystem = advisories.ecosystem
        let (name, version) = compared(package, ecosystem)
        return LotJudging(
            index: index, advisories: advisories, name: name, version: version,
            architecture: ecosystem.scheme == .rpm ? package.architecture : "",
            stream: stream.settled(byBuildOf: version, in: advisories),
            pockets: try pockets(of: name, beside: ecosystem, platform(of: package)), keepsAll: keepsAll)
    }

    private func compared(_ package: ListedPackage, _ ecosystem: Ecosystem) -> (name: String, version: String) {
        ecosystem.matchesSources
            ? (package.source, package.sourceVersion) : (ecosystem.normalName(package.name), package.version)
    }

    private func lot(
        of package: ListedPackage, in ecosystem: Ecosystem, _ streams: ModuleStreams
    ) throws(IndexError) -> Int {
        let (name, version) = compared(package, ecosystem)
        let isRpm = ecosystem.scheme == .rpm
        let stream = isRpm ? streams.stream(of: package) : .none
        let key = LotKey(
            ecosystem: ecosystem.name, platform: package.platform, name: name, version: version,
            architecture: isRpm ? package.architecture : "", module: package.module, streams: stream.description)
        if let known = lotNumbers[key] { return known }
        var lot = PackageLot(ecosystem: ecosystem, name: name, version: version, findings: [], counts: LotCounts())
        var subjects: Set<UInt64> = []
        let holding = try advisoriesThatHold(name, version, in: ecosystem, platform(of: package))
        // Only then is there anything that could be said twice.
        let mayRepeat = holding.count > 1
        for advisories in holding {
            let judging = try judging(package, by: advisories, stream, keepsAll: detail == .all)
            let isOwn = advisories.ecosystem == ecosystem
            if isOwn, mayRepeat {
                for number in 0..<advisories.count { subjects.insert(advisories.entry(number).subject) }
            }
            try judging.forEachStanding { found throws(IndexError) in
                guard isOwn || !mayRepeat || subjects.insert(found.entry.subject).inserted else { return }
                lot.counts.count(found.status, try index.updateClass(of: found.entry.advisory))
                if found.status == .affected, try exploited?.contains(found.entry.advisory) ?? false {
                    lot.counts.exploited += 1
                }
                if keeps(found.status) {
                    lot.findings.append(judging.finding(found))
                }
            }
        }
        lots.append(lot)
        lotNumbers[key] = lots.count - 1
        return lots.count - 1
    }

    /// Of the statuses that are asked for at all: `fixed` and `notAffected` are only where all findings are.
    private func keeps(_ status: FindingStatus) -> Bool {
        switch detail {
        case .counts: false
        case .affected: status == .affected
        case .open, .all: true
        }
    }

    /// The release's own, and those of the pocket that the host is subscribed to, or of which it has the version installed.
    private func advisoriesThatHold(
        _ name: String, _ version: String, in ecosystem: Ecosystem, _ platform: PlatformEcosystems
    ) throws(IndexError) -> [PackageAdvisories] {
        var found = [try index.package(name, in: ecosystem)].compactMap { $0 }
        guard ecosystem == platform.base else { return found }
        for pocket in platform.pockets where pocket == platform.subscribed || LotJudging.isOfPocket(version) {
            if let advisories = try index.package(name, in: pocket) { found.append(advisories) }
        }
        return found
    }

    private func pockets(
        of name: String, beside ecosystem: Ecosystem, _ platform: PlatformEcosystems
    ) throws(IndexError) -> [PackageAdvisories] {
        guard ecosystem == platform.base else { return [] }
        var found: [PackageAdvisories] = []
        for pocket in platform.pockets {
            if let advisories = try index.package(name, in: pocket) { found.append(advisories) }
        }
        return found
    }

    private func platform(of package: ListedPackage) -> PlatformEcosystems {
        guard let own = package.platform, own != platformName else { return platform }
        if let known = otherPlatforms[own] { return known }
        let ecosystems = PlatformEcosystems(Ecosystem(own), in: index)
        otherPlatforms[own] = ecosystems
        return ecosystems
    }

    private func ecosystem(of package: ListedPackage) -> Ecosystem? {
        switch package.origin {
        case .system(let manager):
            // A package of another package manager is none of this platform's.
            return platform(of: package).base.flatMap { $0.scheme == manager.scheme ? $0 : nil }
        case .registry(let name):
            if let known = registries[name] { return known }
            let ecosystem = Ecosystem(name)
            registries[name] = .some(ecosystem)
            return ecosystem
        }
    }

    /// Of a package of another package manager than its platform's, why it is not checked; nil for others.
    private func foreignWords(_ package: ListedPackage) -> String? {
        guard case .system(let manager) = package.origin, let base = platform(of: package).base,
            base.scheme != manager.scheme
        else { return nil }
        return "\(manager.rawValue) not checked: \(base.name) has no packages of \(manager.rawValue)"
    }

    private func ecosystemName(of package: ListedPackage) -> String {
        switch package.origin {
        case .system(let manager):
            package.platform ?? platformName ?? "\(manager.rawValue), of a platform that was not named,"
        case .registry(let name): name
        }
    }
}
