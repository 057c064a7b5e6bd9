import Foundation

/// A file that is text as it lies there, and so needs no unpacking: most lists of software, and feeds that are kept unpacked.
enum PlainFile {
    /// How many bytes at the beginning tell. A tar's header is as long, and has zeros in it.
    private static let head = 512

    /// The bytes of a regular file of at most `FeedLimits.memory` bytes that begins as text; nil for whatever else, which
    /// `ArchiveReader` opens in its own way and finds words for.
    static func read(_ path: String) -> Data? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0,
            status.st_size <= FeedLimits.memory
        else { return nil }
        let size = Int(status.st_size)
        // One byte more than it should have, to see that it has not grown meanwhile.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 1, alignment: 16)
        guard fill(buffer, from: descriptor) == size,
            isText(UnsafeRawBufferPointer(rebasing: buffer[..<min(size, head)]))
        else {
            buffer.deallocate()
            return nil
        }
        guard let start = buffer.baseAddress else { return nil }
        return Data(bytesNoCopy: start, count: size, deallocator: .custom { address, _ in address.deallocate() })
    }

    /// - Returns: how many bytes there were, at most as many as there is room for.
    private static func fill(_ buffer: UnsafeMutableRawBufferPointer, from descriptor: CInt) -> Int? {
        var count = 0
        while count < buffer.count {
            let step = Foundation.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            if step < 0, errno == EINTR { continue }
            guard step >= 0 else { return nil }
            guard step > 0 else { break }
            count += step
        }
        return count
    }

    /// No control characters but those of text, and no beginning of a packed file: gzip, xz and zip have such characters in it,
    /// bzip2 and zstd need not.
    static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let marks: [[UInt8]] = [Array("BZh".utf8), [0x28, 0xB5, 0x2F, 0xFD]]
        guard !marks.contains(where: { bytes.starts(with: $0) }) else { return false }
        return bytes.allSatisfy { $0 >= 0x20 ? $0 != 0x7F : $0 >= 0x09 && $0 <= 0x0D }
    }
}
