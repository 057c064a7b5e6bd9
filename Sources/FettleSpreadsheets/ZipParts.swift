internal import CArchive
internal import Foundation

/// Takes members out of a zip file within bounds.
struct ZipParts {
    /// Bytes of the file.
    static let fileLimit = 32 << 20
    /// Unpacked bytes of all members that are wanted: a sheet of a million cells has about 40 MB.
    static let unpackedLimit = 256 << 20
    /// Members: a workbook with many sheets and pictures has hundreds.
    static let memberLimit = 10_000

    let path: String

    /// - Parameter isWanted: the others are passed over.
    func read(_ isWanted: (String) -> Bool) throws(SpreadsheetError) -> [String: Data] {
        if let problem = load_libarchive() {
            throw SpreadsheetError(path, "workbooks need libarchive: \(String(cString: problem))")
        }
        guard let archive = archive_read_new() else { throw SpreadsheetError(path, "no memory to read a workbook") }
        defer { archive_read_free(archive) }
        archive_read_support_format_zip(archive)
        guard archive_read_open_filename(archive, path, 64 << 10) == ARCHIVE_OK else { throw failure(archive) }
        var parts: [String: Data] = [:]
        var left = Self.unpackedLimit
        var members = 0
        var entry: OpaquePointer?
        while true {
            let status = archive_read_next_header(archive, &entry)
            if status == ARCHIVE_EOF { return parts }
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw failure(archive) }
            members += 1
            guard members <= Self.memberLimit else {
                throw SpreadsheetError(path, "has more than \(Self.memberLimit) parts")
            }
            guard let name = archive_entry_pathname(entry).map({ String(cString: $0) }), isWanted(name) else {
                continue
            }
            guard parts[name] == nil else { throw SpreadsheetError(path, "has the part \(name) twice") }
            let data = try content(of: archive, left: left)
            left -= data.count
            parts[name] = data
        }
    }

    private func content(of archive: OpaquePointer, left: Int) throws(SpreadsheetError) -> Data {
        var data = Data()
        var block: UnsafeRawPointer?
        var length = 0
        var offset: Int64 = 0
        while true {
            let status = archive_read_data_block(archive, &block, &length, &offset)
            if status == ARCHIVE_EOF { return data }
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN else { throw failure(archive) }
            // Holes are no part of a workbook, and one could be as large as it likes.
            guard offset == Int64(data.count), data.count + length <= left else {
                throw SpreadsheetError(
                    path, "unpacks to more than \(Self.unpackedLimit >> 20) MiB",
                    hint: "save only the sheet that is meant")
            }
            if let block, length > 0 { data.append(block.assumingMemoryBound(to: UInt8.self), count: length) }
        }
    }

    private func failure(_ archive: OpaquePointer) -> SpreadsheetError {
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "not a zip file"
        return SpreadsheetError(path, "cannot be unpacked: \(reason)", hint: WorkbookReader.hint)
    }
}
