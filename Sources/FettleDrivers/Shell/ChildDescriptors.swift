#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The three streams between this process and a child, all closed on exec, so that no other child inherits them and
/// keeps them open. Made only under the lock of `ChildSpawn`: a pipe is marked just after it was made.
///
/// Standard input is a socket pair and no pipe: a write to it when the child is gone can be told to return an error
/// (`MSG_NOSIGNAL`), where a pipe would send SIGPIPE, which only a change of the whole process's signals prevents.
struct ChildDescriptors {
    /// Our ends, not blocking.
    let input: CInt, output: CInt, error: CInt
    /// The child's ends, blocking as programs expect.
    let childInput: CInt, childOutput: CInt, childError: CInt

    /// - Throws: the `errno` of what could not be made; `EMFILE` when there are no more descriptors.
    init() throws(SystemErrno) {
        var opened: [CInt] = []
        do throws(SystemErrno) {
            let input = try Self.pair { socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, $0) }
            opened += input
            for _ in 0..<2 {
                let ends = try Self.pair { pipe($0) }
                opened += ends
                for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            }
            // The child's ends are put on 0, 1 and 2 one by one: none may lie there already, as when we were started
            // with standard streams closed.
            for index in opened.indices where opened[index] <= 2 {
                let higher = fcntl(opened[index], F_DUPFD_CLOEXEC, 3)
                guard higher >= 0 else { throw SystemErrno.last }
                SystemCalls.close(opened[index])
                opened[index] = higher
            }
            (self.input, childInput) = (opened[0], opened[1])
            (self.output, childOutput) = (opened[2], opened[3])
            (self.error, childError) = (opened[4], opened[5])
            for descriptor in [self.input, self.output, self.error] {
                guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0 else {
                    throw SystemErrno.last
                }
            }
        } catch {
            for descriptor in opened { SystemCalls.close(descriptor) }
            throw error
        }
    }

    func closeChildEnds() {
        for descriptor in [childInput, childOutput, childError] { SystemCalls.close(descriptor) }
    }

    func closeOwnEnds() {
        for descriptor in [input, output, error] { SystemCalls.close(descriptor) }
    }

    private static func pair(_ make: (UnsafeMutablePointer<CInt>) -> CInt) throws(SystemErrno) -> [CInt] {
        var ends: [CInt] = [-1, -1]
        let made = ends.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map(make) ?? -1
        }
        guard made == 0 else { throw SystemErrno.last }
        return ends
    }
}

/// Descriptors are what a fleet runs out of first: three for each connection.
enum DescriptorLimit {
    /// Raises the process's soft limit to its hard limit, once.
    ///
    /// - Returns: how many descriptors this process may have.
    @discardableResult
    static func raise() -> Int { raised }

    private static let raised: Int = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        // Beyond this, programs that walk through every possible descriptor when they start become slow.
        let wanted = min(limit.rlim_max, 65_536)
        if limit.rlim_cur < wanted {
            limit.rlim_cur = wanted
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }()
}
