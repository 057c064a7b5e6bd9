import FettleTestSupport
import Foundation

/// A server in Python with a directory of its own, in which it says which port the system gave it.
final class PythonServer: @unchecked Sendable {
    let directory: URL
    private let process = Process()

    /// - Parameters:
    ///   - program: writes files to the directory that it is started in.
    ///   - prepare: makes what it needs there.
    init(_ program: String, _ arguments: [String] = [], prepare: (URL) throws -> Void = { _ in }) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "fettle-p\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try prepare(directory)
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program] + arguments
        process.currentDirectoryURL = directory
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func port(_ name: String = "port") async throws -> Int { try await number(in: directory.appending(path: name)) }

    func stop() { process.end() }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: directory)
    }
}
