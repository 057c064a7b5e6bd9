import Foundation
import Testing

/// The real program in a process of its own, with its output in a file.
final class FettleProcess: Sendable {
    private let process: Process
    private let outputFile: URL
    let words: [String]

    /// - Parameter settings: of the environment; what begins with `FETTLE_` is not inherited.
    init(_ words: [String], settings: [String: String], outputFile: URL) throws {
        self.words = words
        self.outputFile = outputFile
        process = Process()
        process.executableURL = try MainJobLab.program()
        process.arguments = words
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FETTLE_") }
        process.environment = inherited.merging(settings) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        try Data().write(to: outputFile)
        let output = try FileHandle(forWritingTo: outputFile)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try output.close()
    }

    var output: String { (try? String(contentsOf: outputFile, encoding: .utf8)) ?? "" }
    var isRunning: Bool { process.isRunning }

    /// SIGKILL: it can neither finish nor tidy up.
    func killAtOnce() {
        kill(process.processIdentifier, SIGKILL)
    }

    /// Its exit code; negative for a signal. What takes too long is killed, and a failure of the test.
    func end(within seconds: Int = 240) async throws -> Int32 {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        while process.isRunning {
            guard clock.now < deadline else {
                killAtOnce()
                throw TestFailure("\(words.joined(separator: " ")) has not ended in \(seconds) s:\n\(output)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}

struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
