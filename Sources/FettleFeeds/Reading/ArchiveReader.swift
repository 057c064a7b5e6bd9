internal import CArchive
import Foundation

/// Opens a file whatever it is packed in (gzip, xz, zstd, bzip2; tar, zip) and hands over the documents in it, one at a time.
///
/// Bounded: a document of more than `FeedLimits.document` bytes is refused, so that a few bytes cannot unpack into all memory;
/// one of more than `FeedLimits.memory` bytes waits in a temporary file and is mapped.
struct ArchiveReader {
    let path: String
    /// The archive itself, where it was a member of another one; nil: it is a file.
    private let content: Data?
    private let depth: Int

    /// An archive in an archive in an archive is read; deeper nesting is no feed but an attempt to exhaust the reader.
    private static let deepest = 3

    init(path: String) { self.init(path: path, content: nil, depth: 0) }

    private init(path: String, content: Data?, depth: Int) {
        self.path = path
        self.content = content
        self.depth = depth
    }

    /// - Parameter body: called for each document that is no folder, link or device.
    func forEachDocument(_ body: (FeedDocument) throws(FeedError) -> Void) throws(FeedError) {
        guard let content else {
            if let bytes = PlainFile.read(path) { return try body(FeedDocument(name: path, bytes: bytes)) }
            return try forEachDocument(
                of: try open { archive in
                    archive_read_open_filename(archive, path, 256 << 10)
                }, body)
        }
        // Mapped or in memory: it stays where it is while it is read.
        var failure: FeedError?
        content.withUnsafeBytes { bytes in
            do throws(FeedError) {
                let archive = try open { archive_read_open_memory($0, bytes.baseAddress, bytes.count) }
                try forEachDocument(of: archive, body)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func forEachDocument(
        of archive: OpaquePointer, _ body: (FeedDocument) throws(FeedError) -> Void
    ) throws(FeedError) {
        defer { archive_read_free(archive) }
        var entry: OpaquePointer?
        var count = 0
        while true {
            let status = archive_read_next_header(archive, &entry)
            if status == ARCHIVE_EOF { return }
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw failure(archive, path) }
            count += 1
            guard count <= FeedLimits.members else {
                throw FeedError(path, "has more than \(FeedLimits.members) members")
            }
            let isAlone =
                archive_format(archive) == ARCHIVE_FORMAT_RAW || archive_format(archive) == ARCHIVE_FORMAT_EMPTY
            guard isAlone || archive_entry_filetype(entry) == S_IFREG else { continue }
            let name = isAlone ? path : "\(path)!\(Self.memberName(entry))"
            let document = FeedDocument(name: name, bytes: try bytes(of: archive, name))
            if !isAlone, Self.isPacked(document.bytes) {
                guard depth < Self.deepest else { throw FeedError(name, "is packed more than \(Self.deepest) times") }
                try ArchiveReader(path: name, content: document.bytes, depth: depth + 1).forEachDocument(body)
            } else {
                try body(document)
            }
        }
    }

    /// gzip, xz, zstd, bzip2 and zip, by their first bytes.
    private static func isPacked(_ bytes: Data) -> Bool {
        let marks: [[UInt8]] = [
            [0x1F, 0x8B], [0xFD, 0x37, 0x7A, 0x58, 0x5A], [0x28, 0xB5, 0x2F, 0xFD], Array("BZh".utf8),
            [0x50, 0x4B, 0x03, 0x04],
        ]
        return marks.contains { bytes.starts(with: $0) }
    }

    private func open(_ source: (OpaquePointer) -> CInt) throws(FeedError) -> OpaquePointer {
        if let problem = load_libarchive() {
            throw FeedError(path, "cannot be unpacked without libarchive: \(String(cString: problem))")
        }
        guard let archive = archive_read_new() else { throw FeedError(path, "cannot be opened: no memory") }
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_format_tar(archive)
        archive_read_support_format_zip(archive)
        archive_read_support_format_empty(archive)
        // Whatever is none of these is a document by itself.
        archive_read_support_format_raw(archive)
        guard source(archive) == ARCHIVE_OK else {
            let error = failure(archive, path)
            archive_read_free(archive)
            throw error
        }
        return archive
    }

    private func bytes(of archive: OpaquePointer, _ name: String) throws(FeedError) -> Data {
        var document = SpooledData(name: name)
        var block: UnsafeRawPointer?
        var length = 0
        var offset: Int64 = 0
        while true {
            let status = archive_read_data_block(archive, &block, &length, &offset)
            if status == ARCHIVE_EOF { return try document.finished() }
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN else { throw failure(archive, name) }
            // Holes of sparse members read as zeros elsewhere; no feed has any, and one could be as large as it likes.
            guard offset == Int64(document.count) else { throw FeedError(name, "is a sparse file, which no feed is") }
            if let block, length > 0 { try document.append(UnsafeRawBufferPointer(start: block, count: length)) }
        }
    }

    private static func memberName(_ entry: OpaquePointer) -> String {
        archive_entry_pathname(entry).map { String(cString: $0) } ?? "?"
    }

    private func failure(_ archive: OpaquePointer, _ name: String) -> FeedError {
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "unknown format"
        return FeedError(name, "cannot be unpacked: \(reason)")
    }
}

/// What one document, and one archive, may have at most.
public enum FeedLimits {
    /// The largest feed that is published, Red Hat's OVAL of everything, unpacks to less than half of it.
    public static let document = 2 << 30
    public static let memory = 16 << 20
    /// All CVE records ever published are about 300,000.
    public static let members = 2_000_000
}
