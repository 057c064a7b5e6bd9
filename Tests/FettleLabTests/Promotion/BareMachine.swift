import Foundation

/// A root of its own with the program in it, the libraries that the loader needs for it, and what it is handed: without a network, a
/// store or a right.
struct BareMachine {
    private let root: URL

    init(in folder: URL, files: [URL]) async throws {
        root = folder
        for name in ["proc", "tmp"] {
            try FileManager.default.createDirectory(
                at: root.appending(path: name), withIntermediateDirectories: true)
        }
        let program = try MainJobLab.program()
        try FileManager.default.copyItem(at: program, to: root.appending(path: "fettle"))
        for file in files {
            let copy = root.appending(path: file.lastPathComponent)
            try FileManager.default.copyItem(at: file, to: copy)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: copy.path)
        }
        let libraries = #"ldd "$1" | grep -o '/[^ )]*' | sort -u | xargs -r cp --parents -L -t "$2""#
        let (code, said) = try await Self.run("/bin/sh", ["-c", libraries, "sh", program.path, root.path])
        guard code == 0 else { throw TestFailure("the program's libraries: \(said)") }
    }

    /// - Returns: how it ended, and what it said.
    func fettle(_ words: String...) async throws -> (code: Int32, said: String) {
        try await Self.run(
            "/usr/bin/unshare",
            [
                "--net", "--pid", "--fork", "--mount", "--root=\(root.path)", "--mount-proc", "--wd=/", "--setgid",
                "65534",
                "--setuid", "65534", "/fettle",
            ] + words)
    }

    private static func run(_ program: String, _ words: [String]) async throws -> (code: Int32, said: String) {
        let output = FileManager.default.temporaryDirectory.appending(path: "bare-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = words
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        process.standardInput = FileHandle.nullDevice
        let handle = try FileHandle(forWritingTo: output)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        try handle.close()
        return (process.terminationStatus, try String(contentsOf: output, encoding: .utf8))
    }
}
