import FettleIndex
public import FettleModel
import FettleSoftware
import FettleVersions

/// What the advisories say of what is installed on one host.
struct HostAdvisories {
    /// One advisory that is open on one installed package.
    struct Open {
        var package: InstalledPackage
        var finding: PackageFinding
        var record: AdvisoryRecord
    }

    /// By source package.
    private(set) var open: [String: [Open]] = [:]
    /// What is open on the running kernel and not on the one that the next boot takes; by source package.
    private(set) var rebooting: [String: [Open]] = [:]
    /// The packages of the kernel that the next boot takes.
    private(set) var nextKernel: [InstalledPackage] = []
    /// What would be open but for a livepatch, with the reason; by source package.
    private(set) var livepatched: [String: [(open: Open, reason: String)]] = [:]
    /// What is closed on disk and open on the code that still runs.
    private(set) var replaced: [(code: ReplacedCode, open: [Open], declared: [Advisory])] = []
    /// What advisories leave open: neither affected nor clean.
    private(set) var undecided: [Open] = []
    private(set) var gaps: [String] = []

    /// - Parameters:
    ///   - judges: by the name of the platform; hosts of one platform share what is judged.
    ///   - replaced: what may still run of what was replaced.
    init(
        of host: HostFacts, by feeds: AdvisoryFeeds, _ judges: inout [String: SoftwareJudge],
        replaced: [ReplacedCode] = []
    ) throws(IndexError) {
        guard let index = feeds.index, feeds.coverage.advisoriesChecked, let packages = host.packages.value else {
            // Without feeds what the hosts' own sources said of it holds.
            self.replaced = replaced.map { ($0, [], $0.advisories) }
            return
        }
        let judge = Self.judge(of: host, index, &judges)
        let kernels = RunningKernel(host)
        // Which kernel is exposed is what runs, not what lies on disk; headers and metapackages are no kernel.
        let exposed = packages.filter { kernels.isExposed($0) }
        let livepatches = LivepatchedKernel(host)
        let found = try Self.judged(exposed, by: judge, feeds)
        gaps = found.gaps + livepatches.gaps
        let next = kernels.next(in: packages)
        let after = next.isEmpty ? nil : try Self.judged(next, by: judge, feeds)
        for item in found.items {
            let package = item.package
            if item.finding.status != .affected {
                undecided.append(item)
            } else if let reason = livepatches.reason(item.record, package: package, fixed: item.finding.fixed) {
                livepatched[package.source, default: []].append((item, reason))
            } else if let after, KernelPackages.isSource(package.source), after.closes(item.record) {
                rebooting[package.source, default: []].append(item)
            } else {
                open[package.source, default: []].append(item)
            }
        }
        nextKernel = next
        for code in replaced { try hold(code, judge, livepatches, feeds, index) }
    }

    /// Judges the version that was there before, by the feeds of today: also what became known since counts.
    private mutating func hold(
        _ code: ReplacedCode, _ judge: SoftwareJudge, _ livepatches: LivepatchedKernel, _ feeds: AdvisoryFeeds,
        _ index: AdvisoryIndex
    ) throws(IndexError) {
        let onDisk = Set(((open[code.source] ?? []) + (rebooting[code.source] ?? [])).map(\.record.id))
        var still: [Open] = []
        for item in try Self.judged(code.packages, by: judge, feeds).items where !onDisk.contains(item.record.id) {
            if item.finding.status != .affected {
                undecided.append(item)
            } else if let reason = livepatches.reason(item.record, package: item.package, fixed: item.finding.fixed) {
                livepatched[code.source, default: []].append((item, reason))
            } else {
                still.append(item)
            }
        }
        var declared: [Advisory] = []
        for advisory in code.advisories where !onDisk.contains(advisory.id.rawValue) {
            // What a feed knows it was asked about; the rest the package manager alone has named.
            if try index.advisories(named: advisory.id.rawValue).isEmpty { declared.append(advisory) }
        }
        if !still.isEmpty || !declared.isEmpty { replaced.append((code, still, declared)) }
    }

    /// The judge of a host's platform.
    static func judge(
        of host: HostFacts, _ index: AdvisoryIndex, _ judges: inout [String: SoftwareJudge],
        _ detail: SoftwareJudge.Detail = .open
    ) -> SoftwareJudge {
        let platform = host.platform.value.flatMap {
            PlatformName.name(
                id: $0.distribution, version: $0.version, codename: $0.codename, title: $0.prettyName)
        }
        let judge =
            judges[platform ?? ""]
            ?? SoftwareJudge(index: index, platform: platform.flatMap { Ecosystem($0) }, detail: detail)
        judges[platform ?? ""] = judge
        return judge
    }

    /// What is open, or undecided, on some packages.
    private struct Judged {
        var items: [Open] = []
        var gaps: [String] = []
        var isComplete = true

        /// Whether nothing of an advisory is left here, by any of its names.
        func closes(_ record: AdvisoryRecord) -> Bool {
            let names = Set([record.id] + record.aliases)
            return isComplete
                && !items.contains { names.contains($0.record.id) || !names.isDisjoint(with: $0.record.aliases) }
        }
    }

    private static func judged(
        _ packages: [InstalledPackage], by judge: SoftwareJudge, _ feeds: AdvisoryFeeds
    ) throws(IndexError) -> Judged {
        let judgement = try judge.judge(SoftwareList(packages: packages.map(ListedPackage.init)))
        var judged = Judged(gaps: judgement.gaps, isComplete: !judgement.lots.contains(nil))
        for (package, lot) in zip(packages, judgement.lots) {
            guard let lot else { continue }
            for finding in judge.lots[lot].findings {
                let record = try feeds.memory.record(finding.advisory, in: judge.index)
                judged.items.append(Open(package: package, finding: finding, record: record))
            }
        }
        return judged
    }
}

extension HostFacts {
    /// The packages that count for advisories: all but kernels that do not run, and what only carries a kernel's name. Empty where
    /// packages were not observed.
    public var exposedPackages: [ListedPackage] {
        let kernels = RunningKernel(self)
        return (packages.value ?? []).filter { kernels.isExposed($0) }.map(ListedPackage.init)
    }
}

extension ListedPackage {
    init(_ package: InstalledPackage) {
        self.init(
            origin: .system(package.manager), name: package.name, architecture: package.architecture,
            version: package.version, source: package.source, sourceVersion: package.sourceVersion)
    }
}
