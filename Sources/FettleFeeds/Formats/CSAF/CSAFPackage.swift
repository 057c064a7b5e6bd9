import FettleIndex
import FettleSoftware
import FettleVersions

/// A package as a CSAF product names it, by its package URL or by its full rpm name.
struct CSAFPackage: Hashable {
    var ecosystem: Ecosystem
    var name: String
    /// Nil where the product is a package in any version: a component of Red Hat's without a fix.
    var version: String?
    /// Nil: any.
    var architecture: String?
    var module: String?

    /// Nil for what is not installed: sources of a version, container images, and what has no readable name.
    init?(_ part: CSAFProductTree.Part) {
        ecosystem = part.ecosystem
        module = part.module
        let full = Self.fullName(part.packageID) ?? Self.fullName(part.package.name)
        var architecture: String?
        if let url = part.package.url {
            guard url.type == "rpm" else { return nil }
            name = url.name
            architecture = url.qualifiers["arch"]
            if let text = url.version {
                // Feeds leave an epoch of 0 out, and some leave any out of the URL and write it into the name
                // (grype#2170).
                let epoch = url.qualifiers["epoch"] ?? full?.version.epoch
                let prefix = epoch.map { "\($0):" } ?? ""
                guard let version = RpmNames.version(text.contains(":") ? text : prefix + text) else { return nil }
                self.version = version
            }
            if module == nil, let told = url.qualifiers["rpmmod"] {
                let parts = told.split(separator: ":")
                if parts.count >= 2 { module = ModuleStream.label(name: parts[0], stream: parts[1]) }
            }
        } else if let full {
            name = full.name
            architecture = full.architecture
            guard let version = RpmNames.version(full.version.description) else { return nil }
            self.version = version
        } else {
            // `nodejs:18/nodejs`
            let parts = part.package.name.split(separator: "/")
            guard let last = parts.last, parts.count <= 2, RpmNames.isName(String(last)) else { return nil }
            name = String(last)
            let stream = parts.count == 2 ? parts[0].split(separator: ":") : []
            if stream.count == 2 { module = ModuleStream.label(name: stream[0], stream: stream[1]) }
        }
        if version != nil, RpmNames.isOfSources(architecture ?? "") { return nil }
        let isAny = architecture == nil || architecture == "noarch" || architecture == "src"
        self.architecture = isAny ? nil : architecture
    }

    private static let architectures: Set<String> = [
        "x86_64", "x86_64_v2", "i386", "i486", "i586", "i686", "noarch", "aarch64", "aarch64_ilp32", "armv7hl", "ppc",
        "ppc64", "ppc64le", "s390", "s390x", "riscv64", "src", "nosrc", "ia64",
    ]

    /// `openssl-1:3.0.7-27.el9.x86_64`, not the name of a component that has hyphens and dots of its own.
    private static func fullName(_ text: String) -> RpmPackageName? {
        guard let name = RpmPackageName(text), architectures.contains(name.architecture) else { return nil }
        return name
    }

    /// Whether the fix holds for a module's stream that isn't told.
    var isOfUnnamedStream: Bool { module == nil && RpmVersion.isModular(version ?? "") }

    var architectureList: [String] { architecture.map { [$0] } ?? [] }

    func entry(_ status: AffectedStatus, remark: String = "") -> AffectedPackage {
        AffectedPackage(ecosystem: ecosystem, name: name, status: status, module: module, remark: remark)
    }
}
