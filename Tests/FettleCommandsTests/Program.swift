import Foundation
import Testing

/// The real program, as a person or a script starts it.
final class Program {
    private let process = Process()
    private let files: (output: URL, error: URL)

    /// Beside this test's own program, or named by `FETTLE_BINARY`.
    static func path() throws -> String {
        let named = ProcessInfo.processInfo.environment["FETTLE_BINARY"]
        let built = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "fettle").path
        let path = named ?? built
        try #require(
            FileManager.default.isExecutableFile(atPath: path),
            "there is no fettle at \(path): build it, or name it by FETTLE_BINARY")
        return path
    }

    /// - Parameter settings: of the environment; what begins with `FETTLE_` is not inherited.
    init(_ words: [String], in folder: TestFolder, settings: [String: String] = [:]) throws {
        files = (folder.file("out-\(UUID().uuidString)"), folder.file("err-\(UUID().uuidString)"))
        // Whoever runs the tests may have signals switched off, which a child inherits.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["--default-signal=INT,TERM,HUP,PIPE", try Self.path()] + words
        process.currentDirectoryURL = folder.url
        let inherited = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("FETTLE_") && $0.key != "COLUMNS"
        }
        process.environment = inherited.merging(settings) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        var handles: [FileHandle] = []
        // A Process keeps what it was given, and a test's process cannot have any number of files open.
        defer { for handle in handles { try? handle.close() } }
        for (file, isError) in [(files.output, false), (files.error, true)] {
            try Data().write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            handles.append(handle)
            if isError { process.standardError = handle } else { process.standardOutput = handle }
        }
        try process.run()
    }

    var output: String { (try? String(contentsOf: files.output, encoding: .utf8)) ?? "" }
    var error: String { (try? String(contentsOf: files.error, encoding: .utf8)) ?? "" }
    var isRunning: Bool { process.isRunning }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Every process that it has started, and theirs.
    func descendants() -> [pid_t] {
        var found: [pid_t] = []
        var next = [process.processIdentifier]
        while let parent = next.popLast() {
            let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task")) ?? []
            for task in tasks {
                let text = (try? String(contentsOfFile: "/proc/\(parent)/task/\(task)/children", encoding: .utf8)) ?? ""
                let children = text.split(separator: " ").compactMap { pid_t($0) }
                found += children
                next += children
            }
        }
        return found
    }

    /// Waits until something holds; a failure of the test if it never does.
    func wait(_ what: String, within seconds: Int = 300, until condition: () -> Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        while !condition() {
            try #require(clock.now < deadline, "\(what): not in \(seconds) s\n\(output)\n\(error)")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Its exit code; negative for a signal.
    func end() async throws -> Int32 {
        defer { if process.isRunning { send(SIGKILL) } }
        try await wait("the end") { !process.isRunning }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}

/// Processes that are there, zombies left out.
func alive(_ processes: [pid_t]) -> [pid_t] {
    processes.filter { process in
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return text.split(separator: ")").last?.split(separator: " ").first != "Z"
    }
}

/// A folder that is gone when the test is over.
final class TestFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func file(_ name: String) -> URL { url.appendingPathComponent(name) }

    func write(_ text: String, to name: String) throws {
        try FileManager.default.createDirectory(
            at: file(name).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file(name))
    }
}
