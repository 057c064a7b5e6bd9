/// One version of an image as the catalogue knows it: what was verified when it was added. Never altered; what becomes of it stands in
/// `ImageNote`s.
public struct ImageRecord: Codable, Sendable, Equatable {
    public var id: ImageID
    /// What the versions of one image have in common, such as `web-base`.
    public var name: String
    /// Where it lies, as an absolute path of the machine that added it.
    public var path: String
    /// SHA-256 of the image.
    public var digest: Digest
    /// SHA-256 of the image that it was made from.
    public var source: Digest
    /// The record of that image; nil: it is in no catalogue, and the lineage begins here.
    public var parent: ImageID?
    /// SHA-256 of its bill of materials, which lies beside it.
    public var bill: Digest
    /// By whose key its provenance is signed.
    public var signer: Digest
    /// `distribution:version`, such as `debian:12`; nil: not known.
    public var platform: String?
    public var packages: Int
    public var changes: [PackageChange]
    /// Whether it has passed a boot test.
    public var isBootTested: Bool
    /// SHA-256 of the kernel and of the first RAM disk that belong to it, for machines that boot these from outside of their disk;
    /// nil: none was given.
    public var kernel: Digest?
    public var initrd: Digest?
    public var addedBy: Person
    public var addedAt: Timestamp

    public init(
        id: ImageID, name: String, path: String, digest: Digest, source: Digest, parent: ImageID?, bill: Digest,
        signer: Digest, platform: String?, packages: Int, changes: [PackageChange], isBootTested: Bool,
        kernel: Digest? = nil, initrd: Digest? = nil, addedBy person: Person, addedAt time: Timestamp
    ) {
        self.id = id
        self.name = name
        self.path = path
        self.digest = digest
        self.source = source
        self.parent = parent
        self.bill = bill
        self.signer = signer
        self.platform = platform
        self.packages = packages
        self.changes = changes
        self.isBootTested = isBootTested
        self.kernel = kernel
        self.initrd = initrd
        addedBy = person
        addedAt = time
    }
}

public typealias ImageID = Identifier<ImageRecord>

/// What was done with an image of the catalogue. Never altered.
public struct ImageNote: Codable, Sendable, Equatable {
    public var id: String
    public var image: ImageID
    public var kind: Kind
    /// For `promoted`: to where.
    public var stage: StageID?
    public var text: String
    public var by: Person
    public var at: Timestamp

    public init(
        id: String, image: ImageID, kind: Kind, stage: StageID? = nil, text: String, by person: Person,
        at time: Timestamp
    ) {
        self.id = id
        self.image = image
        self.kind = kind
        self.stage = stage
        self.text = text
        by = person
        at = time
    }

    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// It may be used in a stage from now on.
        case promoted
        /// Nothing new is made from it any more.
        case retired
        /// Its files were removed.
        case collected
    }
}

/// Where one image stands: its record, and what was done with it since.
public struct ImageStanding: Codable, Sendable, Equatable {
    public var record: ImageRecord
    /// In the order in which they were written.
    public var notes: [ImageNote]

    /// - Parameters:
    ///   - record: of the image.
    ///   - notes: of all images, or of this one; in the order in which they were written.
    public init(_ record: ImageRecord, notes: [ImageNote]) {
        self.record = record
        self.notes = notes.filter { $0.image == record.id }
    }

    /// When it came to a stage first; nil: never.
    public func promoted(to stage: StageID) -> Timestamp? {
        notes.first { $0.kind == .promoted && $0.stage == stage }?.at
    }

    public var stages: [StageID] {
        var seen: [StageID] = []
        for case let stage? in notes.filter({ $0.kind == .promoted }).map(\.stage) where !seen.contains(stage) {
            seen.append(stage)
        }
        return seen
    }

    public var retiredAt: Timestamp? { notes.first { $0.kind == .retired }?.at }
    public var isCollected: Bool { notes.contains { $0.kind == .collected } }
}
