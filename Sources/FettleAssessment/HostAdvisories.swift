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
    /// What would be open but for a livepatch, with the reason; by source package.
    private(set) var livepatched: [String: [(open: Open, reason: String)]] = [:]
    /// What advisories leave open: neither affected nor clean.
    private(set) var undecided: [Open] = []
    private(set) var gaps: [String] = []

    /// - Parameter judges: by the name of the platform; hosts of one platform share what is judged.
    init(of host: HostFacts, by feeds: AdvisoryFeeds, _ judges: inout [String: SoftwareJudge]) throws(IndexError) {
        guard let index = feeds.index, feeds.coverage.advisoriesChecked, let packages = host.packages.value else {
            return
        }
        let platform = host.platform.value.flatMap {
            PlatformName.name(
                id: $0.distribution, version: $0.version, codename: $0.codename, title: $0.prettyName)
        }
        let judge =
            judges[platform ?? ""]
            ?? SoftwareJudge(index: index, platform: platform.flatMap { Ecosystem($0) }, detail: .open)
        judges[platform ?? ""] = judge
        let kernels = RunningKernel(host)
        // Which kernel is exposed is what runs, not what lies on disk; headers and metapackages are no kernel.
        let exposed = packages.filter { kernels.isExposed($0) }
        let judgement = try judge.judge(SoftwareList(packages: exposed.map(ListedPackage.init)))
        let livepatches = LivepatchedKernel(host)
        gaps = judgement.gaps + livepatches.gaps
        for (package, lot) in zip(exposed, judgement.lots) {
            guard let lot else { continue }
            for finding in judge.lots[lot].findings {
                let record = try index.advisory(finding.advisory).record
                let item = Open(package: package, finding: finding, record: record)
                if finding.status != .affected {
                    undecided.append(item)
                } else if let reason = livepatches.reason(record, package: package, fixed: finding.fixed) {
                    livepatched[package.source, default: []].append((item, reason))
                } else {
                    open[package.source, default: []].append(item)
                }
            }
        }
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

/// Which of a host's kernel packages count: of several installed kernels the running one alone is exposed, and what only carries
/// the kernel's name (headers, tools, metapackages) is none (vuls#1933 #1916, wazuh#36983, grype#942).
struct RunningKernel {
    private let running: String?

    init(_ host: HostFacts) {
        let running = host.kernels.value?.running
        // KernelCare may let `uname` name the kernel that the patched one is as good as: which one was booted is not known then.
        let isStated = (host.livepatches?.value ?? []).contains { $0.kernel != nil && $0.kernel == running }
        self.running = isStated ? nil : running
    }

    /// Whether the package is no part of a kernel, or of the one that runs. Where the running kernel was not observed every kernel
    /// counts: not observed is not "not running".
    func isExposed(_ package: InstalledPackage) -> Bool {
        guard KernelPackages.isSource(package.source) else { return true }
        guard let release = KernelPackages.release(of: package) else { return false }
        guard let running, !running.isEmpty else { return true }
        return release == running || running.hasPrefix(release)
    }
}
