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
            return "\(version).\(package.architecture)"
        case .apk:
            let parts = package.name.split(separator: "-")
            guard parts.first == "linux", parts.count == 2 else { return nil }
            // `linux-lts` 6.6.31-r0 boots `6.6.31-0-lts`.
            return "\(package.version.replacing("-r", with: "-"))-\(parts[1])"
        }
    }

    private static let rpmImages: Set = [
        "kernel", "kernel-core", "kernel-rt", "kernel-rt-core", "kernel-64k-core", "kernel-uek", "kernel-uek-core",
        "kernel-default", "kernel-default-base", "kernel-azure",
    ]

    private static let flavours = [
        "linux-hwe", "linux-aws", "linux-azure", "linux-gcp", "linux-gke", "linux-oracle", "linux-oem", "linux-kvm",
        "linux-lowlatency", "linux-raspi", "linux-ibm", "linux-lts", "linux-virt", "linux-meta", "linux-nvidia",
        "kernel-rt", "kernel-uek", "kernel-default", "kernel-source", "kernel-lt", "kernel-ml",
    ]
}
