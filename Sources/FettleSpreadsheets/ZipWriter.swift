internal import CArchive
internal import Foundation

/// Writes a zip file in which nothing depends on the machine or the moment.
final class ZipWriter {
    private let archive: OpaquePointer
    private let path: String

    init(path: String) throws(SpreadsheetError) {
        if let problem = load_libarchive() {
            throw SpreadsheetError(path, "workbooks need libarchive: \(String(cString: problem))")
        }
        guard let archive = archive_write_new() else { throw SpreadsheetError(path, "no memory to write a workbook") }
        self.archive = archive
        self.path = path
        try check(archive_write_set_format_zip(archive))
        // Not every program that reads workbooks reads the 64-bit form, which no sheet needs: it ends at about a million rows.
        try check(archive_write_set_options(archive, "!zip64"))
        try check(archive_write_open_filename(archive, path))
    }

    deinit { archive_write_free(archive) }

    /// Begins a member; what is written next is its content.
    func begin(_ name: String) throws(SpreadsheetError) {
        guard let entry = archive_entry_new() else { throw SpreadsheetError(path, "no memory to write a workbook") }
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, name)
        // libarchive's `AE_IFREG`, whose macro does not reach Swift.
        archive_entry_set_filetype(entry, 0o100000)
        archive_entry_set_perm(entry, 0o644)
        try check(archive_write_header(archive, entry))
    }

    func write(_ bytes: [UInt8]) throws(SpreadsheetError) {
        guard !bytes.isEmpty else { return }
        let count = bytes.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw failure() }
    }

    func add(_ name: String, _ text: String) throws(SpreadsheetError) {
        try begin(name)
        try write(Array(text.utf8))
    }

    func finish() throws(SpreadsheetError) { try check(archive_write_close(archive)) }

    private func check(_ status: Int32) throws(SpreadsheetError) {
        guard status == ARCHIVE_OK else { throw failure() }
    }

    private func failure() -> SpreadsheetError {
        let words = archive_error_string(archive).map { String(cString: $0) } ?? "unknown error"
        return SpreadsheetError(path, "cannot be written: \(words)")
    }
}
