import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension PoolSuites {
    /// Members taken out of a real HAProxy and brought back, by ssh, with requests going through it all the time.
    @Suite("Traffic in the lab", .serialized, .timeLimit(.minutes(10)))
    struct TrafficTests {
        let channels = TrafficLab.connections()
        var drain: HAProxyDrainDriver { HAProxyDrainDriver(channels: channels) }
        var restore: HAProxyRestoreDriver { HAProxyRestoreDriver(channels: channels) }
        let drainStep = TrafficLab.step(.drain(traffic: TrafficLab.traffic()))
        let restoreStep = TrafficLab.step(.restore(traffic: TrafficLab.traffic()))

        func drained() async throws -> PriorState {
            guard case .ready(let prior?) = await drain.check(drainStep, in: TrafficLab.context()) else {
                throw StepFailure(code: .internal, message: "the drain is not ready")
            }
            try await drain.perform(drainStep, in: TrafficLab.context())
            _ = try await drain.verify(drainStep, in: TrafficLab.context())
            return prior
        }

        @Test("A member is drained, its service stopped and started, and restored, and no request fails")
        func rollingUnderLoad() async throws {
            try await TrafficLab.reset(channels)
            let load = Load()
            await load.start()
            try await Task.sleep(for: .seconds(1))
            let prior = try await drained()
            #expect(!prior.alreadySo)
            try await TrafficLab.run("systemctl stop nginx", on: "web-4", through: channels)
            try await Task.sleep(for: .seconds(1))
            try await TrafficLab.run("systemctl start nginx", on: "web-4", through: channels)
            let gate = GateDriver(runner: ProbeRunner(channels: channels))
            let unit = Probe(
                name: "unit", check: .systemdUnit(name: "nginx.service"), samples: 2, intervalSeconds: 0,
                deadlineSeconds: 20)
            let gateStep = TrafficLab.step(.gate(probes: [TrafficLab.health, unit]))
            try await gate.perform(gateStep, in: TrafficLab.context())
            let context = TrafficLab.context(prior: prior)
            try await restore.perform(restoreStep, in: context)
            #expect(try await restore.verify(restoreStep, in: context).verdict == .pass)
            try await Task.sleep(for: .seconds(1))
            let (answered, failures) = await load.stop()
            #expect(failures == [])
            #expect(answered > 100, "too few requests to prove anything")
        }

        @Test("A restart of HAProxy loses the drain; it is seen, and made good before the member comes back")
        func restartOfBalancer() async throws {
            try await TrafficLab.reset(channels)
            try await TrafficLab.run(
                "echo 'set weight web/web-4 50%' | socat - UNIX-CONNECT:/run/haproxy/admin.sock", on: "lb-1",
                through: channels)
            let prior = try await drained()
            let context = TrafficLab.context(prior: prior)
            guard case .stands = await drain.hold(of: drainStep, in: context) else {
                Issue.record("the drain doesn't stand")
                return
            }
            try await TrafficLab.run("systemctl restart haproxy", on: "lb-1", through: channels)
            guard case .lost = await drain.hold(of: drainStep, in: context) else {
                Issue.record("nobody sees that the drain is lost")
                return
            }
            #expect(try await drain.reassert(drainStep, in: context).verdict == .pass)
            try await restore.perform(restoreStep, in: context)
            let observation = try await restore.verify(restoreStep, in: context)
            #expect(observation.details["weight"] == prior.details["weight"])
            try await TrafficLab.reset(channels)
        }

        @Test("The pool's health is HAProxy's view and the probes together, by ssh")
        func health() async throws {
            try await TrafficLab.reset(channels)
            let observer = BuiltInHealthObserver(channels: channels, runner: ProbeRunner(channels: channels))
            let plan = TrafficLab.context().plan
            try await TrafficLab.run("systemctl stop nginx", on: "web-4", through: channels)
            try await Task.sleep(for: .seconds(1))
            let sick = await observer.health(of: TrafficLab.pool, in: plan)
            try await TrafficLab.run("systemctl start nginx", on: "web-4", through: channels)
            #expect(sick.filter { $0.value.isHealthy }.keys.sorted() == ["web-1", "web-2", "web-3"])
            try await TrafficLab.reset(channels)
        }

        @Test("Without rights the error says which; the sudo rule is enough, and so is the socket's group")
        func rights() async throws {
            try await TrafficLab.reset(channels)
            let takeAway = "gpasswd -d fettle haproxy >/dev/null 2>&1; rm -f /etc/sudoers.d/fettle-haproxy; exit 0"
            try await TrafficLab.run(takeAway, on: "lb-1", through: channels)
            let step = TrafficLab.step(.drain(traffic: TrafficLab.traffic(user: "fettle")))
            let refused = await asUser { channels in
                await HAProxyDrainDriver(channels: channels).check(step, in: TrafficLab.context())
            }
            guard case .unknown(let failure) = refused else {
                Issue.record("a user without rights can ask")
                return
            }
            #expect(failure.code == .refused && failure.message.contains("group"))

            let rules = try SudoersFile(
                user: "fettle", rules: HAProxyDrainDriver.sudoRules(endpoint: TrafficLab.traffic().endpoint)
            ).text()
            let ways = [
                "cat > /etc/sudoers.d/fettle-haproxy <<'RULES'\n\(rules)RULES\nvisudo -cqf /etc/sudoers.d/fettle-haproxy",
                "usermod -aG haproxy fettle",
            ]
            for way in ways {
                try await TrafficLab.run(way, on: "lb-1", through: channels)
                let result: Result<Observation, StepFailure> = await asUser { channels in
                    let driver = HAProxyDrainDriver(channels: channels)
                    do throws(StepFailure) {
                        try await driver.perform(step, in: TrafficLab.context())
                        return .success(try await driver.verify(step, in: TrafficLab.context()))
                    } catch {
                        return .failure(error)
                    }
                }
                #expect(try result.get().verdict == .pass)
                try await TrafficLab.run(takeAway, on: "lb-1", through: channels)
                try await TrafficLab.reset(channels)
            }
        }

        /// With a connection of its own: the groups of a user are those of its login.
        private func asUser<Value: Sendable>(_ work: (SSHConnections) async -> Value) async -> Value {
            let channels = TrafficLab.connections()
            let value = await work(channels)
            await channels.shutDown()
            return value
        }

        @Test("A service that is restarted within a bake fails it")
        func restartWithinBake() async throws {
            try await TrafficLab.reset(channels)
            let unit = Probe(
                name: "unit", check: .systemdUnit(name: "orders.service"), timeoutSeconds: 5, samples: 3,
                intervalSeconds: 0
            )
            let step = TrafficLab.step(.bake(seconds: 30, resources: [TrafficLab.member], probes: [unit]))
            let driver = BakeDriver(runner: ProbeRunner(channels: channels), channels: channels)
            let baking = Task { try await driver.perform(step, in: TrafficLab.context()) }
            try await Task.sleep(for: .seconds(1))
            try await TrafficLab.run("systemctl kill -s KILL orders; exit 0", on: "web-4", through: channels)
            await #expect { try await baking.value } throws: { ($0 as? StepFailure)?.code == .unhealthy }
            try await Task.sleep(for: .seconds(2))
        }
    }
}
