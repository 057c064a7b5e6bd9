import Foundation

#if canImport(Glibc)
    import Glibc
#endif

enum Program {
    /// Makes a file that was just written executable, and waits until it can be executed: another test's child that was forked while
    /// it was being written still has it open for writing until it executes its own program, and Linux runs no such file
    /// (`Text file busy`). Once it is closed everywhere nobody can have it open again.
    static func enable(_ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        #if os(Linux)
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw POSIXError(.ENOENT) }
            defer { close(descriptor) }
            // The kernel grants a lease for reading only while nobody has the file open for writing.
            let (setLease, read, none) = (Int32(1024), Int32(F_RDLCK), Int32(F_UNLCK))
            for _ in 0..<10_000 {
                if fcntl(descriptor, setLease, read) == 0 {
                    _ = fcntl(descriptor, setLease, none)
                    return
                }
                guard errno == EAGAIN else { return }
                usleep(1_000)
            }
        #endif
    }
}
