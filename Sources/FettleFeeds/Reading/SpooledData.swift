import Foundation

/// Bytes that arrive in pieces: in memory while they are few, then in a temporary file without a name, which is mapped at the end.
struct SpooledData {
    let name: String
    private var memory = Data()
    private var file: FileHandle?
    private(set) var count = 0

    init(name: String) { self.name = name }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FeedError) {
        count += bytes.count
        guard count <= FeedLimits.document else {
            throw FeedError(name, "unpacks to more than \(FeedLimits.document >> 20) MiB, which no feed does")
        }
        if count > FeedLimits.memory, file == nil { file = try temporaryFile() }
        memory.append(contentsOf: bytes)
        if file != nil, memory.count > 1 << 20 { try flush() }
    }

    mutating func finished() throws(FeedError) -> Data {
        guard let file else { return memory }
        try flush()
        defer { try? file.close() }
        // The descriptor's own name, since the file has no other.
        guard
            let mapped = try? Data(
                contentsOf: URL(fileURLWithPath: "/proc/self/fd/\(file.fileDescriptor)"), options: .alwaysMapped)
        else { throw FeedError(name, "cannot be read back from a temporary file") }
        return mapped
    }

    private mutating func flush() throws(FeedError) {
        do { try file?.write(contentsOf: memory) } catch {
            throw FeedError(name, "cannot be unpacked into a temporary file: \(error)")
        }
        memory.removeAll(keepingCapacity: true)
    }

    private func temporaryFile() throws(FeedError) -> FileHandle {
        let folder = FileManager.default.temporaryDirectory.path
        var template = Array("\(folder)/fettle-feed-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw FeedError(
                name, "there is no room for a temporary file in \(folder): \(String(cString: strerror(errno)))")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
