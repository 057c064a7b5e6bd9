/// A package that is installed.
public struct InstalledPackage: Codable, Sendable, Equatable {
    /// The package manager: `dpkg`, `rpm` or `apk`. It decides the order of versions.
    public var manager: PackageManager
    public var name: String
    public var architecture: String
    public var version: String
    /// The source package and its version: feeds match by these. Same as the binary's where there is no other.
    public var source: String
    public var sourceVersion: String
    /// Held back by the administrator.
    public var isHeld: Bool

    public init(
        manager: PackageManager, name: String, architecture: String, version: String, source: String,
        sourceVersion: String, isHeld: Bool = false
    ) {
        self.manager = manager
        self.name = name
        self.architecture = architecture
        self.version = version
        self.source = source
        self.sourceVersion = sourceVersion
        self.isHeld = isHeld
    }
}

public enum PackageManager: String, Codable, Sendable, CaseIterable {
    case dpkg, rpm, apk
}

/// A package in a state between installed and removed, as the package manager names that state.
public struct BrokenPackage: Codable, Sendable, Equatable {
    public var name: String
    public var architecture: String
    public var version: String
    /// Such as `half-configured`, `half-installed`, `unpacked`, `triggers-pending`.
    public var state: String

    public init(name: String, architecture: String, version: String, state: String) {
        self.name = name
        self.architecture = architecture
        self.version = version
        self.state = state
    }
}

/// A newer version that the host's own sources offer for an installed package.
public struct AvailableUpdate: Codable, Sendable, Equatable {
    public var manager: PackageManager
    public var name: String
    public var architecture: String
    public var installed: String
    public var candidate: String
    public var source: String
    public var sourceVersion: String
    public var isHeld: Bool
    /// Everywhere the candidate is on offer.
    public var origins: [UpdateOrigin]
    /// What the package manager itself calls it, where it says so (rpm's `updateinfo`); nil for apt.
    public var declaredClass: UpdateClass?
    /// Advisory ids that the package manager itself names, sorted.
    public var advisories: [AdvisoryID]

    public init(
        manager: PackageManager, name: String, architecture: String, installed: String, candidate: String,
        source: String, sourceVersion: String, isHeld: Bool = false, origins: [UpdateOrigin] = [],
        declaredClass: UpdateClass? = nil, advisories: [AdvisoryID] = []
    ) {
        self.manager = manager
        self.name = name
        self.architecture = architecture
        self.installed = installed
        self.candidate = candidate
        self.source = source
        self.sourceVersion = sourceVersion
        self.isHeld = isHeld
        self.origins = origins
        self.declaredClass = declaredClass
        self.advisories = advisories
    }
}

/// Where a version comes from, by the fields of the archive's Release file or the repository's id.
public struct UpdateOrigin: Codable, Sendable, Hashable {
    public var origin: String
    /// The suite or archive, such as `stable-security`; the repository's id for rpm.
    public var suite: String
    public var codename: String
    public var label: String
    public var component: String

    public init(origin: String, suite: String, codename: String = "", label: String = "", component: String = "") {
        self.origin = origin
        self.suite = suite
        self.codename = codename
        self.label = label
        self.component = component
    }
}

/// What kind of change an update brings.
public enum UpdateClass: String, Codable, Sendable, CaseIterable {
    case security, bugfix, feature, cosmetic
    /// Nothing says what it is. Policy decides how such updates are treated.
    case unclassified
}
