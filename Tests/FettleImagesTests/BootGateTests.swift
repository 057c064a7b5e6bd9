import Foundation
import Testing

@testable import FettleImages

@Suite struct BootGateTests {
    @Test(arguments: ["unit:nginx.service", "tcp:443", "http:80/", "http:8080/health?x=1&y='2'", "command:nginx -t"])
    func aGateReadsItsOwnWords(_ text: String) {
        #expect(BootGate(text)?.words == text)
    }

    @Test(arguments: [
        "", "unit", "unit:", "unit:-x.service", "unit:a b.service", "unit:a;reboot.service", "unit:nginx", "tcp:0",
        "tcp:x", "tcp:65536",
        "http:80/a b", "http:80/\n", "http:80/\\x", "http:0/", "command:", "command:a\nb", "horse:1",
        "unit:\(String(repeating: "a", count: 300)).service",
    ])
    func whatCannotBeAskedIsNoGate(_ text: String) {
        #expect(BootGate(text) == nil)
    }

    /// The words of a gate come from outside, and are the shell's in the machine: one gate never becomes two lines or two words.
    @Test func theScriptHandsACommandToTheShellAsItIs() throws {
        let hostile = "printf '%s' \"$HOME\" 'a' ; : $(echo x) `echo y` \\ # *"
        let script = BootScript(test: BootTest(gates: [.command(hostile)]), nonce: "n").text
        let line = try #require(script.split(separator: "\n").first { $0.hasPrefix("gate 0 ") })
        let output = try Self.shell("gate() { printf '%s' \"$2\"; }; \(line)")
        #expect(output == hostile)
    }

    @Test func theScriptIsOneThatAShellReads() throws {
        let gates: [BootGate] = [
            .unit("a@b\\x2d.service"), .tcp(port: 1), .http(port: 80, path: "/a'b%s$(x)"), .command("it's"),
        ]
        let script = BootScript(test: BootTest(gates: gates), nonce: "n").text
        #expect(try Self.shell("exec sh -n", input: script) == "")
    }

    /// What the HTTP gate would send, by bash itself.
    @Test func thePathOfAURLIsSentAsItIs() throws {
        let script = BootScript(test: BootTest(gates: [.http(port: 80, path: "/a'b%s$(x)&c")]), nonce: "n").text
        let line = try #require(script.split(separator: "\n").first { $0.hasPrefix("gate 0 ") })
        let inner = try Self.shell("gate() { printf '%s' \"$2\"; }; \(line)")
        // In place of the connection: what is written to it.
        let asked = inner.replacing("exec bash", with: "bash")
            .replacing("exec 3<>/dev/tcp/127.0.0.1/80", with: "exec 3>&1 </dev/null")
            .replacing("read -r form status rest <&3", with: "status=200")
        #expect(try Self.shell(asked) == "GET /a'b%s$(x)&c HTTP/1.0\r\nHost: localhost\r\n\r\n")
    }

    private static func shell(_ script: String, input: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stdout
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }
}
