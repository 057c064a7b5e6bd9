import Foundation

/// The files that were named, and all in the folders that were named.
///
/// In a folder, a link to a file is followed wherever it leads, as every program does that is given the folder's files by name; a
/// file that was found already is not read twice. A link to a folder is not followed: what lies in the folder that was named is
/// found anyway, and one that leads elsewhere could lead to anything, so it is told.
public enum FeedFiles {
    /// A file as it was found. Two that are equal have the same content, as far as the file system tells.
    struct Found: Equatable {
        var path: String
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var changedSeconds: Int64
        var changedNanoseconds: Int64
        /// Pipes may be named too; they tell nothing of themselves.
        var isRegular: Bool

        var isWithdrawals: Bool { (path as NSString).lastPathComponent == Withdrawals.fileName }

        /// nil if nothing is there.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            self.path = path
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            changedSeconds = Int64(status.st_mtim.tv_sec)
            changedNanoseconds = Int64(status.st_mtim.tv_nsec)
            isRegular = status.st_mode & S_IFMT == S_IFREG
        }
    }

    struct Listing: Equatable {
        var files: [Found] = []
        var passedOver: [PassedOver] = []
        /// Those that were named.
        var folders: [String] = []

        /// Files that are others by now, were taken away or were added, in the order of the newer list.
        func changes(since before: Listing) -> [String] {
            let old = Dictionary(before.files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
            let kept = Set(files.map(\.path))
            let changed = files.filter { $0.isRegular && old[$0.path] != $0 }.map(\.path)
            return changed + before.files.map(\.path).filter { !kept.contains($0) }
        }
    }

    /// - Returns: files sorted within each folder, so that the same folders give the same index.
    /// - Throws: `FeedError` for a path that leads nowhere, or a folder that cannot be listed.
    static func list(_ paths: [String]) throws(FeedError) -> Listing {
        var listing = Listing()
        for path in paths {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), let file = Found(path) else {
                throw FeedError(path, "is not there: name a feed's file, or a folder of them")
            }
            guard isFolder.boolValue else {
                listing.files.append(file)
                continue
            }
            var walk = FolderWalk(path)
            let folder = URL(fileURLWithPath: path).path
            listing.folders.append(folder)
            try walk.enter(folder, depth: 0)
            listing.files += walk.allFiles()
            listing.passedOver += walk.passedOver.sorted { $0.name < $1.name }
        }
        return listing
    }

    /// A name for what the files hold, by their paths, sizes and times of change: the same as long as none of them changes.
    public static func fingerprint(of paths: [String]) throws(FeedError) -> String {
        // FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), once forwards: a name for a cache, against no enemy.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        let listing = try list(paths)
        for file in listing.files {
            add("\(file.path)\u{0}\(file.size) \(file.changedSeconds).\(file.changedNanoseconds)\u{0}")
        }
        for other in listing.passedOver { add("\(other)\u{0}") }
        return String(hash, radix: 16)
    }
}

/// What was given and is not read, with the reason.
public struct PassedOver: Sendable, Equatable, CustomStringConvertible {
    /// The file's path, and the member's name behind `!` where it lay in an archive.
    public var name: String
    public var reason: String

    public var description: String { "\(name) \(reason)" }
}

/// Finds the files of one folder.
private struct FolderWalk {
    private let root: String?
    private var files: [FeedFiles.Found] = []
    private var links: [FeedFiles.Found] = []
    private(set) var passedOver: [PassedOver] = []

    /// Deeper than any feed is laid out; it ends a file system that is mounted in itself.
    private static let deepest = 64

    init(_ path: String) { root = Self.real(path) }

    /// Where a path leads in the end, with a slash behind it; nil: nowhere.
    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        let text = String(cString: resolved)
        return text.hasSuffix("/") ? text : text + "/"
    }

    mutating func enter(_ folder: String, depth: Int) throws(FeedError) {
        guard depth <= Self.deepest else { throw FeedError(folder, "lies more than \(Self.deepest) folders deep") }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            // What cannot be looked at may be a feed that is missing from the answer.
            throw FeedError(folder, "cannot be listed: may this user read it?")
        }
        for name in names.sorted() {
            let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFREG: if let file = FeedFiles.Found(path) { files.append(file) }
            case S_IFDIR: try enter(path, depth: depth + 1)
            case S_IFLNK: follow(path)
            default: passedOver.append(PassedOver(name: path, reason: "is no regular file"))
            }
        }
        guard files.count + links.count <= FeedLimits.members else {
            throw FeedError(folder, "has more than \(FeedLimits.members) files")
        }
    }

    private mutating func follow(_ path: String) {
        guard let target = Self.real(path), let file = FeedFiles.Found(path) else {
            return passedOver.append(PassedOver(name: path, reason: "is a link that leads nowhere"))
        }
        if file.isRegular { return links.append(file) }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return passedOver.append(PassedOver(name: path, reason: "is a link to what is no regular file"))
        }
        guard let root, target.hasPrefix(root) || root == target else {
            passedOver.append(
                PassedOver(name: path, reason: "is a link to a folder outside of it: name that folder too"))
            return
        }
    }

    /// Sorted; of several names of one file that a link makes, one.
    func allFiles() -> [FeedFiles.Found] {
        struct Place: Hashable {
            var device: UInt64
            var inode: UInt64
        }
        var seen = Set(files.map { Place(device: $0.device, inode: $0.inode) })
        let others = links.filter { seen.insert(Place(device: $0.device, inode: $0.inode)).inserted }
        return (files + others).sorted { $0.path < $1.path }
    }
}
