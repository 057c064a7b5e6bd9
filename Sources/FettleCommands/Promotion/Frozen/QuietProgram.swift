import Foundation

/// A program of this machine that is run to its end for what it makes; what it says is kept for an error alone.
enum QuietProgram {
    /// Of its names the first that is there; nil: none.
    static func find(_ paths: [String]) -> String? { paths.first(where: FileManager.default.isExecutableFile) }

    /// - Parameters:
    ///   - program: its path.
    ///   - environment: all that it is given, beside `LC_ALL`.
    /// - Returns: how it ended, and the first 64 KiB of what it said.
    static func run(
        _ program: String, _ words: [String], environment: [String: String]
    ) throws -> (status: Int32, told: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = words
        process.environment = environment.merging(["LC_ALL": "C"]) { _, new in new }
        let name = program.split(separator: "/").last ?? "program"
        let file = FileManager.default.temporaryDirectory.appending(path: "fettle-\(name)-\(UUID().uuidString)")
        let descriptor = open(file.path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure(.failure, "no file can be made in \(file.path)") }
        unlink(file.path)
        let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        process.standardInput = FileHandle.nullDevice
        // What it starts may keep this open for ever, as gpg's agent: a file, and no pipe.
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        try output.seek(toOffset: 0)
        let told = try output.read(upToCount: 65_536) ?? Data()
        return (process.terminationStatus, String(decoding: told, as: UTF8.self))
    }
}
