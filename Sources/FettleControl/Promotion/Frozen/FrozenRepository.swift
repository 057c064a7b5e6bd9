public import FettleModel

/// A repository that holds exactly the archives of a patch set for one platform, so that they stay to be had when the mirror has gone on.
/// Kept beside them as `frozen.json`.
public struct FrozenRepository: Codable, Sendable, Equatable {
    public var set: StageReference
    public var platform: String
    public var madeAt: Timestamp
    public var madeBy: Person
    /// Hosts whose lists told the same of all archives, sorted; nil: not written down.
    public var witnesses: [ResourceID]?
    /// Sorted by package.
    public var archives: [FrozenArchive]

    public init(
        set: StageReference, platform: String, madeAt: Timestamp, madeBy: Person, archives: [FrozenArchive],
        witnesses: [ResourceID]? = nil
    ) {
        self.set = set
        self.platform = platform
        self.madeAt = madeAt
        self.madeBy = madeBy
        self.witnesses = witnesses?.sorted()
        self.archives = archives.sorted { $0.package < $1.package }
    }

    /// Of whose packages it is made.
    public var manager: PackageManager { archives.first?.format ?? .dpkg }

    /// As a folder is called: `debian-12`.
    public static func folder(of platform: String) -> String {
        let name = String(platform.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" })
        // Neither hidden nor a folder above.
        return name.isEmpty || name.hasPrefix(".") ? "-\(name)" : name
    }
}

/// One archive of it.
public struct FrozenArchive: Codable, Sendable, Equatable {
    public var package: PackageVersion
    public var bytes: Int64
    /// By which it lies in the artifact store.
    public var sha256: Digest
    /// Of the paragraph of its Packages file, without where it lies and its sums. Empty for rpm, whose packages tell all of it themselves.
    public var fields: [String]
    /// Whose package it is; nil, as in what was frozen before there was another: dpkg's.
    public var manager: PackageManager?

    public init(
        package: PackageVersion, bytes: Int64, sha256: Digest, fields: [String], manager: PackageManager? = nil
    ) {
        self.package = package
        self.bytes = bytes
        self.sha256 = sha256
        self.fields = fields
        self.manager = manager
    }

    var format: PackageManager { manager ?? .dpkg }

    /// By its digest, in the artifact store.
    public var storedFile: String { "\(sha256).\(format.archiveSuffix)" }

    /// As distributions name archives: without the epoch, whose colon no address has.
    public var file: String {
        let version = package.version.split(separator: ":", maxSplits: 1).last ?? ""
        switch format {
        case .rpm:
            // What no address has, and no rule for `sudo`, is not needed in a name.
            let bare = version.replacing("^", with: "_")
            return "\(package.name)-\(bare).\(package.architecture).rpm"
        case .dpkg, .apk: return "\(package.name)_\(version)_\(package.architecture).deb"
        }
    }
}

extension PackageManager {
    /// How names of its archives end.
    public var archiveSuffix: String {
        switch self {
        case .dpkg: "deb"
        case .rpm: "rpm"
        case .apk: "apk"
        }
    }
}

/// What tells dnf and zypper of a repository: one file for `/etc/yum.repos.d` or `/etc/zypp/repos.d`. Pure.
///
/// Source: yum.conf(5), and https://doc.opensuse.org/projects/libzypp/HEAD/classzypp_1_1RepoInfo.html for `pkg_gpgcheck`
public struct RpmRepositoryText: Sendable {
    public let repository: FrozenRepository

    public init(_ repository: FrozenRepository) { self.repository = repository }

    /// Both are checked: the lists by the key that signs repositories, each package by a key of the host's own database.
    ///
    /// - Parameters:
    ///   - address: where hosts reach the repository.
    ///   - key: of the public key, for `gpgkey`.
    public func source(at address: String, key: String) -> String {
        """
        [fettle-\(repository.set.id)]
        name=\(repository.set.id) for \(repository.platform)
        baseurl=\(address)
        enabled=1
        gpgcheck=1
        repo_gpgcheck=1
        pkg_gpgcheck=1
        gpgkey=\(key)

        """
    }
}

/// What apt reads of a flat repository. Pure.
///
/// Source: https://wiki.debian.org/DebianRepository/Format
public struct DebianRepositoryText: Sendable {
    public let repository: FrozenRepository

    public init(_ repository: FrozenRepository) { self.repository = repository }

    /// The file `Packages`.
    public var packages: String {
        repository.archives.map { archive in
            let lines =
                archive.fields.filter { !Self.isWhere($0) } + [
                    "Filename: ./pool/\(archive.file)", "Size: \(archive.bytes)", "SHA256: \(archive.sha256)",
                ]
            return lines.joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }

    /// A line that would say where an archive lies, or what its sum is, in our place.
    private static func isWhere(_ line: String) -> Bool {
        let name = line.prefix { $0 != ":" }.lowercased()
        return ["filename", "size", "md5sum", "sha1", "sha256", "sha512"].contains(name) || line.isEmpty
    }

    /// The file `Release`, which is signed. It has no end: what was tested in October is what comes in December.
    public var release: String {
        let bytes = Array(packages.utf8)
        let architectures = Set(repository.archives.map(\.package.architecture)).union(["all"]).sorted()
        return """
            Origin: Fettle
            Label: \(repository.set.id)
            Suite: \(repository.set.id)
            Codename: \(repository.set.id)
            Date: \(Self.date(repository.madeAt))
            Architectures: \(architectures.joined(separator: " "))
            Description: \(repository.set.id) for \(repository.platform), digest \(repository.set.digest)
            SHA256:
             \(Digest.sha256(of: bytes)) \(bytes.count) Packages

            """
    }

    /// RFC 2822 in UTC, as apt demands it; whatever the machine's language is.
    static func date(_ time: Timestamp) -> String {
        let days = Int(time.milliseconds / 86_400_000)
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = time.day.split(separator: "-")
        let month = parts.count == 3 ? Int(parts[1]).map { months[max(0, min(11, $0 - 1))] } ?? "Jan" : "Jan"
        let clock = time.description.dropFirst(11).prefix(8)
        return "\(names[((days % 7) + 7) % 7]), \(parts.last ?? "01") \(month) \(parts.first ?? "1970") \(clock) UTC"
    }
}
