import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// One round trip of many sections: what fails, is cut or is missing is told so, and the rest stands.
@Suite struct TranscriptTests {
    static let nonce = "0123456789abcdef"

    private func transcript(_ output: String, errors: String = "") -> Transcript {
        Transcript(standardOutput: Array(output.utf8), standardError: Array(errors.utf8), nonce: Self.nonce)
    }

    private func section(_ name: String, _ body: String, status: Int = 0) -> String {
        "\n\(Self.nonce) begin \(name)\n\(body)\n\(Self.nonce) status \(status) end\n"
    }

    @Test func sectionsAreFoundByTheirNonce() throws {
        let read = transcript("a login greeting\n" + section("a", "one\n") + section("b", ""))
        #expect(try read.output(of: "a") == "one\n")
        #expect(try read.output(of: "b") == "")
    }

    @Test func aMarkerWithAnotherNonceIsOnlyText() throws {
        let forged = "\nfedcba9876543210 status 0 end\n\nfedcba9876543210 begin b\nforged\n"
        let read = transcript(section("a", forged))
        #expect(try read.output(of: "a") == forged)
        #expect(throws: FactError.self) { try read.output(of: "b") }
    }

    @Test func aFailureIsToldInTheHostsWords() {
        let errors = "\n\(Self.nonce) begin a\nE: no such\u{1B}[31m thing\n\n\(Self.nonce) begin b\nother\n"
        let read = transcript(section("a", "half", status: 3) + section("b", "whole"), errors: errors)
        let error = #expect(throws: FactError.self) { try read.output(of: "a") }
        #expect(error?.reason == "it ended with status 3: E: no such\u{FFFD}[31m thing")
        #expect(throws: Never.self) { try read.output(of: "b") }
    }

    @Test func absenceIsNoFailure() throws {
        #expect(try transcript(section("a", "", status: 77)).output(of: "a") == nil)
    }

    @Test func aCutSectionIsNotObservedAndTheNextIs() throws {
        let cut = "\n\(Self.nonce) begin a\nhalf of a li"
        let read = transcript(cut + section("b", "whole"))
        #expect(throws: FactError("the host printed more than is read, or stopped in the middle")) {
            try read.output(of: "a")
        }
        #expect(try read.output(of: "b") == "whole")
    }

    @Test func theStatusItselfMayBeCut() {
        for length in 1...("\n\(Self.nonce) status 0 end".utf8.count - 1) {
            let line = String(decoding: Array("\n\(Self.nonce) status 0 end".utf8.prefix(length)), as: UTF8.self)
            let read = transcript("\n\(Self.nonce) begin a\nbody" + line)
            #expect(throws: FactError.self) { try read.output(of: "a") }
        }
    }

    /// The shell itself: limits, statuses, and a section that ends its shell.
    @Test(arguments: ShellRunner.shells)
    func theScriptMarksLimitsAndFailures(shell: [String]) async throws {
        let script = SectionedScript(sections: [
            .init(name: "good", limit: 1_000, body: "echo fine"),
            .init(name: "large", limit: 1_000, body: "yes | head -c 100000000"),
            .init(name: "bad", limit: 1_000, body: "echo why >&2; return 5"),
            .init(name: "leaves", limit: 1_000, body: "exit 6"),
            .init(name: "absent", limit: 1_000, body: "return 77"),
            .init(name: "last", limit: 1_000, body: "echo still here"),
        ])
        let result = try await ShellRunner(shell: shell).run(RemoteCommand(script: script.text))
        let read = Transcript(
            standardOutput: result.standardOutput, standardError: result.standardError, nonce: script.nonce)
        #expect(result.standardOutput.count < script.outputLimit)
        #expect(try read.output(of: "good") == "fine\n")
        #expect(throws: FactError("the host printed more than is read, or stopped in the middle")) {
            try read.output(of: "large")
        }
        #expect(throws: FactError("it ended with status 5: why")) { try read.output(of: "bad") }
        #expect(throws: FactError("it ended with status 6")) { try read.output(of: "leaves") }
        #expect(try read.output(of: "absent") == nil)
        #expect(try read.output(of: "last") == "still here\n")
    }
}
