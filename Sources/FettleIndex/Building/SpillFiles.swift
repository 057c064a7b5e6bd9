import Foundation

/// Rows on their way into the index, in temporary files: spread over buckets as they come and read back one bucket at a time, so
/// that memory holds a small part of them, however many there are.
final class SpillFiles {
    let bucketCount: Int
    private static let flushSize = 128 << 10

    private let folder: String
    private var descriptors: [Int32] = []
    private var buffers: [[UInt8]]

    /// - Parameter folder: an existing folder with room for the rows.
    init(in folder: String, buckets: Int) throws(IndexError) {
        self.folder = folder
        bucketCount = buckets
        buffers = [[UInt8]](repeating: [], count: buckets)
        let name = Array("\(folder)/.fettle-index-XXXXXX".utf8CString)
        for _ in 0..<buckets {
            var template = name
            let descriptor = mkstemp(&template)
            guard descriptor >= 0 else {
                throw IndexError(
                    .unwritable, path: folder, "cannot hold temporary files: \(String(cString: strerror(errno)))")
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            // Nobody needs the name: the file goes with its descriptor, also when the process dies.
            unlink(template)
            descriptors.append(descriptor)
        }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    func add(_ row: ByteWriter, hash: UInt64) throws(IndexError) {
        let bucket = Int(truncatingIfNeeded: hash >> 24) & (bucketCount - 1)
        buffers[bucket].append(contentsOf: row.bytes)
        if buffers[bucket].count >= Self.flushSize { try flush(bucket) }
    }

    /// Hands over all rows of a bucket, one behind the other in the order in which they were added.
    func withRows(of bucket: Int, _ body: (inout BlockCursor) throws(IndexError) -> Void) throws(IndexError) {
        try flush(bucket)
        let length = Int(lseek(descriptors[bucket], 0, SEEK_END))
        guard length > 0 else { return }
        guard let memory = mmap(nil, length, PROT_READ, MAP_PRIVATE, descriptors[bucket], 0), memory != MAP_FAILED
        else { throw IndexError(.unreadable, path: folder, "a temporary file cannot be read back") }
        defer { munmap(memory, length) }
        var cursor = BlockCursor(BlockView(UnsafeRawBufferPointer(start: memory, count: length)))
        while cursor.offset < length { try body(&cursor) }
    }

    private func flush(_ bucket: Int) throws(IndexError) {
        var written = 0
        while written < buffers[bucket].count {
            let count = buffers[bucket].withUnsafeBytes { bytes in
                write(descriptors[bucket], bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw IndexError(
                    .unwritable, path: folder,
                    "a temporary file cannot be written: \(String(cString: strerror(errno)))")
            }
            written += count
        }
        buffers[bucket].removeAll(keepingCapacity: true)
    }
}
