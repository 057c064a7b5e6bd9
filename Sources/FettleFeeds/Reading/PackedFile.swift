public import Foundation

/// A single document that may be packed.
public enum PackedFile {
    /// - Throws: `FeedError` if it cannot be read, or is an archive of several documents.
    public static func read(_ path: String) throws(FeedError) -> Data {
        if let bytes = PlainFile.read(path) { return bytes }
        guard FileManager.default.fileExists(atPath: path) else { throw FeedError(path, "is not there") }
        var documents: [FeedDocument] = []
        try ArchiveReader(path: path).forEachDocument { document throws(FeedError) in
            guard documents.isEmpty else { throw FeedError(path, "has several documents in it: name one of them") }
            documents.append(document)
        }
        guard let document = documents.first else { throw FeedError(path, "is empty") }
        return document.bytes
    }
}
