internal import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A thread that waits for descriptors and clocks of many children, so that no other thread ever has to.
///
/// Not Dispatch: its sources for descriptors crash on Linux when many are made and cancelled at once
/// ([swift-corelibs-libdispatch#949](https://github.com/swiftlang/swift-corelibs-libdispatch/issues/949)), which is
/// just what connections to a fleet do. `poll` and not `epoll`, which Swift does not import: a few hundred descriptors
/// cost it microseconds.
///
/// What belongs to a loop is touched only by its jobs and handlers, one after the other; that is what makes it
/// Sendable.
final class EventLoop: @unchecked Sendable {
    typealias Job = @Sendable () -> Void

    struct TimerID: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Watch {
        let handler: @Sendable () -> Void
        var index: Int
    }

    /// Jobs of other threads.
    private let inbox = Mutex<[Job]>([])
    private let wakeRead: CInt
    private let wakeWrite: CInt
    private var polled: [pollfd] = []
    private var watches: [CInt: Watch] = [:]
    private var timers: [TimerID: (deadline: ContinuousClock.Instant, job: Job)] = [:]
    private var lastTimer: UInt64 = 0
    private let clock = ContinuousClock()

    // MARK: The process's loops

    private static let loops: Result<[EventLoop], SystemErrno> = {
        let processors = max(1, min(4, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))))
        do throws(SystemErrno) {
            var loops: [EventLoop] = []
            for _ in 0..<processors { loops.append(try EventLoop()) }
            return .success(loops)
        } catch {
            return .failure(error)
        }
    }()
    private static let turn = Atomic(0)

    /// One of the process's loops, each in its turn. They run as long as the process does.
    static func next() throws(SystemErrno) -> EventLoop {
        let all = try loops.get()
        let number = turn.wrappingAdd(1, ordering: .relaxed).newValue
        return all[Int(number.magnitude % all.count.magnitude)]
    }

    private init() throws(SystemErrno) {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SystemErrno.last
        }
        (wakeRead, wakeWrite) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
        polled = [pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0)]
        var thread = pthread_t()
        let raw = Unmanaged.passRetained(self).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                // Signals are for the threads that expect them.
                var signals = sigset_t()
                sigfillset(&signals)
                pthread_sigmask(SIG_SETMASK, &signals, nil)
                Unmanaged<EventLoop>.fromOpaque(raw).takeRetainedValue().run()
            }, raw)
        guard status == 0 else {
            Unmanaged<EventLoop>.fromOpaque(raw).release()
            throw SystemErrno(code: status)
        }
        pthread_detach(thread)
    }

    // MARK: From any thread

    /// Runs the job on the loop, behind those that were given before.
    func execute(_ job: @escaping Job) {
        let isFirst = inbox.withLock { jobs in
            jobs.append(job)
            return jobs.count == 1
        }
        // A full socket has woken it already.
        if isFirst { _ = send(wakeWrite, [1], 1, CInt(MSG_NOSIGNAL)) }
    }

    // MARK: Only on the loop

    /// Calls the handler whenever the descriptor can be read from or written to, or its other end is gone.
    func watch(_ descriptor: CInt, for events: Int32, _ handler: @escaping Job) {
        unwatch(descriptor)
        watches[descriptor] = Watch(handler: handler, index: polled.count)
        polled.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
    }

    /// To be called before the descriptor is closed.
    func unwatch(_ descriptor: CInt) {
        guard let watch = watches.removeValue(forKey: descriptor), let last = polled.popLast() else { return }
        guard watch.index < polled.count else { return }
        polled[watch.index] = last
        watches[last.fd]?.index = watch.index
    }

    @discardableResult
    func after(_ time: Duration, _ job: @escaping Job) -> TimerID {
        lastTimer += 1
        let id = TimerID(number: lastTimer)
        timers[id] = (clock.now + time, job)
        return id
    }

    func cancel(_ timer: TimerID) {
        timers[timer] = nil
    }

    // MARK: The thread

    private func run() -> Never {
        while true {
            let count = poll(&polled, nfds_t(polled.count), patience())
            if count > 0 {
                // A handler may close any descriptor, and the next open gets its number: what is not watched any more
                // is passed over, and what has become another's reads nothing, since nothing here blocks.
                let ready = polled.compactMap { $0.revents == 0 ? nil : $0.fd }
                for descriptor in ready {
                    if descriptor == wakeRead { drainWakeups() } else { watches[descriptor]?.handler() }
                }
            }
            runTimers()
            let jobs = inbox.withLock { jobs in
                let taken = jobs
                jobs = []
                return taken
            }
            for job in jobs { job() }
        }
    }

    /// Milliseconds until the next timer, rounded up; -1 for ever.
    private func patience() -> CInt {
        guard let next = timers.values.lazy.map(\.deadline).min() else { return -1 }
        let left = clock.now.duration(to: next)
        guard left > .zero else { return 0 }
        return CInt(clamping: left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
    }

    private func drainWakeups() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while recv(wakeRead, &bytes, bytes.count, 0) > 0 {}
    }

    private func runTimers() {
        guard !timers.isEmpty else { return }
        let now = clock.now
        for (id, timer) in timers where timer.deadline <= now {
            // One that ran may have cancelled the other.
            if timers.removeValue(forKey: id) != nil { timer.job() }
        }
    }
}
