public import FettleModel

/// The name of a source, as `feeds.yaml` and folders write it: `kev`, `osv-pypi`, `redhat-oval-9`.
public typealias FeedSourceID = Identifier<FeedSource>

/// Somebody who publishes advisories, and where: the files of a source are fetched together and used together.
public struct FeedSource: Sendable, Equatable {
    public var id: FeedSourceID
    /// For people: `CISA Known Exploited Vulnerabilities`.
    public var title: String
    /// At least one, and no name twice.
    public var files: [FeedFile]
    /// How long after it was last known to be the newest an answer from it is told to be stale.
    public var staleAfterHours: Int
    /// An SPDX expression, or the publisher's words.
    public var licence: String
    /// Where the publisher documents it.
    public var documentation: String

    public init(
        id: FeedSourceID, title: String, files: [FeedFile], staleAfterHours: Int, licence: String, documentation: String
    ) {
        self.id = id
        self.title = title
        self.files = files
        self.staleAfterHours = staleAfterHours
        self.licence = licence
        self.documentation = documentation
    }
}

/// One file of a source.
public struct FeedFile: Sendable, Equatable {
    /// As it is kept here and on mirrors; the names of a source differ.
    public var name: String
    public var address: Address
    /// A file larger than this is refused: several times what is published today.
    public var maximumBytes: Int64
    public var checksum: Checksum
    public var signature: Signature
    /// Whether a mirror may be without it; the publisher's own place may not.
    public var isOptionalOnMirrors: Bool

    public init(
        name: String, address: Address, maximumBytes: Int64, checksum: Checksum = .none, signature: Signature = .none,
        isOptionalOnMirrors: Bool = false
    ) {
        self.name = name
        self.address = address
        self.maximumBytes = maximumBytes
        self.checksum = checksum
        self.signature = signature
        self.isOptionalOnMirrors = isOptionalOnMirrors
    }

    public enum Address: Sendable, Equatable {
        case fixed(String)
        /// The address of a short text whose only line names the file beside it, such as Red Hat's
        /// `archive_latest.txt`.
        case named(in: String)
    }

    /// How the publisher lets a download be checked.
    public enum Checksum: Sendable, Equatable {
        case none
        /// A file of the same name with this ending, which holds the digest and perhaps the file's name: `.sha256`.
        case beside(ending: String)
        /// A list of `path,digest,size` lines at this address ([Pulp's
        /// manifest](https://docs.pulpproject.org/pulp_file/)), and the path in it.
        case pulpManifest(address: String, path: String)
    }

    public enum Signature: Sendable, Equatable {
        case none
        /// A detached OpenPGP signature: a file of the same name with this ending.
        case beside(ending: String)
    }
}
