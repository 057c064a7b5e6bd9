import Foundation

/// AWS's own command, the one that whoever calls Fettle would call, with a folder that is gone afterwards. It finds its credentials as it
/// always does and signs: Fettle sees no key, and none is among the words.
struct AWSCommand {
    struct Result {
        var status: Int32
        /// At most ``AWSCommand/longestOutput`` bytes.
        var output: Data
        var error: String
    }

    /// For its owner alone.
    let folder: URL
    private let program: String
    private let limiter: String

    /// Bytes of what one call prints; more ends it.
    static let longestOutput = 16 << 20
    /// Bytes of all that lies in the folder meanwhile, and of any one file that it writes; more ends it.
    private static let largestFolder = 64 << 20

    /// - Throws: what `body` throws, and a failure where the programs are not on this machine.
    static func with<Value>(_ body: (AWSCommand) throws -> Value) throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fettle-aws-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(AWSCommand(folder: folder))
    }

    private init(folder: URL) throws {
        self.folder = folder
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(
            separator: ":")
        func find(_ name: String) -> String? {
            QuietProgram.find(folders.filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" })
        }
        guard let program = find("aws") else {
            throw CommandFailure(
                .failure,
                "an object store is asked by the `aws` command, which is not on this machine\n  install awscli")
        }
        guard let limiter = find("timeout") else {
            throw CommandFailure(.failure, "there is no program `timeout` on this machine\n  install coreutils")
        }
        self.program = program
        self.limiter = limiter
    }

    /// - Parameters:
    ///   - words: what follows `aws`.
    ///   - seconds: then it is ended, with all that it has started.
    func run(_ words: [String], seconds: Int) throws -> Result {
        let (output, error) = (folder.appending(path: "out"), folder.appending(path: "err"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            [
                "-c", #"ulimit -f \#(Self.largestFolder / 512) 2>/dev/null; exec "$@""#, "sh", limiter,
                "--kill-after=5", "--",
            ]
            + ["\(seconds)", program] + words
        // Its own settings are the caller's. What Fettle is told by its environment is not its business.
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FETTLE_") }
        environment.merge([
            "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "3", "AWS_RETRY_MODE": "standard", "AWS_CLI_AUTO_PROMPT": "off",
        ]) { _, new in new }
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        var handles: [FileHandle] = []
        defer { for handle in handles { try? handle.close() } }
        for (file, isError) in [(output, false), (error, true)] {
            try Data().write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            handles.append(handle)
            if isError { process.standardError = handle } else { process.standardOutput = handle }
        }
        try process.run()
        var (looks, isTooMuch) = (0, false)
        while process.isRunning {
            usleep(20_000)
            looks += 1
            guard looks % 50 == 0, !isTooMuch, size() > Self.largestFolder else { continue }
            isTooMuch = true
            // By then it is `timeout`, which has made a group of all that it started.
            kill(-process.processIdentifier, SIGKILL)
            kill(process.processIdentifier, SIGKILL)
        }
        process.waitUntilExit()
        let printed = try Self.start(of: output, Self.longestOutput + 1)
        guard !isTooMuch, printed.count <= Self.longestOutput else {
            throw CommandFailure(
                .failure,
                "the object store sends more than heads take: it was not read to its end\n  name another place")
        }
        if process.terminationReason == .exit, process.terminationStatus == 124 {
            throw CommandFailure(
                .failure, "`aws` had not ended after \(seconds) s\n  try again, or name another place")
        }
        return Result(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: printed, error: String(decoding: try Self.start(of: error, 65_536), as: UTF8.self))
    }

    /// No more of a file than that, whatever it is.
    static func start(of file: URL, _ bytes: Int) throws -> Data {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw CommandFailure(.failure, "\(file.lastPathComponent.printable) cannot be read")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        return try handle.read(upToCount: bytes) ?? Data()
    }

    private func size() -> Int {
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.fileSizeKey])
        var total = 0
        while let file = files?.nextObject() as? URL {
            total += (try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
        }
        return total
    }
}
