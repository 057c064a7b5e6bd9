/// What is installed on one machine or in one image, read from a file instead of a live host: a package manager's database, a
/// bill of materials, a lock file.
public struct SoftwareList: Sendable, Equatable {
    /// `debian:12`, where the file itself says for which release of which distribution it speaks.
    public var platform: String?
    public var packages: [ListedPackage]
    /// Entries that could not be read, each named with the reason: not judged is not clean.
    public var skipped: [String]

    public init(platform: String? = nil, packages: [ListedPackage] = [], skipped: [String] = []) {
        self.platform = platform
        self.packages = packages
        self.skipped = skipped
    }
}

/// One entry of a `SoftwareList`.
public struct ListedPackage: Sendable, Hashable {
    public enum Origin: Sendable, Hashable {
        /// The distribution's own package manager; the ecosystem is that of the platform.
        case system(PackageManager)
        /// A language's registry, by the name of its ecosystem: `pypi`, `npm`, `maven`, `go`, `crates.io` ...
        case registry(String)
    }

    public var origin: Origin
    /// As its advisories write it: Maven's `group:artifact`, npm's `@scope/name`, Go's module path, PyPI's normal form.
    public var name: String
    /// Empty where there is none.
    public var architecture: String
    /// `epoch:version-release` for rpm, without the epoch where it is 0 or none.
    public var version: String
    /// The source package and its version; the same as the package's own where the file names none.
    public var source: String
    public var sourceVersion: String
    /// rpm's `name:stream` of the module that it comes from; nil for none.
    public var module: String?
    /// `debian:12`, where the entry itself says of which release it is and that is another than its list's; nil: its list's.
    public var platform: String?

    public init(
        origin: Origin, name: String, architecture: String = "", version: String, source: String? = nil,
        sourceVersion: String? = nil, module: String? = nil, platform: String? = nil
    ) {
        self.origin = origin
        self.name = name
        self.architecture = architecture
        self.version = version
        self.source = source ?? name
        self.sourceVersion = sourceVersion ?? version
        self.module = module
        self.platform = platform
    }
}
