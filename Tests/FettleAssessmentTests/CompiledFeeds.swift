import FettleAssessment
import FettleFeeds
import FettleIndex
import FettleModel
import Foundation

/// Feeds that a test writes down, compiled as real ones are.
enum CompiledFeeds {
    static func from(_ documents: [String]) throws -> AdvisoryFeeds {
        guard !documents.isEmpty else { return .none }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-feeds-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (number, document) in documents.enumerated() {
            try Data(document.utf8).write(to: folder.appendingPathComponent("feed-\(number)"))
        }
        return try from(files: [folder.path])
    }

    static func from(files: [String]) throws -> AdvisoryFeeds {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-\(UUID().uuidString).index")
            .path
        _ = try FeedCompiler().compile(files, to: path, builtAt: Timestamp(milliseconds: 0))
        // It stays mapped though its name is gone.
        defer { unlink(path) }
        return AdvisoryFeeds(index: try AdvisoryIndex(path: path))
    }
}
