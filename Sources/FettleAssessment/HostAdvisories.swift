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
            judges[platform ?? ""] ?? SoftwareJudge(index: index, platform: platform.flatMap { Ecosystem($0) })
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
                if let reason = livepatches.reason(record, package: package, fixed: finding.fixed) {
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
        guard Self.isKernelSource(package.source) else { return true }
        guard let running, !running.isEmpty else { return Self.isImage(package) }
        return Self.isImage(package)
            && Self.release(of: package).map { $0 == running || running.hasPrefix($0) } ?? false
    }

    /// `linux`, `linux-hwe-6.8`, `linux-aws`, `linux-signed-amd64`; `kernel`, `kernel-rt`, `kernel-uek`, `kernel-default`.
    static func isKernelSource(_ source: String) -> Bool {
        if source == "linux" || source == "kernel" || source.hasPrefix("linux-signed") { return true }
        let flavours = [
            "linux-hwe", "linux-aws", "linux-azure", "linux-gcp", "linux-gke", "linux-oracle", "linux-oem", "linux-kvm",
            "linux-lowlatency", "linux-raspi", "linux-ibm", "linux-lts", "linux-virt", "linux-meta", "linux-nvidia",
            "kernel-rt", "kernel-uek", "kernel-default", "kernel-source", "kernel-lt", "kernel-ml",
        ]
        return flavours.contains { source == $0 || source.hasPrefix($0 + "-") }
    }

    private static func isImage(_ package: InstalledPackage) -> Bool { release(of: package) != nil }

    /// The release (`uname -r`) that a package boots; nil for one that boots none.
    private static func release(of package: InstalledPackage) -> String? {
        switch package.manager {
        case .dpkg:
            for prefix in ["linux-image-unsigned-", "linux-image-", "linux-modules-"]
            where package.name.hasPrefix(prefix) {
                let release = package.name.dropFirst(prefix.count)
                // A metapackage (`linux-image-amd64`, `linux-image-generic`) names no release.
                return release.first?.isNumber == true ? String(release) : nil
            }
            return nil
        case .rpm:
            let images = [
                "kernel", "kernel-core", "kernel-modules", "kernel-default", "kernel-uek", "kernel-rt",
                "kernel-rt-core",
            ]
            let version = package.version.split(separator: ":").last.map(String.init) ?? package.version
            return images.contains(package.name) ? "\(version).\(package.architecture)" : nil
        case .apk:
            let parts = package.name.split(separator: "-")
            guard parts.first == "linux", parts.count == 2 else { return nil }
            // `linux-lts` 6.6.31-r0 boots `6.6.31-0-lts`.
            return "\(package.version.replacing("-r", with: "-"))-\(parts[1])"
        }
    }
}
