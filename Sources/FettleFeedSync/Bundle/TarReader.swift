internal import CArchive
internal import Foundation

/// Reads a tar file member by member: regular files with plain names only, not compressed.
final class TarReader {
    struct Member: Equatable {
        var name: String
        var size: Int64
    }

    private let archive: OpaquePointer
    private let path: String
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)

    init(path: String) throws(FeedSyncError) {
        if let problem = load_libarchive() {
            throw FeedSyncError(
                .storage, place: path, "bundles need libarchive: \(String(cString: problem))")
        }
        guard let archive = archive_read_new() else {
            throw FeedSyncError(.storage, place: path, "no memory to read an archive")
        }
        self.archive = archive
        self.path = path
        archive_read_support_format_tar(archive)
        guard archive_read_open_filename(archive, path, 1 << 16) == ARCHIVE_OK else { throw failure() }
    }

    deinit {
        archive_read_free(archive)
        buffer.deallocate()
    }

    /// The next member; nil behind the last.
    ///
    /// - Throws: also for what is no regular file: a link or a device is never what a bundle holds.
    func next() throws(FeedSyncError) -> Member? {
        var entry: OpaquePointer?
        let status = archive_read_next_header(archive, &entry)
        if status == ARCHIVE_EOF { return nil }
        guard status == ARCHIVE_OK, let entry else { throw failure() }
        let name = archive_entry_pathname(entry).map { String(cString: $0) } ?? ""
        guard archive_entry_filetype(entry) == tarRegularFile, archive_entry_hardlink(entry) == nil,
            archive_entry_symlink(entry) == nil, archive_entry_size_is_set(entry) != 0, archive_entry_size(entry) >= 0
        else {
            throw FeedSyncError(.bundle, place: path, "'\(name.printable(limit: 100))' is no regular file")
        }
        return Member(name: name, size: archive_entry_size(entry))
    }

    /// The bytes of the member that was told last.
    func read(_ body: (UnsafeRawBufferPointer) throws(FeedSyncError) -> Void) throws(FeedSyncError) {
        while true {
            let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw failure() }
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private func failure() -> FeedSyncError {
        let words = archive_error_string(archive).map { String(cString: $0) } ?? "unknown error"
        return FeedSyncError(
            .bundle, place: path, "no whole bundle: \(words)", hint: "copy it again, or export it again")
    }
}
