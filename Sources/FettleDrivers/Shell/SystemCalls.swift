#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The C calls whose names are also names of methods here.
enum SystemCalls {
    static func close(_ descriptor: CInt) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
            _ = Musl.close(descriptor)
        #endif
    }

    /// - Returns: the bytes read, 0 at the end, -1 with `errno`.
    static func read(_ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    /// Kills the child and what it started in its process group, which is its own: see `ChildSpawn`.
    static func killGroup(of process: pid_t) {
        #if canImport(Glibc)
            _ = Glibc.kill(-process, SIGKILL)
        #elseif canImport(Musl)
            _ = Musl.kill(-process, SIGKILL)
        #endif
    }
}

/// An `errno` of the system with its words.
struct SystemErrno: Error, Equatable, CustomStringConvertible {
    let code: CInt
    static var last: SystemErrno { SystemErrno(code: errno) }
    var description: String { String(cString: strerror(code)) }
}
