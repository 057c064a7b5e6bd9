import FettleModel
import Foundation
import Testing

extension MainJobTests {
    /// A member that is patched later is restarted as it is before the canary is compared with it: seen by systemd, by HAProxy and by
    /// requests that were sent meanwhile.
    @Suite struct RestartedControls {
        private static let unit = "orders.service"
        private static let leg: [StepID] = ["drain", "restart", "gate", "restore"].map { StepID("api-2/control/\($0)") }

        private func site() throws -> Site {
            // All hosts share this machine's processors: how soon they answer says nothing of a version.
            let policy = "bake: {latencyMarginMilliseconds: 500, pressureMarginPercent: 60}"
            let judging = "control: 1, restartControl: true"
            return try Site(Site.Choices(bakeSeconds: 30, judging: judging, policy: policy))
        }

        /// What the run has made of it in the end, however often it was interrupted.
        private func expectTheEnd(_ site: Site, _ traffic: Traffic, _ restart: UnitStart) async throws {
            #expect(traffic.failed == 0 && traffic.requests > 1_000, "\(traffic.failed) of \(traffic.requests)")
            #expect(traffic.lowest(of: "api") == 3)
            // Out to be restarted, and out to be patched.
            #expect(traffic.outages(of: "api-2").count == 2, "\(traffic.outages(of: "api-2"))")
            #expect(traffic.outages(of: "api-1").count == 1, "\(traffic.outages(of: "api-1"))")
            let first = try #require(traffic.outages(of: "api-2").first)
            #expect(first.contains(restart.at), "\(first), \(restart)")
            #expect(try await site.outcome == .succeeded)
            #expect(try await Truth.version(of: "orders", on: ["api-1", "api-2"]) == ["ii 1.1", "ii 1.1"])
            for member in ["api-1", "api-2"] {
                #expect(try await Truth.changes(of: "orders", on: member) == 1, "\(member)")
            }
            let bake = try await site.journal.lazy.compactMap { record -> Observation? in
                guard case .stepDone("api/bake", _, let observation) = record.event else { return nil }
                return observation
            }.first
            #expect(bake?.summary.contains("api-2, not patched") == true, "\(bake?.summary ?? "no bake")")
            #expect(try await site.fettle("run", "obligations", "run-1").contains("owes nothing"))
            try await Balancer.expectAllServe()
        }

        /// Waits for the bake to begin, and looks what has been started until then.
        private func startsBeforeTheBake(_ site: Site, after start: String) async throws -> [UnitStart] {
            try await site.waitForIntent("api/bake")
            let starts = try await Truth.starts(of: Self.unit, on: "api-2")
            #expect(try await Truth.version(of: "orders", on: ["api-2"]) == ["ii 1.0"])
            let known = try #require(starts.lastIndex { $0.id == start }, "\(starts)")
            return Array(starts[(known + 1)...])
        }

        @Test func aControlIsRestartedOnceOutOfTrafficAndThenComparedWith() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try site()
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            #expect(plan.steps.filter { $0.leg == .control }.map(\.id) == Self.leg)
            let before = try await Truth.start(of: Self.unit, on: "api-2")
            var starts: [UnitStart] = []
            let traffic = try await Traffic.during {
                let process = try site.launch("run", "start", "change-1")
                defer { process.killAtOnce() }
                starts = try await startsBeforeTheBake(site, after: before)
                #expect(try await process.end() == 0, "\(process.output)")
            }
            #expect(starts.count == 1, "\(starts)")
            try await expectTheEnd(site, traffic, try #require(starts.first))
        }

        /// Killed after each of its intents, and when systemd has just been asked.
        @Test func killedAtEachOfItsStepsTheRunEndsAsIfNothingHadHappened() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            let before = try await Truth.start(of: Self.unit, on: "api-2")
            var starts: [UnitStart] = []
            let traffic = try await Traffic.during {
                var process = try site.launch("run", "start", "change-1")
                defer { process.killAtOnce() }
                for step in Self.leg {
                    try await site.waitForIntent(step)
                    process.killAtOnce()
                    #expect(try await process.end() == -SIGKILL, "it had ended before \(step): \(process.output)")
                    process = try site.launch("run", "resume", "run-1")
                }
                starts = try await startsBeforeTheBake(site, after: before)
                #expect(try await process.end() == 0, "\(process.output)")
            }
            #expect(starts.count == 1, "\(starts)")
            try await expectTheEnd(site, traffic, try #require(starts.first))
        }
    }
}

/// A start of a unit, as systemd's own log tells it.
struct UnitStart: Equatable {
    /// Its invocation ID.
    var id: String
    /// In seconds since 1970.
    var at: Double
}

extension Truth {
    static func start(of unit: String, on host: String) async throws -> String {
        try await PackagesLab.inside("systemctl show --property=InvocationID --value \(unit)", on: host)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Since the host booted, the oldest first. The message is `SD_MESSAGE_UNIT_STARTED`.
    static func starts(of unit: String, on host: String) async throws -> [UnitStart] {
        let text = try await PackagesLab.inside(
            "journalctl --quiet --no-pager --output=json --output-fields=INVOCATION_ID _PID=1 UNIT=\(unit) "
                + "MESSAGE_ID=39f53479d3a045ac8e11786248231fbf", on: host)
        return try text.split(separator: "\n").map { line in
            let entry = try JSONDecoder().decode(Entry.self, from: Data(line.utf8))
            return UnitStart(id: entry.start, at: (Double(entry.microseconds) ?? 0) / 1_000_000)
        }
    }

    private struct Entry: Decodable {
        var start: String
        var microseconds: String

        private enum CodingKeys: String, CodingKey {
            case start = "INVOCATION_ID"
            case microseconds = "__REALTIME_TIMESTAMP"
        }
    }
}

extension Traffic {
    /// From when to when a server took no requests, as HAProxy tells it every 100 ms.
    func outages(of server: String) -> [ClosedRange<Double>] {
        var outages: [ClosedRange<Double>] = []
        var began: Double?
        for sample in samples.filter({ $0.server == server }).sorted(by: { $0.time < $1.time }) {
            if !sample.serves {
                began = began ?? sample.time
            } else if let since = began {
                outages.append(since...sample.time)
                began = nil
            }
        }
        return outages
    }
}
