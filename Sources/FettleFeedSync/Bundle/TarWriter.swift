internal import CArchive
internal import Foundation

/// Writes a tar file in which nothing depends on the machine or the moment: no owner, one mode, the dates that are
/// given.
final class TarWriter {
    private let archive: OpaquePointer
    private let path: String

    init(path: String) throws(FeedSyncError) {
        if let problem = load_libarchive() {
            throw FeedSyncError(
                .storage, place: path, "bundles need libarchive: \(String(cString: problem))")
        }
        guard let archive = archive_write_new() else {
            throw FeedSyncError(.storage, place: path, "no memory to write an archive")
        }
        self.archive = archive
        self.path = path
        try check(archive_write_set_format_pax_restricted(archive))
        try check(archive_write_open_filename(archive, path))
    }

    deinit { archive_write_free(archive) }

    func add(_ name: String, size: Int64, seconds: Int64) throws(FeedSyncError) {
        guard let entry = archive_entry_new() else {
            throw FeedSyncError(.storage, place: path, "no memory to write an archive")
        }
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, name)
        archive_entry_set_size(entry, size)
        archive_entry_set_filetype(entry, tarRegularFile)
        archive_entry_set_perm(entry, 0o644)
        archive_entry_set_mtime(entry, time_t(seconds), 0)
        try check(archive_write_header(archive, entry))
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FeedSyncError) {
        guard !bytes.isEmpty else { return }
        let count = archive_write_data(archive, bytes.baseAddress, bytes.count)
        guard count == bytes.count else { throw failure() }
    }

    func finish() throws(FeedSyncError) {
        try check(archive_write_close(archive))
    }

    private func check(_ status: Int32) throws(FeedSyncError) {
        guard status == ARCHIVE_OK else { throw failure() }
    }

    private func failure() -> FeedSyncError {
        let words = archive_error_string(archive).map { String(cString: $0) } ?? "unknown error"
        return FeedSyncError(.storage, place: path, "cannot write the bundle: \(words)")
    }
}

/// libarchive's `AE_IFREG`, whose macro does not reach Swift.
let tarRegularFile: UInt32 = 0o100000
