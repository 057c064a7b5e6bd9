import FettleIndex
import FettleSoftware

/// Tells an ecosystem from a CPE of an operating system or of a repository (https://csrc.nist.gov/pubs/ir/7695/final):
/// `cpe:/o:redhat:enterprise_linux:9::baseos`, `cpe:/a:redhat:rhel_eus:9.2::appstream`, `cpe:/o:suse:sles:15:sp5`.
enum PlatformCPE {
    /// Nil for a CPE that names no release of a distribution that is known here.
    static func ecosystem(cpe: String) -> Ecosystem? {
        let lower = cpe.prefix(300).lowercased()
        let parts: [Substring]
        if lower.hasPrefix("cpe:/") {
            parts = lower.dropFirst(5).split(separator: ":", omittingEmptySubsequences: false)
        } else if lower.hasPrefix("cpe:2.3:") {
            parts = lower.dropFirst(8).split(separator: ":", omittingEmptySubsequences: false)
                .map { $0 == "*" || $0 == "-" ? "" : $0 }
        } else {
            return nil
        }
        guard parts.count >= 4, !parts[3].isEmpty else { return nil }
        let (vendor, product, version) = (parts[1], parts[2], parts[3])
        let rest = Array(parts.dropFirst(4))
        let major = version.prefix { $0 != "." }
        switch vendor {
        case "redhat": return redHat(product, version, rest)
        case "almalinux" where product == "almalinux": return Ecosystem("almalinux:\(major)")
        case "rocky" where product == "rocky": return Ecosystem("rocky:\(major)")
        case "oracle" where product == "linux": return Ecosystem("oracle:\(major)")
        case "amazon" where product.hasPrefix("linux"):
            return PlatformName.name(id: "amzn", version: String(version)).flatMap { Ecosystem($0) }
        case "fedoraproject" where product == "fedora": return Ecosystem("fedora:\(major)")
        case "debian" where product == "debian_linux": return .debian(major)
        case "canonical" where product == "ubuntu_linux": return .ubuntu(version: version, pocket: "")
        case "opensuse": return openSUSE(product, version)
        case "suse": return suse(product, version, rest.first ?? "")
        default: return nil
        }
    }

    /// Repositories that add to a release and share its packages.
    private static let redHatAdditions: Set<Substring> = [
        "enterprise_linux", "enterprise_linux_server", "enterprise_linux_workstation", "enterprise_linux_desktop",
        "rhel_extras", "rhel_extras_sap", "rhel_extras_sap_hana", "rhel_extras_rt", "rhel_extras_oracle_java",
        "rhel_cluster", "rhel_cluster_storage", "rhel_virtualization", "rhel_productivity", "rhel_dotnet",
    ]
    /// What is layered upon a release (OpenStack, OpenShift, JBoss) holds other builds of the release's packages, so it
    /// is an ecosystem of its own, if its CPE says upon which: `redhat:9:openstack-17.1`.
    private static func redHat(_ product: Substring, _ version: Substring, _ rest: [Substring]) -> Ecosystem? {
        if redHatAdditions.contains(product) { return .redHat(version, channel: nil) }
        for beginning in ["rhel_", "enterprise_linux_"] where product.hasPrefix(beginning) {
            if let channel = RedHatChannel(word: product.dropFirst(beginning.count)) {
                return .redHat(version, channel: channel)
            }
        }
        let releases = rest.filter {
            $0.hasPrefix("el") && !$0.dropFirst(2).isEmpty && $0.dropFirst(2).allSatisfy(\.isNumber)
        }
        guard let release = releases.first else { return nil }
        return Ecosystem("redhat:\(release.dropFirst(2)):\(product)-\(version)")
    }

    private static func openSUSE(_ product: Substring, _ version: Substring) -> Ecosystem? {
        switch product {
        case "leap": Ecosystem("opensuse:\(version)")
        case "leap_micro", "leap-micro": Ecosystem("opensuse:micro-\(version)")
        case "tumbleweed": Ecosystem("opensuse:tumbleweed")
        default: nil
        }
    }

    private static func suse(_ product: Substring, _ version: Substring, _ update: Substring) -> Ecosystem? {
        guard product.hasPrefix("sle") || product.hasPrefix("sl-micro") || product.hasPrefix("suse-microos") else {
            return nil
        }
        return .suse(version, pack: update.hasPrefix("sp") ? Int(update.dropFirst(2)) : nil, product: product)
    }
}
