import FettleDriverKit
import FettleJudgement
import FettleModel
import Testing

@testable import FettleDrivers

/// When a bake asks hosts for their crashes.
@Suite("Watches of a bake", .timeLimit(.minutes(10)))
struct BakeWatchTests {
    /// Answers pulses by a clock of its own, and keeps since when it was asked for crashes.
    private actor Host: ChannelProvider, CommandChannel {
        private let now: Int
        private var silent: Int
        private(set) var asked: [Int?] = []

        /// - Parameter silent: so many of the first questions are not answered.
        init(now: Int, silent: Int = 0) {
            self.now = now
            self.silent = silent
        }

        nonisolated func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }

        func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
            guard case .script(let text) = command.program,
                let nonce = text.split(separator: "\n").first(where: { $0.hasPrefix("nonce=") })?.dropFirst(6)
            else { throw AccessError(.invalidCommand, "no pulse", host: "web-1") }
            let since = text.split(separator: "--since=@").dropFirst().first.flatMap {
                Int($0.prefix(while: \.isNumber))
            }
            asked.append(since)
            if silent > 0 {
                silent -= 1
                throw AccessError(.invalidCommand, "busy", host: "web-1")
            }
            let boot = String(repeating: "b", count: 36)
            var sections = [("host", "now \(now)\nboot \(boot)\nuptime 5000.0")]
            if since != nil { sections += [("crashes", ""), ("kernel", "")] }
            let output = sections.map { "\n\(nonce) begin \($0.0)\n\($0.1)\n\(nonce) status 0 end\n" }.joined()
            return CommandResult(
                status: 0, standardOutput: Array(output.utf8), standardError: [], duration: .milliseconds(1))
        }

        /// It has a clock, and has not been asked by it yet.
        var mayStillTell: Bool { now > 0 && asked.allSatisfy { $0 == nil } }

        func close() async {}
    }

    private func watched(_ host: Host) async throws -> [Pulse] {
        let watch = BakeWatch(
            patched: [], controls: [ProbeTarget(resource: "web-1", address: .ssh("web-1"))], probes: [],
            runner: ProbeRunner(channels: host), pulses: PulseTaker(channels: host), at: .none,
            in: TrafficSteps.context(targets: []).plan)
        try await watch.round(.seconds(2))
        // On a busy machine a round may be over with its first pulse.
        for _ in 0..<60 where await host.mayStillTell { try await watch.round(.seconds(2)) }
        return try #require(watch.record.series(of: ["web-1"]).first).pulses
    }

    /// A host that is slow by fifteen minutes shows no crash since a moment that it has not come to.
    @Test(arguments: [0, 2]) func crashesAreAskedForByTheHostsOwnClock(silent: Int) async throws {
        let host = Host(now: 1_000_000, silent: silent)
        let pulses = try await watched(host)
        let asked = await host.asked
        #expect(asked.first == .some(nil), "nobody knows its clock yet")
        let moments = asked.compactMap { $0 }
        #expect(!moments.isEmpty)
        #expect(moments.allSatisfy { (999_000...1_000_000).contains($0) }, "\(moments)")
        #expect(try #require(pulses.last).crashes == [:], "asked at the end: \(pulses)")
    }

    @Test func aHostWithoutAClockIsSaidToBeSilentOnCrashes() async throws {
        let last = try #require(try await watched(Host(now: 0)).last)
        #expect(last.crashes == nil)
        #expect(last.unknown["crashes"]?.contains("clock") == true, "\(last)")
    }
}
