import FettleModel

/// Which folder the single documents of a folder are told by: a feed of one format, with one date and one count.
///
/// It is the folder that a document lies in, with two exceptions, in which the age of a folder says nothing of the feed's: folders of
/// years, months or numbers (`csaf/2024/05`) count as what they are in, and so do those of a folder with more of them than anybody has
/// feeds (a folder for each package, as PyPA's advisories have). Only folders that were named, or lie in one, are looked at.
struct FeedFolders {
    /// More folders than this within one are no feeds of their own.
    private static let most = 64

    /// A slash behind each.
    private let roots: [String]
    private let whole: Set<String>

    /// - Parameters:
    ///   - named: folders, as they were given.
    ///   - files: all that were found in them.
    init(named: [String], files: [String]) {
        roots = named.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        var within: [String: Set<String>] = [:]
        for folder in Set(files.map { FilePath.folder(of: $0) }) {
            var child = folder
            while Self.isBelow(child, roots) {
                let parent = FilePath.folder(of: child)
                within[parent, default: []].insert(child)
                child = parent
            }
        }
        // From the deepest: what is a feed of its own counts as one folder of what it is in.
        var whole: Set<String> = []
        var counts: [String: Int] = [:]
        let folders = within.sorted { ($1.key.utf8.count, $1.key) < ($0.key.utf8.count, $0.key) }
        for (folder, children) in folders {
            let count = children.reduce(0) { $0 + (counts[$1] ?? 1) }
            if count > Self.most { whole.insert(folder) }
            counts[folder] = count > Self.most ? 1 : count
        }
        self.whole = whole
    }

    /// The folder that a document's feed is told by.
    func origin(of file: String) -> String {
        let own = FilePath.folder(of: file)
        var origin = own
        var folder = own
        while Self.isBelow(folder, roots) {
            folder = FilePath.folder(of: folder)
            if whole.contains(folder) { origin = folder }
        }
        while Self.isBelow(origin, roots), Self.isNumber(origin) { origin = FilePath.folder(of: origin) }
        return origin
    }

    private static func isBelow(_ folder: String, _ roots: [String]) -> Bool {
        roots.contains { folder.hasPrefix($0) && folder.utf8.count > $0.utf8.count }
    }

    private static func isNumber(_ folder: String) -> Bool {
        folder.split(separator: "/").last?.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            ?? false
    }
}
