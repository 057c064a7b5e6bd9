/// Which packages are kernels: the one place that says so, for what is exposed, what asks for a reboot, and what kind of change it is.
///
/// Headers, tools, documentation and debugging symbols only carry a kernel's name (vuls#1933 #1916, wazuh#36983, grype#942).
public enum KernelPackages {
    /// Whether a package brings a kernel, or is the metapackage that pulls one in: `linux-image-6.1.0-18-amd64` and `linux-image-amd64` of
    /// Debian and Ubuntu, `kernel-core` of Red Hat, `kernel-default` of SUSE.
    ///
    /// Alpine's names are its own, and mean other things elsewhere: see `isAlpineKernel`.
    public static func isKernel(_ name: String) -> Bool {
        if rpmImages.contains(name) { return true }
        return name.hasPrefix("linux-image-") && !name.hasSuffix("-dbg") && !name.hasSuffix("-dbgsym")
    }

    /// `linux-lts`, `linux-virt`; not `linux-headers`, `linux-tools` or `linux-pam`.
    public static func isAlpineKernel(_ name: String) -> Bool {
        ["linux-lts", "linux-virt", "linux-edge", "linux-stable", "linux-rpi", "linux-asahi"].contains(name)
    }

    /// Whether kernels are built of a source: `linux`, `linux-hwe-6.8`, `linux-aws`, `linux-signed-amd64`; `kernel`, `kernel-rt`,
    /// `kernel-uek`, `kernel-default`. What else is built of it is no kernel for that.
    public static func isSource(_ source: String) -> Bool {
        // It is asked of every package of every host, and few of them begin so.
        guard source.hasPrefix("linux") || source.hasPrefix("kernel") else { return false }
        if source == "linux" || source == "kernel" || source.hasPrefix("linux-signed") { return true }
        return flavours.contains { source == $0 || source.hasPrefix($0 + "-") }
    }

    /// The release (`uname -r`) that a package boots; nil for one that boots none, a metapackage among them.
    public static func release(of package: InstalledPackage) -> String? {
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
            guard rpmImages.contains(package.name) || package.name == "kernel-modules" else { return nil }
            let version = package.version.split(separator: ":").last.map(String.init) ?? package.version
            if let flavour = suseFlavour(of: package.name, version) {
                return "\(suseRelease(version, isBase: package.name.hasSuffix("-base")))-\(flavour)"
            }
            return "\(version).\(package.architecture)"
        case .apk:
            guard isAlpineKernel(package.name) else { return nil }
            // `linux-lts` 6.6.31-r0 boots `6.6.31-0-lts`.
            return "\(package.version.replacing("-r", with: "-"))-\(package.name.dropFirst("linux-".count))"
        }
    }

    /// What SUSE's kernels have at the end of their release; nil: the package is none of SUSE's.
    private static func suseFlavour(of name: String, _ version: String) -> Substring? {
        guard suseImages.contains(name) else { return nil }
        // Red Hat has a `kernel-rt` too, whose release is as it stands.
        if name == "kernel-rt", version.contains(".el") { return nil }
        let flavour = name.dropFirst("kernel-".count)
        return flavour.hasSuffix("-base") ? flavour.dropLast("-base".count) : flavour
    }

    /// `5.14.21-150500.55.31` of 5.14.21-150500.55.31.1: the build service's own counter at the end of a version is no part of what
    /// the kernel says of itself (https://www.suse.com/support/kb/doc/?id=000019126).
    ///
    /// `kernel-default-base` is packed anew of a built kernel and has its own release behind that one's:
    /// 5.14.21-150500.55.31.1.150500.6.13.1.
    private static func suseRelease(_ version: String, isBase: Bool) -> String {
        guard let dash = version.lastIndex(of: "-") else { return version }
        var parts = version[version.index(after: dash)...].split(separator: ".")
        if isBase, let own = parts.dropFirst().firstIndex(of: parts[0]) { parts.removeSubrange(own...) }
        if parts.count > 1 { parts.removeLast() }
        return "\(version[..<dash])-\(parts.joined(separator: "."))"
    }

    private static let suseImages: Set = [
        "kernel-default", "kernel-default-base", "kernel-azure", "kernel-rt", "kernel-preempt", "kernel-kvmsmall",
        "kernel-64kb", "kernel-longterm",
    ]

    private static let rpmImages = suseImages.union([
        "kernel", "kernel-core", "kernel-rt-core", "kernel-64k-core", "kernel-uek", "kernel-uek-core",
    ])

    private static let flavours = [
        "linux-hwe", "linux-aws", "linux-azure", "linux-gcp", "linux-gke", "linux-oracle", "linux-oem", "linux-kvm",
        "linux-lowlatency", "linux-raspi", "linux-ibm", "linux-lts", "linux-virt", "linux-meta", "linux-nvidia",
        "linux-edge", "linux-stable", "linux-rpi", "linux-asahi",
        "kernel-rt", "kernel-uek", "kernel-default", "kernel-source", "kernel-lt", "kernel-ml",
        "kernel-azure", "kernel-preempt", "kernel-kvmsmall", "kernel-64kb", "kernel-longterm",
    ]
}
