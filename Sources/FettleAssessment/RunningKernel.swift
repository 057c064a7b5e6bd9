import FettleModel

/// Which of a host's kernel packages count: of several installed kernels the running one alone is exposed, and what only carries
/// the kernel's name (headers, tools, metapackages) is none (vuls#1933 #1916, wazuh#36983, grype#942).
struct RunningKernel {
    private let running: String?
    private let facts: KernelFacts?

    init(_ host: HostFacts) {
        facts = host.kernels.value
        // KernelCare may let `uname` name the kernel that the patched one is as good as: which one was booted is not known then.
        let named = facts?.running
        let isStated = (host.livepatches?.value ?? []).contains { $0.kernel != nil && $0.kernel == named }
        running = isStated ? nil : named
    }

    /// Whether the package is no part of a kernel, or of the one that runs. Where the running kernel was not observed every kernel
    /// counts: not observed is not "not running".
    func isExposed(_ package: InstalledPackage) -> Bool {
        guard KernelPackages.isSource(package.source) else { return true }
        guard let release = KernelPackages.release(of: package) else { return false }
        guard let running, !running.isEmpty else { return true }
        return Self.isOf(release, running)
    }

    /// The packages of the kernel that the next boot takes, which is not the running one; empty: it takes the same one, or it is not
    /// known which.
    func next(in packages: [InstalledPackage]) -> [InstalledPackage] {
        guard let running, let facts, !running.isEmpty else { return [] }
        let alike = facts.installed.filter { Self.flavour($0) == Self.flavour(running) }
        guard let newest = alike.last, newest != running else { return [] }
        return packages.filter { package in
            KernelPackages.isSource(package.source)
                && (KernelPackages.release(of: package).map { Self.isOf($0, newest) } ?? false)
        }
    }

    /// Why the running kernel could not be judged; nil: it was, or no kernel is a package here, as in containers.
    func gap(in packages: [InstalledPackage]) -> String? {
        let kernels = packages.filter { KernelPackages.isSource($0.source) && KernelPackages.release(of: $0) != nil }
        guard !kernels.isEmpty, let running, !running.isEmpty, !kernels.contains(where: isExposed) else { return nil }
        return
            "the running kernel \(running) is of no installed package: its version is not known, and it was not judged"
    }

    private static func isOf(_ release: String, _ running: String) -> Bool {
        release == running || running.hasPrefix(release)
    }

    /// `cloud-amd64` of `6.1.0-18-cloud-amd64`, `+rt` of `5.14.0-427.el9.x86_64+rt`: a boot takes the newest of its own flavour.
    private static func flavour(_ release: String) -> String {
        let parts = release.split(separator: "-")
        let words = parts.drop { $0.first?.isNumber == true }.joined(separator: "-")
        guard words.isEmpty, let last = parts.last, let plus = last.firstIndex(of: "+") else { return words }
        return String(last[plus...])
    }
}
