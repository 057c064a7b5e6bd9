import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

extension PoolSuites {
    /// Kinds of gates that need a real host: the journal of a unit, and the load balancer's own view, by ssh.
    @Suite("Kinds of gates in the lab", .serialized, .timeLimit(.minutes(10)))
    struct GateKindTests {
        private static let user = "fettle"
        private static let file = "/etc/sudoers.d/fettle-gates"
        private static let unit = LogSource.unit(name: "nginx.service")

        private func ask(
            _ check: Probe.Check, _ moment: ProbeMoment, as user: String? = nil, through channels: SSHConnections
        ) async -> ProbeSample {
            let target = ProbeTarget(resource: TrafficLab.member, address: .ssh("web-4", user: user))
            return await ProbeRunner(channels: channels).sample(
                Probe(name: "gate", check: check, timeoutSeconds: 20), of: target, at: moment)
        }

        private func log(_ pattern: String, source: LogSource = unit) -> Probe.Check {
            .log(source: source, pattern: pattern, atMost: 0)
        }

        private func mark(through channels: SSHConnections) async -> ProbeMoment {
            let target = ProbeTarget(resource: TrafficLab.member, address: .ssh("web-4"))
            let mark = await ProbeRunner(channels: channels).logMark(Self.unit, of: target)
            return ProbeMoment(since: .now(), marks: [LogMark.key(Self.unit, on: TrafficLab.member): mark])
        }

        @Test func onlyWhatAUnitHasSaidSinceTheActCounts() async throws {
            let channels = TrafficLab.connections()
            try await TrafficLab.run("systemctl restart nginx", on: "web-4", through: channels)
            let moment = await mark(through: channels)
            let before = await ask(log("Started|Starting"), moment, through: channels)
            #expect(before.verdict == .pass, "\(before.reason)")
            try await TrafficLab.run("systemctl restart nginx && journalctl --sync", on: "web-4", through: channels)
            let after = await ask(log("Start(ed|ing)"), moment, through: channels)
            #expect(after.verdict == .fail && after.reason.contains("match"), "\(after.reason)")
            #expect(await ask(log("segfault|panic"), moment, through: channels).verdict == .pass)
            let absent = await ask(log("x", source: .unit(name: "no-such.service")), .none, through: channels)
            #expect(absent.verdict == .fail && absent.reason.contains("no such unit"), "\(absent.reason)")
            await channels.shutDown()
        }

        /// As anybody else journalctl would show nothing of the unit, and nothing would be wrong.
        @Test func aUserWithoutTheRuleIsToldAndWithItReads() async throws {
            let channels = TrafficLab.connections()
            try await TrafficLab.run("rm -f \(Self.file)", on: "web-4", through: channels)
            let moment = await mark(through: channels)
            try await TrafficLab.run("systemctl restart nginx && journalctl --sync", on: "web-4", through: channels)
            let without = await ask(log("Started"), moment, as: Self.user, through: channels)
            #expect(without.verdict == .error, "\(without.reason)")
            let text = try SudoersFile(user: Self.user, rules: LogRules.rules()).text()
            let encoded = Data(text.utf8).base64EncodedString()
            try await TrafficLab.run(
                "echo \(encoded) | base64 -d >\(Self.file).new && chmod 440 \(Self.file).new && visudo -cf \(Self.file).new "
                    + "&& mv \(Self.file).new \(Self.file)", on: "web-4", through: channels)
            let with = await ask(log("Started"), moment, as: Self.user, through: channels)
            #expect(with.verdict == .fail && with.reason.contains("match"), "\(with.reason)")
            #expect(await ask(log("segfault"), moment, as: Self.user, through: channels).verdict == .pass)
            #expect(await ask(log("segfault"), .none, as: Self.user, through: channels).verdict == .pass)
            try await TrafficLab.run("rm -f \(Self.file)", on: "web-4", through: channels)
            await channels.shutDown()
        }

        @Test func theLoadBalancersOwnViewIsAskedThroughTheChannel() async throws {
            let channels = TrafficLab.connections()
            try await TrafficLab.reset(channels)
            let check = Probe.Check.balancer(checkIntervalSeconds: 2)
            let moment = ProbeMoment(since: .now(), traffic: [TrafficLab.traffic()])
            #expect(
                await ask(check, moment, through: channels).verdict == .inconclusive, "no check has been made since")
            for _ in 0..<600 {
                if await ask(check, moment, through: channels).verdict == .pass { break }
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(await ask(check, moment, through: channels).verdict == .pass)
            try await TrafficLab.run("systemctl stop nginx", on: "web-4", through: channels)
            var verdict = GateVerdict.pass
            for _ in 0..<600 where verdict == .pass {
                verdict = await ask(check, moment, through: channels).verdict
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(verdict == .fail)
            try await TrafficLab.run("systemctl start nginx", on: "web-4", through: channels)
            try await TrafficLab.reset(channels)
            await channels.shutDown()
        }
    }
}
