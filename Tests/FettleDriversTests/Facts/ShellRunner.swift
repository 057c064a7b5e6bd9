import FettleDriverKit
import FettleModel
import Foundation

/// Runs commands by this machine's `/bin/sh`, or by another shell, so that scripts are tested without a connection.
struct ShellRunner: CommandChannel, ChannelProvider {
    var shell = ["/bin/sh"]
    var environment = ["LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        let words: [String]
        switch command.program {
        case .script(let text): words = shell + ["-c", text]
        case .root(let root): words = root.commandLine
        }
        do {
            return try await execute(words)
        } catch {
            throw AccessError(.spawn, "\(error)", host: "test")
        }
    }

    func close() async {}

    private func execute(_ words: [String]) async throws -> CommandResult {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-facts-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        // Files and no pipes: a pipe that nobody reads meanwhile fills up.
        let files = try ["output", "errors"].map { name in
            let path = directory.appendingPathComponent(name)
            _ = FileManager.default.createFile(atPath: path.path, contents: nil)
            return (path, try FileHandle(forWritingTo: path))
        }
        process.standardOutput = files[0].1
        process.standardError = files[1].1
        let began = ContinuousClock.now
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in done.resume() }
            do { try process.run() } catch {
                process.terminationHandler = nil
                done.resume(throwing: error)
            }
        }
        return CommandResult(
            status: process.terminationStatus, standardOutput: [UInt8](try Data(contentsOf: files[0].0)),
            standardError: [UInt8](try Data(contentsOf: files[1].0)), duration: ContinuousClock.now - began)
    }
}

extension ShellRunner {
    /// The POSIX shells of this machine: the script must run in each. `/bin/sh` is always among them.
    static let shells: [[String]] = [["/bin/sh"], ["/bin/dash"], ["/bin/bash", "--posix"], ["/bin/busybox", "sh"]]
        .filter { FileManager.default.isExecutableFile(atPath: $0[0]) }
}
