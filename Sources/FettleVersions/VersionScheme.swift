/// A family of version numbers with one order of its own. The raw value is the name used in files and messages.
///
/// crates.io has no case of its own: its versions are ``semver``. A new scheme needs a case here, a comparator in a file
/// of its own, and its line in each of the two switches below.
public enum VersionScheme: String, CaseIterable, Sendable, Hashable, Codable {
    /// Debian and its children: `[epoch:]upstream[-revision]`.
    case dpkg
    /// Red Hat, SUSE, Amazon and others: `[epoch:]version[-release]`; a missing epoch is 0.
    case rpm
    /// Alpine: `1.2.3b_rc1~hash-r4`.
    case apk
    /// Python: `1!2.3rc1.post2.dev3+local`.
    case pep440
    /// Semantic Versioning 2.0.0, as crates.io and others have it: `1.2.3-rc.1+build`.
    case semver
    /// Semantic Versioning as node-semver reads it: `v1.2.3-rc.1`.
    case npm
    /// Maven and Gradle: `1.0-alpha-1`, `2.0.Final`, `3-SNAPSHOT`.
    case maven
    /// Ruby: `1.2.rc1`.
    case rubygems
    /// .NET: `1.2.3.4-beta.1`.
    case nuget
    /// PHP's Composer: `v1.0.0-beta2`, `dev-main`, `2.x-dev`.
    case packagist
    /// Go modules: `v1.2.3-0.20240131120000-abcdef012345`, `v2.0.0+incompatible`; also without the `v`.
    case go

    /// Compares two versions as the scheme's package manager does.
    ///
    /// Total: any text has a place, malformed text too (see ``isValid(_:)`` to tell them apart), and the answer is
    /// always a consistent order. No allocation. Time grows with the shared length only.
    public func compare(_ left: String, _ right: String) -> VersionOrdering {
        withBytes(of: left) { leftBytes in
            withBytes(of: right) { rightBytes in
                compare(leftBytes.span, rightBytes.span)
            }
        }
    }

    /// Compares two versions that lie inside larger texts.
    public func compare(_ left: Substring, _ right: Substring) -> VersionOrdering {
        withBytes(of: left) { leftBytes in
            withBytes(of: right) { rightBytes in
                compare(leftBytes.span, rightBytes.span)
            }
        }
    }

    /// Compares two versions given as raw bytes, which need not be UTF-8.
    public func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        switch self {
        case .dpkg: DpkgOrder.compare(left, right)
        case .rpm: RpmOrder.compare(left, right)
        case .apk: ApkOrder.compare(left, right)
        case .pep440: Pep440Order.compare(left, right)
        case .semver: SemanticOrder.compare(left, right, after: .v)
        case .npm: SemanticOrder.compare(left, right, after: .npm)
        case .maven: MavenOrder.compare(left, right)
        case .rubygems: RubyGemsOrder.compare(left, right)
        case .nuget: NuGetOrder.compare(left, right)
        case .packagist: PackagistOrder.compare(left, right)
        case .go: SemanticOrder.compare(left, right, after: .go)
        }
    }

    /// Whether the scheme's package manager would accept this version for a package.
    ///
    /// A malformed version still compares, but an answer that rests on it is a guess, and should be told as one.
    public func isValid(_ version: String) -> Bool {
        switch self {
        case .dpkg: DpkgVersion.isValid(version)
        case .rpm: RpmVersion.isValid(version)
        case .apk: ApkVersion.isValid(version)
        default: withBytes(of: version) { isValidForLanguage($0.span) }
        }
    }

    private func isValidForLanguage(_ version: Span<UInt8>) -> Bool {
        switch self {
        case .dpkg, .rpm, .apk: false
        case .pep440: Pep440Parts(version).isValid
        case .semver: SemanticValidity.isSemver(version)
        case .npm: SemanticValidity.isNpm(version)
        case .maven: MavenOrder.isValid(version)
        case .rubygems: RubyGemsOrder.isValid(version)
        case .nuget: NuGetOrder.isValid(version)
        case .packagist: PackagistOrder.isValid(version)
        case .go: SemanticValidity.isGo(version)
        }
    }
}
