internal import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Starts programs.
///
/// With `posix_spawn` and not with a package, because a channel's child lives as long as its host is talked to: it is
/// written to and read from in both directions by whoever comes, killed at any moment, and reaped apart from that.
/// The packages give a child to one closure and take it back when the closure returns.
enum ChildSpawn {
    /// One start at a time: what one makes must be marked close-on-exec before another starts its child.
    private static let oneAtATime = Mutex(())

    /// Starts `executable` in a session of its own: it has no terminal that it could prompt on, and a Ctrl-C meant for
    /// us does not reach it. Every signal is set back to its default and unblocked.
    ///
    /// - Returns: the child, and our ends of its standard streams.
    static func start(
        _ executable: String, arguments: [String], environment: [String: String]
    ) throws(SystemErrno) -> (process: pid_t, descriptors: ChildDescriptors) {
        let outcome: Result<(pid_t, ChildDescriptors), SystemErrno> = oneAtATime.withLock { _ in
            do throws(SystemErrno) {
                let descriptors = try ChildDescriptors()
                defer { descriptors.closeChildEnds() }
                do throws(SystemErrno) {
                    return .success((try spawn(executable, arguments, environment, descriptors), descriptors))
                } catch {
                    descriptors.closeOwnEnds()
                    throw error
                }
            } catch {
                return .failure(error)
            }
        }
        let (process, descriptors) = try outcome.get()
        return (process, descriptors)
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], _ environment: [String: String], _ descriptors: ChildDescriptors
    ) throws(SystemErrno) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, descriptors.childInput, 0)
        posix_spawn_file_actions_adddup2(&actions, descriptors.childOutput, 1)
        posix_spawn_file_actions_adddup2(&actions, descriptors.childError, 2)
        // Not everybody in this process marks what they open: what lies in a channel's child for hours would keep another's
        // child from being seen to end, or a lock from being let go.
        try closeOthers(from: 3, in: &actions)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = newSession | CInt(POSIX_SPAWN_SETSIGMASK) | CInt(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var process: pid_t = 0
        let status = withCStrings([executable] + arguments) { argumentPointers in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environmentPointers in
                posix_spawn(&process, executable, &actions, &attributes, argumentPointers, environmentPointers)
            }
        }
        guard status == 0 else { throw SystemErrno(code: status) }
        return process
    }

    /// Has the child close all descriptors from `lowest` on before its program begins.
    private static func closeOthers(
        from lowest: CInt, in actions: inout posix_spawn_file_actions_t
    ) throws(SystemErrno) {
        // Where the C library has no such function, what it starts inherits what is not marked.
        guard let closeFrom else { return }
        let status = closeFrom(&actions, lowest)
        guard status == 0 else { throw SystemErrno(code: status) }
    }

    /// `posix_spawn_file_actions_addclosefrom_np` of glibc 2.34 and later, whose headers show it only with `_GNU_SOURCE`.
    private static let closeFrom: CloseFrom? =
        dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map { unsafeBitCast($0, to: CloseFrom.self) }

    private typealias CloseFrom =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt

    /// POSIX_SPAWN_SETSID of POSIX.1-2024: 0x80 in glibc and musl, whose headers show it only with `_GNU_SOURCE`.
    private static let newSession: CInt = 0x80

    /// The absolute path of a program: itself if it has a slash, else the first executable file of that name on `path`.
    static func find(_ program: String, path: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        for directory in path.split(separator: ":") where directory.hasPrefix("/") {
            let candidate = "\(directory)/\(program)"
            var status = stat()
            if stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(candidate, X_OK) == 0 {
                return candidate
            }
        }
        return nil
    }

    /// Calls `body` with the strings as a list for C, ended by nil.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { buffer in
            // Never nil: the buffer has at least the nil that ends it.
            withExtendedLifetime(buffer) { body(UnsafePointer(buffer.baseAddress.unsafelyUnwrapped)) }
        }
    }
}
