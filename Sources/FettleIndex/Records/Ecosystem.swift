public import FettleVersions

/// Where packages of one name and one order of versions live: a release of a distribution, or a language's registry.
///
/// Written in lower case with colons: `debian:12`, `ubuntu:24.04`, `ubuntu:22.04:pro`, `almalinux:9`, `redhat:9`,
/// `redhat:9.2:eus`, `alpine:3.20`, `pypi`, `npm`, `maven`, `go`, `crates.io`, `rubygems`, `nuget`, `packagist`. Two
/// pockets of one release that are patched apart (Ubuntu's Pro, Red Hat's extended support) are ecosystems of their own.
public struct Ecosystem: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let scheme: VersionScheme

    /// - Parameter name: in any case; a release of a distribution that is known here, or a language's registry.
    /// - Returns: nil for one whose order of versions is not known.
    public init?(_ name: String) {
        let lower = name.lowercased()
        let family = lower.prefix { $0 != ":" }
        guard let scheme = Self.schemes[String(family)] else { return nil }
        self.name = lower
        self.scheme = scheme
    }

    /// `debian` of `debian:12`.
    public var family: Substring { name.prefix { $0 != ":" } }
    /// `12` of `debian:12`, `22.04:pro` of `ubuntu:22.04:pro`; empty for a language's registry.
    public var release: Substring { name.dropFirst(family.count).drop { $0 == ":" } }
    public var description: String { name }

    /// Whether advisories name source packages here (Debian, Ubuntu, Alpine's origins) rather than what is installed.
    public var matchesSources: Bool { scheme == .dpkg || scheme == .apk }

    /// A package's name as it is looked up: registries that take capitals and small letters for one have small ones.
    public func normalName(_ name: String) -> String {
        family == "nuget" || family == "packagist" ? name.lowercased() : name
    }

    private static let schemes: [String: VersionScheme] = [
        "debian": .dpkg, "ubuntu": .dpkg, "raspbian": .dpkg,
        "redhat": .rpm, "centos": .rpm, "almalinux": .rpm, "rocky": .rpm, "oracle": .rpm, "amazon": .rpm,
        "fedora": .rpm, "epel": .rpm, "suse": .rpm, "opensuse": .rpm, "openeuler": .rpm, "azurelinux": .rpm,
        "mariner": .rpm, "photon": .rpm,
        "alpine": .apk, "wolfi": .apk, "chainguard": .apk,
        "pypi": .pep440, "npm": .npm, "maven": .maven, "go": .go, "crates.io": .semver, "rubygems": .rubygems,
        "nuget": .nuget, "packagist": .packagist, "hex": .semver, "pub": .semver, "swifturl": .semver,
    ]
}
