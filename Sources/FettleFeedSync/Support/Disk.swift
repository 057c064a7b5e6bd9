internal import FettleModel
internal import Foundation

/// What is done to files, with errors in words. Everything that must survive a crash is synced before it is renamed
/// into place.
enum Disk {
    static func failure(_ path: String, _ what: String, code: Int32 = errno) -> FeedSyncError {
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        let hint =
            switch code {
            case ENOSPC, EDQUOT: "make room, and run the same again: what was downloaded so far is kept"
            case EACCES, EPERM, EROFS: "choose a folder that may be written, or run as the user that owns it"
            default: nil as String?
            }
        return FeedSyncError(.storage, place: path, "cannot \(what): \(reason)", hint: hint)
    }

    static func makeFolder(_ path: String) throws(FeedSyncError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            let cause = (error as? CocoaError)?.underlying as? POSIXError
            throw failure(path, "make the folder", code: cause?.code.rawValue ?? EIO)
        }
    }

    /// The size of a regular file; nil if there is none.
    static func size(_ path: String) -> Int64? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    /// When a file was last altered; nil if it is not there.
    static func changedAt(_ path: String) -> Timestamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let seconds = Int64(status.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000).partialValue
        return Timestamp(milliseconds: seconds &+ Int64(status.st_mtim.tv_nsec) / 1_000_000)
    }

    static func syncFolder(_ path: String) throws(FeedSyncError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "open the folder") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path, "sync the folder") }
    }

    static func rename(_ from: String, to: String) throws(FeedSyncError) {
        guard Foundation.rename(from, to) == 0 else { throw failure(to, "rename a file to it") }
    }

    static func remove(_ path: String) {
        unlink(path)
    }

    static func removeTree(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a small file so that after a crash either the old or the new one is there.
    static func replace(_ path: String, with data: Data) throws(FeedSyncError) {
        let temporary = path + ".new"
        let file = try DiskFile(writing: temporary, truncatingTo: 0)
        try file.write(data)
        try file.sync()
        try rename(temporary, to: path)
    }

    /// - Throws: also where the file has more than `limit` bytes.
    static func read(_ path: String, limit: Int) throws(FeedSyncError) -> Data {
        var data = Data()
        try forEachChunk(of: path) { bytes throws(FeedSyncError) in
            guard data.count + bytes.count <= limit else {
                throw FeedSyncError(.storage, place: path, "more than \(limit) bytes, so it is not what it should be")
            }
            data.append(contentsOf: bytes)
        }
        return data
    }

    /// Reads a regular file, at most 1 MiB at a time, and at most `length` bytes of it.
    static func forEachChunk(
        of path: String, upTo length: Int64 = .max, _ body: (UnsafeRawBufferPointer) throws(FeedSyncError) -> Void
    ) throws(FeedSyncError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "open the file") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FeedSyncError(.storage, place: path, "no regular file")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var left = length
        while left > 0 {
            let count = Foundation.read(descriptor, buffer.baseAddress, min(buffer.count, Int(clamping: left)))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "read the file") }
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            left -= Int64(count)
        }
    }

    /// The same file under a second name; a copy where the file system has no hard links.
    static func link(_ from: String, to: String) throws(FeedSyncError) {
        if Foundation.link(from, to) == 0 { return }
        guard [EXDEV, EPERM, EMLINK, ENOTSUP, EOPNOTSUPP].contains(errno) else {
            throw failure(to, "link a file to it")
        }
        let copy = try DiskFile(writing: to, truncatingTo: 0)
        try forEachChunk(of: from) { bytes throws(FeedSyncError) in try copy.write(bytes) }
        try copy.sync()
    }

    /// Lower-case hexadecimal SHA-256, and the size.
    static func digest(_ path: String) throws(FeedSyncError) -> (sha256: String, size: Int64) {
        var digest = StreamingDigest()
        try forEachChunk(of: path) { bytes in digest.update(bytes) }
        return (digest.sha256, digest.count)
    }
}

/// A file that is being written.
final class DiskFile {
    let path: String
    private let descriptor: Int32

    /// Makes the file if there is none, and cuts it to this length: what comes is written behind.
    init(writing path: String, truncatingTo length: Int64) throws(FeedSyncError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Disk.failure(path, "write the file") }
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw Disk.failure(path, "cut the file") }
    }

    deinit { close(descriptor) }

    func write(_ data: Data) throws(FeedSyncError) {
        try write(Array(data))
    }

    func write(_ bytes: [UInt8]) throws(FeedSyncError) {
        var failed: FeedSyncError?
        bytes.withUnsafeBytes { buffer in
            do throws(FeedSyncError) { try write(buffer) } catch { failed = error }
        }
        if let failed { throw failed }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FeedSyncError) {
        var done = 0
        while done < bytes.count {
            let count = Foundation.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Disk.failure(path, "write the file") }
            done += count
        }
    }

    func sync() throws(FeedSyncError) {
        guard fsync(descriptor) == 0 else { throw Disk.failure(path, "sync the file") }
    }
}
