import Foundation

/// A program of this machine, bounded in time and in what it prints. Of itself it may outlive this process: what works for long runs in
/// a `NamespaceJob` or on a leash.
struct ChildProgram {
    enum End: Equatable {
        case exited(Int32)
        case killed(Int32)
        case tookTooLong

        var words: String {
            switch self {
            case .exited(let code): "status \(code)"
            case .killed(let number): "signal \(number)"
            case .tookTooLong: "its time was over"
            }
        }
    }

    let program: String
    let arguments: [String]

    init(_ program: String, _ arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }

    /// One that ends when this process does, `kill -9` included. The kernel's signal at a parent's death is not enough by itself: it
    /// comes at the end of the thread that started the program, and threads of the pool come and go.
    ///
    /// - Parameters:
    ///   - name: of a program, such as `tar`.
    ///   - words: its arguments.
    /// - Throws: `unavailable` where it is not on this machine.
    static func leashed(_ name: String, _ words: [String]) throws(ImageError) -> ChildProgram {
        let paths = [name, "setpriv"].map { ($0, ImageTools.path(of: $0)) }
        let missing = paths.filter { $0.1 == nil }.map(\.0)
        guard missing.isEmpty, let program = paths[0].1 else {
            throw ImageError(.unavailable, "programs are missing on this machine: \(missing.joined(separator: ", "))")
        }
        let script = String(decoding: PackageResources.leash_sh, as: UTF8.self)
        return ChildProgram("/bin/sh", ["-c", script, "fettle-leash", program] + words)
    }

    /// - Parameters:
    ///   - limit: then it is killed.
    ///   - outputLimit: bytes of standard output that are read as lines; more are dropped.
    ///   - onLine: each line as it comes.
    /// - Throws: `failed` if it cannot be started; `CancellationError`.
    func run(limit: Duration, outputLimit: Int, onLine: (String) -> Void) async throws -> End {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try start(process)
        // Its other end is the child's alone.
        try? input.fileHandleForReading.close()
        try? output.fileHandleForWriting.close()
        defer { try? input.fileHandleForWriting.close() }
        let descriptor = output.fileHandleForReading.fileDescriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        let deadline = ContinuousClock.now + limit
        var (reader, isLate) = (LineReader(limit: outputLimit), false)
        // The end of its output is the end of the last process that holds it: only then nothing works in the folder any more.
        while true {
            let isOver = reader.read(from: descriptor, onLine: onLine)
            if isOver, !process.isRunning { break }
            if ContinuousClock.now > deadline, !isLate {
                isLate = true
                kill(process.processIdentifier, SIGKILL)
            }
            do {
                try await Task.sleep(for: .milliseconds(50))
            } catch {
                kill(process.processIdentifier, SIGKILL)
                while !reader.read(from: descriptor, onLine: { _ in }) { usleep(20_000) }
                throw error
            }
        }
        if isLate { return .tookTooLong }
        let code = process.terminationStatus
        return process.terminationReason == .exit ? .exited(code) : .killed(code)
    }

    private func start(_ process: Process) throws {
        // Threads of the pool block signals, and children inherit that: nothing could stop them in time.
        var (none, before) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        do {
            try process.run()
        } catch {
            throw ImageError(.failed, "\(program) cannot be started: \(error)")
        }
    }
}

/// Lines of a descriptor that does not wait.
struct LineReader {
    private var rest: [UInt8] = []
    private var left: Int

    init(limit: Int) { left = limit }

    /// - Returns: whether nothing will come any more.
    mutating func read(from descriptor: Int32, onLine: (String) -> Void) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count > 0 {
                add(buffer[..<count], onLine)
            } else if count == 0 {
                return true
            } else if errno != EINTR {
                return errno != EAGAIN
            }
        }
    }

    mutating func add(_ bytes: ArraySlice<UInt8>, _ onLine: (String) -> Void) {
        let taken = bytes.prefix(left)
        left -= taken.count
        for byte in taken {
            if byte == 0x0A {
                onLine(String(decoding: rest, as: UTF8.self))
                rest.removeAll(keepingCapacity: true)
            } else if rest.count < 4_096 {
                rest.append(byte)
            }
        }
    }
}
