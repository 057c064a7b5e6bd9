import Foundation

/// A shell that sets something up for a test and takes it down when the test, or the whole process in whatever way, has ended:
/// it reads from a pipe that ends then. Its script says `ready` on descriptor 3 in between, and then `read -r end || :`.
final class Guardian: Sendable {
    private let shell: Process
    private let lifeline: Pipe

    /// - Parameter arguments: `$1` and so on for the script.
    init(script: String, arguments: [String]) throws(TestSetupFailure) {
        shell = Process()
        lifeline = Pipe()
        let output = Pipe()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", "exec 3>&1 >/dev/null 2>&1\ntrap '' INT TERM HUP\n" + script, "guardian"] + arguments
        shell.standardInput = lifeline
        shell.standardOutput = output
        do { try shell.run() } catch { throw TestSetupFailure(message: "\(error)") }
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard said.hasPrefix("ready") else { throw TestSetupFailure(message: "it was not set up: \(said)") }
    }

    /// Says so before it closes the pipe: a program that another test has started meanwhile may have inherited the pipe, and holds it
    /// open for as long as it runs.
    func end() {
        try? lifeline.fileHandleForWriting.write(contentsOf: Data("end\n".utf8))
        try? lifeline.fileHandleForWriting.close()
        shell.waitUntilExit()
    }
}

struct TestSetupFailure: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}
