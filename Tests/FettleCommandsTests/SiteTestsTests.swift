import FettleControl
import FettleModel
import Foundation
import Testing

@testable import FettleCommands

/// A site's own tests as a program of this machine.
@Suite struct SiteTestsTests {
    private func run(
        _ words: String..., seconds: Int = 60, limit: Int = 1 << 20
    ) async throws -> (result: SiteTestResult, tail: [String]) {
        try await SiteTests(words: words, seconds: seconds, outputLimit: limit, settings: ["FETTLE_STAGE": "qa"]).run()
    }

    @Test func theExitCodeSaysWhetherTheyPass() async throws {
        let good = try await run("sh", "-c", "echo one; echo two >&2; echo $FETTLE_STAGE")
        #expect(good.result.passes && good.result.program == "sh" && good.result.bytes == 11)
        #expect(good.tail == ["one", "two", "qa"])
        // By `sha256sum`.
        #expect(good.result.digest.rawValue == "1cd5b1871a12a8995a10aac7a5ca621a3a69dbcc476131488c95323ea9977b14")
        for code in [1, 3, 124, 137] {
            let bad = try await run("/bin/sh", "-c", "exit \(code)")
            #expect(bad.result.ending == .exited(code: code) && !bad.result.passes)
        }
    }

    @Test func whatIsMeantForFettleAloneIsNotHandedOn() async throws {
        var tests = SiteTests(words: ["env"], seconds: 60, settings: ["FETTLE_STAGE": "qa"])
        tests.inherited = [
            "PATH": "/usr/bin:/bin", "FETTLE_TOKEN": "s3cret", "FETTLE_STORE": "postgresql://db",
            "SHOP_URL": "https://shop",
        ]
        let lines = try await tests.run().tail
        #expect(lines.sorted() == ["FETTLE_STAGE=qa", "PATH=/usr/bin:/bin", "SHOP_URL=https://shop"])
    }

    @Test func noShellReadsTheirWords() async throws {
        let words = ["$(id)", "a;b", "--", "-n", "two\nlines", "*"]
        let result = try await SiteTests(
            words: ["/usr/bin/printf", "%s|"] + words, seconds: 60, settings: [:]
        ).run()
        #expect(result.tail.joined(separator: "\n") == words.map { "\($0)|" }.joined())
        await #expect(throws: CommandFailure.self) { try await run("-x") }
        await #expect(throws: CommandFailure.self) { try await run("no such program; true") }
    }

    @Test func whoTakesTooLongIsStoppedWithAllThatWasStarted() async throws {
        let slow = try await run("sh", "-c", "sleep 600 & trap '' TERM; sleep 600; sleep 600", seconds: 1)
        #expect(slow.result.ending == .tookTooLong && !slow.result.passes)
        // Asked to end first: who tidies up gets to it.
        let asked = try await run("sh", "-c", "trap 'echo tidied; exit 0' TERM; sleep 600 & wait", seconds: 1)
        #expect(asked.result.ending == .tookTooLong && asked.tail == ["tidied"])
    }

    /// What they leave running does not hold anybody up.
    @Test func whatStaysBehindIsNotWaitedFor() async throws {
        let left = try await run("sh", "-c", "setsid sleep 600 & echo $!")
        let process = try #require(left.tail.first.flatMap { pid_t($0) })
        #expect(left.result.passes && !alive([process]).isEmpty)
        kill(process, SIGKILL)
    }

    @Test func whoPrintsWithoutEndIsStopped() async throws {
        let loud = try await run("yes", limit: 100_000)
        #expect(loud.result.ending == .printedTooMuch && !loud.result.passes)
    }
}
