import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// A bake that compares: hosts' answers are made up, probes are asked of a real server.
@Suite("Judged bakes", .timeLimit(.minutes(10)))
struct JudgedBakeTests {
    /// Answers pulses of two hosts. On one of them a service gains memory and open files with each.
    actor Hosts: ChannelProvider {
        private let leaks: Bool
        private var taken: [String: Int] = [:]

        init(leaks: Bool) { self.leaks = leaks }

        nonisolated func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
            Channel(hosts: self, host: address.host)
        }

        struct Channel: CommandChannel {
            let hosts: Hosts
            let host: String

            func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
                guard case .script(let text) = command.program, let nonce = Self.nonce(text) else {
                    throw AccessError(.invalidCommand, "no pulse", host: host)
                }
                let output = await hosts.answer(host, nonce: nonce)
                return CommandResult(
                    status: 0, standardOutput: Array(output.utf8), standardError: [], duration: .milliseconds(1))
            }

            func close() async {}

            private static func nonce(_ text: String) -> String? {
                text.split(separator: "\n").first { $0.hasPrefix("nonce=") }.map { String($0.dropFirst(6)) }
            }
        }

        fileprivate func answer(_ host: String, nonce: String) -> String {
            taken[host, default: 0] += 1
            let number = leaks && host == "web-1" ? taken[host, default: 0] : 0
            let boot = String(repeating: "b", count: 36)
            let sections = [
                ("host", "boot \(boot)\nuptime 5000.0\nMemTotal: 8000000 kB\noom_kill 0"),
                (
                    "units",
                    "Id=orders.service\nSubState=running\nNRestarts=0\nMainPID=42\nActiveEnterTimestampMonotonic=7\n"
                        + "TasksMax=500\nMemoryMax=infinity"
                ),
                (
                    "processes",
                    "/proc/42/cgroup:0::/system.slice/orders.service\n/proc/42/status:RssAnon: \(9_000 + 100 * number) kB\n"
                        + "/proc/42/status:Threads: 3\n/proc/42/fd:\(9 + number)\n"
                        + "/proc/42/limits:Max open files 1024 4096 files"
                ),
            ]
            return sections.map { "\n\(nonce) begin \($0.0)\n\($0.1)\n\(nonce) status 0 end\n" }.joined()
        }
    }

    /// - Parameter longest: in seconds; on a busy machine eight show too little, and then it is watched for longer.
    private func bake(
        controls: [ResourceID], leaks: Bool, longest: Int = 308
    ) async throws -> Result<Observation, StepFailure> {
        let server = try await WebServerFixture()
        let hosts = Hosts(leaks: leaks)
        var probe = Probe(
            name: "health", check: .http(url: "http://127.0.0.1:\(server.port)/health", status: 200, contains: nil),
            timeoutSeconds: 2, samples: 2, intervalSeconds: 0, deadlineSeconds: 5)
        // A real interval, or thousands of questions are asked.
        probe.intervalSeconds = 1
        let driver = BakeDriver(runner: ProbeRunner(channels: hosts), channels: hosts)
        let step = TrafficSteps.step(
            .bake(
                seconds: 8, resources: ["web-1"], probes: [probe],
                judgement: BakeJudgement(
                    controls: controls, services: ["orders.service"], extendUntilSeconds: longest,
                    // How fast this machine is proves nothing here.
                    thresholds: BakeThresholds(latencyMarginMilliseconds: 5_000))))
        let context = TrafficSteps.context(targets: [
            PlanTarget(resource: "web-1", address: .ssh("web-1"), environment: "production"),
            PlanTarget(resource: "web-2", address: .ssh("web-2"), environment: "production"),
        ])
        do throws(StepFailure) {
            try await driver.perform(step, in: context)
            return .success(try await driver.verify(step, in: context))
        } catch { return .failure(error) }
    }

    @Test func aLeakFailsItWithTheTableOfAllThatWasCompared() async throws {
        guard case .failure(let failure) = try await bake(controls: ["web-2"], leaks: true) else {
            Issue.record("it passed")
            return
        }
        #expect(failure.code == .unhealthy, "\(failure)")
        let rows = try #require(JudgementRow.rows(in: failure.output))
        let failed = Set(rows.filter { $0.verdict == "fail" }.map(\.subject))
        #expect(failed == ["orders.service: memory", "orders.service: open files"], "\(failure.output)")
    }

    @Test func whatIsNoWorsePassesAndTheObservationTellsWhatWasCompared() async throws {
        let observation = try await bake(controls: ["web-2"], leaks: false).get()
        let rows = try #require(JudgementRow.rows(in: observation.details[JudgementRow.detailsKey] ?? ""))
        #expect(observation.verdict == .pass && observation.summary.contains("web-2, not patched"))
        #expect(rows.contains { $0.subject == "orders.service: open files" && $0.verdict == "pass" })
        #expect(rows.contains { $0.subject == "disks" && $0.verdict == "not known" }, "\(rows)")
    }

    @Test func withNobodyToCompareWithItIsInconclusive() async throws {
        guard case .failure(let failure) = try await bake(controls: [], leaks: false, longest: 8) else {
            Issue.record("it passed")
            return
        }
        #expect(failure.code == .inconclusive && failure.message.contains("nothing was recorded"), "\(failure)")
    }
}
