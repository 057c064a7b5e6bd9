public import FettleModel

/// What is signed of a patched image: from what it was made, by what, and what came of it.
public struct ImageProvenance: Codable, Sendable, Equatable {
    /// The form of the statement that carries it.
    public static let form = "fettle-image-v1"

    public var source: File
    public var image: File
    /// `distribution:version`, such as `debian:12`; nil: its advisories are not known.
    public var platform: String?
    public var manager: PackageManager
    /// Sorted by name and architecture.
    public var changes: [PackageChange]
    /// How many packages the image holds.
    public var packages: Int
    /// The package sources that the image was patched from, with the dates that they bear; sorted. Empty: they say none.
    public var sources: [PackageSource]
    /// CycloneDX of what was in the image before and afterwards.
    public var billBefore: Digest
    public var billAfter: Digest
    /// Of what the programs printed.
    public var log: Digest
    /// Such as `Fettle 0.1.0`.
    public var tool: String
    public var madeBy: Person
    public var madeAt: Timestamp
    /// nil: it was not tested.
    public var bootTest: BootReport?

    /// A file, or a directory by the digest of its archive.
    public struct File: Codable, Sendable, Equatable {
        /// The last part of its path, for people.
        public var name: String
        public var format: ImageFormat
        public var bytes: Int64
        /// SHA-256; of a directory that of `tar --sort=name` of it.
        public var digest: Digest
    }

    public struct PackageSource: Codable, Sendable, Equatable {
        /// As apt names the file of its lists.
        public var name: String
        /// As the source says it.
        public var date: String
    }
}

/// The files that lie beside an image, named after it.
public enum ImageSidecar: String, Sendable, CaseIterable {
    case provenance = "provenance"
    case billBefore = "before.cdx.json"
    case billAfter = "after.cdx.json"
    case log = "patch.log"

    public func path(of image: String) -> String { "\(image).\(rawValue)" }
}
