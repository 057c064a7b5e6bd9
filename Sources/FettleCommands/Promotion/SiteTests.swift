import FettleControl
import FettleModel
import Foundation

/// A site's own tests, run as a program of this machine: bounded in time and in what it prints.
struct SiteTests {
    /// The program and its words, as they are: no shell reads them.
    var words: [String]
    var seconds: Int
    var outputLimit = 64 * 1_024 * 1_024
    /// Beside what is inherited.
    var settings: [String: String]
    /// This process's own environment. What is meant for Fettle alone, a token among it, is not handed on.
    var inherited = ProcessInfo.processInfo.environment
    /// Where they begin; nil: where this command does.
    var directory: URL?

    /// - Returns: the result, and the last lines of what it printed.
    /// - Throws: `CommandFailure` if it cannot be run at all: that is no result.
    func run() async throws -> (result: SiteTestResult, tail: [String]) {
        // Into a file, and not through a pipe: what the tests leave running may hold a pipe open for ever.
        let file = FileManager.default.temporaryDirectory.appending(path: "fettle-tests-\(UUID().uuidString)")
        let descriptor = open(file.path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(
                .failure, "no file for the output can be made in \(file.deletingLastPathComponent().path)")
        }
        let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        unlink(file.path)
        let process = try start(output)
        // Who ends this command ends the tests as well, and not this process alone.
        let limiter = process.processIdentifier
        Interruption.tidies { kill(limiter, SIGTERM) }
        defer { Interruption.tidies(with: nil) }
        let began = ContinuousClock.now
        var printedTooMuch = false
        // What the tests leave running keeps Foundation from seeing their end: the system is asked.
        var end = Self.end(of: limiter)
        while end == nil, process.isRunning {
            if Self.size(descriptor) > outputLimit { printedTooMuch = true }
            // The whole group, and for good: a full disk is everybody's.
            if printedTooMuch { kill(-limiter, SIGKILL) }
            do { try await Task.sleep(for: .milliseconds(20)) } catch {
                kill(limiter, SIGTERM)
                throw error
            }
            end = Self.end(of: limiter)
        }
        let took = Int((ContinuousClock.now - began).components.seconds)
        let (digest, bytes, tail) = try read(output)
        let (code, isSignal) = end ?? (process.terminationStatus, process.terminationReason == .uncaughtSignal)
        let ending = try ending(
            Int(code), isSignal: isSignal, printedTooMuch: printedTooMuch || bytes > outputLimit, took: took)
        let program = String((words[0].split(separator: "/").last ?? "").prefix(64)).printable
        return (
            SiteTestResult(program: program, ending: ending, seconds: took, bytes: bytes, digest: digest), tail
        )
    }

    /// By coreutils' `timeout`, which gives it a process group of its own and ends all of that.
    private func start(_ output: FileHandle) throws -> Process {
        let programs = ["/usr/bin/timeout", "/bin/timeout", "/usr/local/bin/timeout"]
        guard let limiter = programs.first(where: FileManager.default.isExecutableFile) else {
            throw CommandFailure(.failure, "there is no program `timeout` on this machine\n  install coreutils")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: limiter)
        process.arguments = ["--kill-after=5", "--", "\(seconds)"] + words
        process.environment = inherited.filter { !$0.key.hasPrefix("FETTLE_") }.merging(settings) { _, new in new }
        if let directory { process.currentDirectoryURL = directory }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        // Threads of the pool block signals, and children inherit that: nothing could stop them in time.
        var (none, before) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
        return process
    }

    private func ending(
        _ status: Int, isSignal: Bool, printedTooMuch: Bool, took: Int
    ) throws -> SiteTestResult.Ending {
        if printedTooMuch { return .printedTooMuch }
        if isSignal {
            return took >= seconds ? .tookTooLong : .signalled(number: status)
        }
        switch status {
        // Of `timeout`: its time is over; it, or who it had started, had to be killed.
        case 124 where took >= seconds, 137 where took >= seconds: return .tookTooLong
        case 125...127:
            throw CommandFailure(
                .failure,
                "\(words[0].printable) could not be run (\(status)): nothing is recorded\n  name a program that can be, with its path"
            )
        default: return .exited(code: status)
        }
    }

    /// How a child has ended, without taking that from whoever waits for it; nil: it has not, or was waited for already.
    private static func end(of child: pid_t) -> (code: Int32, isSignal: Bool)? {
        var info = siginfo_t()
        guard waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0,
            info._sifields._sigchld.si_pid == child
        else { return nil }
        return (info._sifields._sigchld.si_status, info.si_code != CLD_EXITED)
    }

    private static func size(_ descriptor: Int32) -> Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// What it printed, a little beyond the limit at most.
    private func read(_ output: FileHandle) throws -> (digest: Digest, bytes: Int, tail: [String]) {
        try output.seek(toOffset: 0)
        var (digest, bytes, end) = (RunningDigest(), 0, Data())
        while bytes <= outputLimit, let piece = try output.read(upToCount: 1 << 20), !piece.isEmpty {
            digest.add(piece)
            bytes += piece.count
            end = (end + piece).suffix(4_096)
        }
        let lines = String(decoding: end, as: UTF8.self).split(separator: "\n").suffix(20)
        return (digest.value(), bytes, lines.map(String.init))
    }
}
