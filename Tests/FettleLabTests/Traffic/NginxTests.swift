import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension PoolSuites {
    /// Members taken out of an upstream of the nginx on lb-1 and brought back, by ssh, with requests going through it all the time.
    @Suite("nginx in the lab", .serialized, .timeLimit(.minutes(10)))
    struct NginxTests {
        private static let folder = "/etc/nginx/upstreams"
        private static let port = 8002

        let channels = TrafficLab.connections()
        var drain: NginxDrainDriver { NginxDrainDriver(channels: channels) }
        var restore: NginxRestoreDriver { NginxRestoreDriver(channels: channels) }
        let drainStep = TrafficLab.step(.drain(traffic: Self.traffic()))
        let restoreStep = TrafficLab.step(.restore(traffic: Self.traffic()))

        private static func traffic(user: String? = nil) -> TrafficBinding {
            TrafficBinding(
                driver: "nginx", via: "lb-1", address: .ssh("lb-1", user: user), endpoint: "\(folder)/pool.servers",
                backend: "pool", drainTimeoutSeconds: 30)
        }

        /// An upstream of its own, whatever a test before has left; nobody else is tried for a request that fails.
        private func upstream() async throws {
            try await TrafficLab.run(
                """
                set -e
                rm -rf \(Self.folder); mkdir -p \(Self.folder)
                for i in 1 2 3 4; do
                echo "server $(getent ahostsv4 web-$i | head -n 1 | cut -d' ' -f1):80 weight=2; # web-$i"
                done >\(Self.folder)/pool.servers
                cat >/etc/nginx/conf.d/pool.conf <<'CONF'
                upstream pool { include \(Self.folder)/pool.servers; }
                server { listen \(Self.port); location / { proxy_pass http://pool; proxy_next_upstream off; } }
                CONF
                systemctl reload-or-restart nginx
                """, on: "lb-1", through: channels)
            try await Task.sleep(for: .seconds(1))
        }

        private func servers() async throws -> String {
            try await TrafficLab.run("cat \(Self.folder)/pool.servers", on: "lb-1", through: channels)
        }

        private func drained() async throws -> PriorState {
            guard case .ready(let prior?) = await drain.check(drainStep, in: TrafficLab.context()) else {
                throw StepFailure(code: .internal, message: "the drain is not ready")
            }
            let context = TrafficLab.context(prior: prior)
            try await drain.perform(drainStep, in: context)
            #expect(try await drain.verify(drainStep, in: context).verdict == .pass)
            return prior
        }

        @Test func aMemberGoesOutItsServiceStopsAndNoRequestFails() async throws {
            try await upstream()
            let before = try await servers()
            let load = Load()
            await load.start(port: Self.port)
            try await Task.sleep(for: .seconds(1))
            let prior = try await drained()
            #expect(!prior.alreadySo)
            try await TrafficLab.run("systemctl stop nginx", on: "web-4", through: channels)
            try await Task.sleep(for: .seconds(1))
            let context = TrafficLab.context(prior: prior)
            try await TrafficLab.run("systemctl start nginx", on: "web-4", through: channels)
            let gate = GateDriver(runner: ProbeRunner(channels: channels))
            try await gate.perform(
                TrafficLab.step(.gate(probes: [TrafficLab.health])), in: TrafficLab.context())
            try await restore.perform(restoreStep, in: context)
            #expect(try await restore.verify(restoreStep, in: context).verdict == .pass)
            try await Task.sleep(for: .seconds(1))
            let (answered, failures) = await load.stop()
            #expect(failures == [])
            #expect(answered > 100, "too few requests to prove anything")
            #expect(try await servers() == before)
        }

        @Test func aRestartOfNginxLosesNothing() async throws {
            try await upstream()
            let prior = try await drained()
            try await TrafficLab.run("systemctl restart nginx", on: "lb-1", through: channels)
            let context = TrafficLab.context(prior: prior)
            guard case .stands = await drain.hold(of: drainStep, in: context) else {
                Issue.record("after a restart of nginx the hold does not stand")
                return
            }
            try await restore.perform(restoreStep, in: context)
            #expect(try await restore.verify(restoreStep, in: context).verdict == .pass)
        }

        @Test func theRulesAndTheFolderAreEnoughAndWithoutThemTheErrorSaysWhich() async throws {
            try await upstream()
            let step = TrafficLab.step(.drain(traffic: Self.traffic(user: "fettle")))
            let prior = PriorState(
                alreadySo: false,
                details: ["line": String(try await servers().split(separator: "\n").last ?? "")])
            let context = TrafficLab.context(prior: prior)
            try await TrafficLab.run("rm -f /etc/sudoers.d/fettle-nginx", on: "lb-1", through: channels)
            func attempt() async -> StepFailure? {
                let own = TrafficLab.connections()
                var failure: StepFailure?
                do throws(StepFailure) {
                    let driver = NginxDrainDriver(channels: own)
                    try await driver.perform(step, in: context)
                    _ = try await driver.verify(step, in: context)
                } catch { failure = error }
                await own.shutDown()
                return failure
            }
            var failure = await attempt()
            #expect(
                failure?.code == .refused && failure?.message.contains("--nginx") == true,
                "\(String(describing: failure))")
            let rules = try SudoersFile(user: "fettle", rules: NginxDrainDriver.sudoRules()).text()
            try await TrafficLab.run(
                "cat > /etc/sudoers.d/fettle-nginx <<'RULES'\n\(rules)RULES\nvisudo -cqf /etc/sudoers.d/fettle-nginx",
                on: "lb-1", through: channels)
            failure = await attempt()
            #expect(
                failure?.code == .refused && failure?.message.contains("may not write") == true,
                "\(String(describing: failure))")
            try await TrafficLab.run(
                "chown -R fettle \(Self.folder); systemctl reload nginx", on: "lb-1", through: channels)
            try await Task.sleep(for: .seconds(1))
            failure = await attempt()
            #expect(failure == nil, "\(String(describing: failure))")
            #expect(try await servers().contains("weight=2 down; # web-4"))
            try await TrafficLab.run("rm -f /etc/sudoers.d/fettle-nginx", on: "lb-1", through: channels)
        }
    }
}
