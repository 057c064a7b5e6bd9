import Foundation
import Testing

@testable import FettleImages

/// What runs outside of namespaces ends with this process all the same. The kernel closes a process's pipes at its end, however that
/// comes: so the end of the pipe is what is tried.
@Suite(.enabled(if: ImageTools.path(of: "setpriv") != nil)) struct LeashTests {
    @Test func aProgramEndsWithTheOneThatHoldsItsPipe() throws {
        let child = try ChildProgram.leashed("sleep", ["86400"])
        let process = Process()
        process.executableURL = URL(fileURLWithPath: child.program)
        process.arguments = child.arguments
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForReading.close()
        try output.fileHandleForWriting.close()
        #expect(process.isRunning)
        try input.fileHandleForWriting.close()
        // It ends when nobody holds the output any more, the program itself included: not before a day has gone by if the leash does not hold.
        #expect(try output.fileHandleForReading.readToEnd() ?? Data() == Data())
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
    }

    @Test func aProgramEndsWithTheShellThatHoldsItsLeash() async throws {
        // `run` returns when nobody holds the output any more.
        let end = try await ChildProgram.leashed("sleep", ["86400"]).run(limit: .seconds(1), outputLimit: 0) { _ in }
        #expect(end == .tookTooLong)
    }

    @Test func statusAndWordsAreTheProgramsOwn() async throws {
        var lines: [String] = []
        let end = try await ChildProgram.leashed("printf", ["%s\n", "$(reboot); '\"`", "-x", "a\nb"])
            .run(limit: .seconds(60), outputLimit: 1 << 10) { lines.append($0) }
        #expect(end == .exited(0))
        #expect(lines == ["$(reboot); '\"`", "-x", "a", "b"])
        let failed = try await ChildProgram.leashed("false", []).run(limit: .seconds(60), outputLimit: 0) { _ in }
        #expect(failed == .exited(1))
    }
}
