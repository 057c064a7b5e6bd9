import Foundation

/// A file that is mapped into memory, for reading only. Its pages are shared with every other process that maps it.
///
/// The file must be swapped, never changed in place: who has mapped the old one goes on with it. It is unmapped with the last
/// reference.
final class MappedFile: @unchecked Sendable {
    // Unchecked: the memory is never written to after the initialiser.
    let path: String
    let bytes: UnsafeRawBufferPointer

    init(_ path: String) throws(IndexError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw IndexError(.unreadable, path: path, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw IndexError(.unreadable, path: path, "is no file")
        }
        let length = Int(status.st_size)
        guard length > 0 else { throw IndexError(.damaged, path: path, "is empty") }
        guard let memory = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, 0), memory != MAP_FAILED else {
            throw IndexError(.unreadable, path: path, "cannot be mapped: \(String(cString: strerror(errno)))")
        }
        self.path = path
        bytes = UnsafeRawBufferPointer(start: memory, count: length)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    var view: BlockView { BlockView(bytes) }
}
