import FettleModel
import Foundation

/// A file that is written from front to back through a buffer, beside the place where it will stand, and moved there when it
/// is whole and on the disk.
final class OutputFile {
    let path: String
    private let temporary: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private(set) var length: UInt64 = 0
    private static let bufferSize = 1 << 20

    init(_ path: String) throws(IndexError) {
        self.path = path
        temporary = "\(path).\(getpid()).part"
        descriptor = open(temporary, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0o644)
        buffer.reserveCapacity(Self.bufferSize + 65_536)
        guard descriptor >= 0 else { throw Self.failure(path, "cannot be written") }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    func append(_ bytes: [UInt8]) throws(IndexError) {
        buffer.append(contentsOf: bytes)
        length += UInt64(bytes.count)
        if buffer.count >= Self.bufferSize { try flush() }
    }

    func pad(to alignment: UInt64) throws(IndexError) {
        let missing = (alignment - length % alignment) % alignment
        if missing > 0 { try append([UInt8](repeating: 0, count: Int(missing))) }
    }

    func flush() throws(IndexError) {
        var written = 0
        while written < buffer.count {
            let count = buffer.withUnsafeBytes { bytes in
                write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Self.failure(path, "cannot be written")
            }
            written += count
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Reads back what was written, for what needs a second look before the end.
    func read(_ range: Range<UInt64>) throws(IndexError) -> [UInt8] {
        try flush()
        var bytes = [UInt8](repeating: 0, count: Int(range.count))
        let count = bytes.withUnsafeMutableBytes {
            pread(descriptor, $0.baseAddress, $0.count, off_t(range.lowerBound))
        }
        guard count == bytes.count else { throw Self.failure(path, "cannot be read back") }
        return bytes
    }

    /// Writes the front, brings everything to the disk and moves the file to its place, in one step for all who open it.
    func finish(front: [UInt8]) throws(IndexError) {
        try flush()
        let count = front.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == front.count, fsync(descriptor) == 0 else { throw Self.failure(path, "cannot be written") }
        close(descriptor)
        descriptor = -1
        guard rename(temporary, path) == 0 else {
            let error = Self.failure(path, "cannot be put in its place")
            unlink(temporary)
            throw error
        }
        Self.syncFolder(of: path)
    }

    /// The name itself must survive a power cut too. Some file systems refuse this, and then it's theirs to keep.
    private static func syncFolder(of path: String) {
        let folder = open(
            FilePath.folder(of: path).isEmpty ? "." : FilePath.folder(of: path),
            O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private static func failure(_ path: String, _ what: String) -> IndexError {
        IndexError(.unwritable, path: path, "\(what): \(String(cString: strerror(errno)))")
    }
}
