import FettleIndex
import FettleModel
import FettleVersions

/// What livepatches fix in a host's running kernel, by their own word: the CVEs that they list, and the version that the patched
/// kernel is as good as, where one is stated. A livepatch that says neither fixes nothing that can be told.
struct LivepatchedKernel {
    /// Patches in use that list what they fix, by CVE.
    private var fixes: [String: KernelLivepatch] = [:]
    private var stated: [KernelLivepatch] = []
    /// What could not be read.
    private(set) var gaps: [String] = []

    init(_ host: HostFacts) {
        if let reason = host.livepatches?.reasonMissing { gaps.append("livepatches not observed: \(reason)") }
        for patch in host.livepatches?.value ?? [] {
            if let problem = patch.problem {
                gaps.append("livepatches of \(patch.reporter.words) not read: \(problem)")
            }
            guard patch.isActive else { continue }
            for weakness in patch.fixes where fixes[weakness] == nil { fixes[weakness] = patch }
            if patch.kernel != nil { stated.append(patch) }
        }
    }

    /// Why an advisory that is open on a package of the running kernel is fixed all the same; nil: it is not.
    ///
    /// - Parameter fixed: the version that fixes it; nil: none is published.
    func reason(
        _ record: AdvisoryRecord, package: InstalledPackage, fixed: String?
    ) -> String? {
        guard !fixes.isEmpty || !stated.isEmpty, KernelPackages.isSource(package.source) else { return nil }
        let weaknesses = Set(([record.id] + record.aliases).compactMap(Self.weakness)).sorted()
        // An advisory of several is fixed when all of them are.
        if let first = weaknesses.first.flatMap({ fixes[$0] }), weaknesses.allSatisfy({ fixes[$0] != nil }) {
            return "\(weaknesses.joined(separator: ", ")) fixed by livepatch \(first.name) (\(first.reporter.words))"
        }
        guard let fixed else { return nil }
        for patch in stated {
            if let kernel = patch.kernel, Self.isAtLeast(kernel, fixed, package) {
                return
                    "\(record.id) fixed by livepatch: \(patch.reporter.words) states kernel \(kernel), which has the fix of \(fixed)"
            }
        }
        return nil
    }

    /// `CVE-2024-1086` of itself and of `DEBIAN-CVE-2024-1086`; nil for ids of advisories.
    private static func weakness(_ id: String) -> String? {
        guard let start = id.firstRange(of: "CVE-") else { return nil }
        guard start.lowerBound == id.startIndex || id[..<start.lowerBound].hasSuffix("-") else { return nil }
        return String(id[start.lowerBound...])
    }

    /// Whether a stated kernel, such as `5.4.0-177.197` or `5.14.0-362.8.1.el9_3.x86_64`, is at or above a package's version. A release as
    /// `uname` has it (`6.1.0-18-amd64`) is no version, and says nothing.
    private static func isAtLeast(_ kernel: String, _ fixed: String, _ package: InstalledPackage) -> Bool {
        var kernel = kernel
        var fixed = fixed
        switch package.manager {
        case .rpm:
            let suffix = ".\(package.architecture)"
            if kernel.hasSuffix(suffix) { kernel.removeLast(suffix.count) }
            // The package's epoch is in no release.
            if let colon = fixed.firstIndex(of: ":") { fixed = String(fixed[fixed.index(after: colon)...]) }
            guard kernel.contains("-") else { return false }
        case .dpkg:
            // `-generic`, `-amd64`: a flavour follows the number of the interface, and not the version.
            let parts = kernel.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[1].first?.isNumber == true else { return false }
        case .apk: return false
        }
        let scheme = package.manager.scheme
        return scheme.isValid(kernel) && series(kernel) == series(fixed) && scheme.compare(kernel, fixed) != .less
    }

    /// `6.1` of `6.1.130-1`. Series are patched side by side: 6.8 is above 6.1 and need not have its fixes.
    private static func series(_ version: String) -> [Substring] { Array(version.split(separator: ".").prefix(2)) }
}

extension KernelLivepatch.Reporter {
    var words: String {
        switch self {
        case .kernel: "the kernel"
        case .kpatch: "kpatch"
        case .klp: "klp"
        case .canonicalLivepatch: "canonical-livepatch"
        case .kernelCare: "KernelCare"
        }
    }
}
