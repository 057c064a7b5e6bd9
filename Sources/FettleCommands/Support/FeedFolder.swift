import FettleAssessment
import FettleModel
import Foundation

/// Feeds from files. Told by their content, so that a folder may hold other things too.
enum FeedFolder {
    /// A feed larger than this is refused: the largest that is published, Debian's tracker, has 70 MB.
    static let largest = 512 << 20

    static func read(_ path: String?, note: (String) -> Void) throws -> AdvisoryFeeds {
        guard let path else { return .none }
        var feeds = AdvisoryFeeds()
        let files = try candidates(path)
        for file in files {
            let data = try Data(contentsOf: file, options: .mappedIfSafe)
            guard data.count <= largest else {
                throw CommandFailure(.failure, "\(file.path) has \(data.count) bytes; a feed has at most \(largest)")
            }
            do {
                _ = try feeds.add(data, name: file.lastPathComponent)
            } catch {
                throw CommandFailure(
                    .failure, "feed \(error)\n  nothing of it was used; fetch it again or take it away")
            }
        }
        if feeds.coverage.feeds.isEmpty { note("no feed was recognised in \(path)") }
        for feed in feeds.coverage.feeds where !feed.skipped.isEmpty {
            note("\(feed.name): \(feed.skipped.count) malformed records left out, the first: \(feed.skipped[0])")
        }
        return feeds
    }

    private static func candidates(_ path: String) throws -> [URL] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandFailure(
                .usage, "there is no feed file or folder \(path)\n  without `--feeds` advisories are not checked")
        }
        let url = URL(fileURLWithPath: path)
        guard isFolder.boolValue else { return [url] }
        guard let walk = FileManager.default.enumerator(at: url, includingPropertiesForKeys: nil) else { return [] }
        var newest: [String: URL] = [:]
        for case let file as URL in walk where file.pathExtension == "json" {
            newest[file.path] = file
        }
        return newest.values.sorted { $0.path < $1.path }
    }
}
