internal import CArchive
import Foundation

/// Opens a file whatever it is packed in (gzip, xz, zstd, bzip2; tar, zip) and hands over the documents in it, one at a time.
///
/// Bounded: a document of more than `FeedLimits.document` bytes is refused, so that a few bytes cannot unpack into all memory;
/// one of more than `FeedLimits.memory` bytes waits in a temporary file and is mapped.
struct ArchiveReader {
    let path: String

    /// - Parameter body: called for each document that is no folder, link or device.
    func forEachDocument(_ body: (FeedDocument) throws(FeedError) -> Void) throws(FeedError) {
        let archive = try open()
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
            try body(FeedDocument(name: name, bytes: try content(of: archive, name)))
        }
    }

    private func open() throws(FeedError) -> OpaquePointer {
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
        guard archive_read_open_filename(archive, path, 256 << 10) == ARCHIVE_OK else {
            let error = failure(archive, path)
            archive_read_free(archive)
            throw error
        }
        return archive
    }

    private func content(of archive: OpaquePointer, _ name: String) throws(FeedError) -> Data {
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
