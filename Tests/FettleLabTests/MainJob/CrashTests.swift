import FettleModel
import Foundation
import Testing

extension MainJobTests {
    /// Fettle itself dies, at once, where it hurts.
    @Suite struct Crashes {
        /// Recovery ran live work again: dbos-transact-java#491. Cordoned for ever after a failure: kured#63.
        @Test func killedBetweenAndInsideStepsTheRunEndsAsIfNothingHadHappened() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2", "api-3", "api-4")
            let traffic = try await Traffic.during {
                var process = try site.launch("run", "start", "change-1")
                // Each point, and then a successor that goes on from the journal alone.
                let points: [(String, () async throws -> Void)] = [
                    ("right after an intent", { try await site.waitForIntent("api-1/drain") }),
                    (
                        "in the middle of apt",
                        {
                            try await site.waitForIntent("api-1/patch")
                            try await PackagesLab.inside(
                                "for i in $(seq 600); do pgrep -x dpkg >/dev/null && exit; sleep 0.05; done; exit 1",
                                on: "api-1")
                        }
                    ),
                    ("between drain and patch", { try await site.waitForDone("api-2/drain") }),
                    ("in a restore", { try await site.waitForIntent("api-3/restore") }),
                ]
                for (name, point) in points {
                    do { try await point() } catch {
                        process.killAtOnce()
                        throw TestFailure("\(name): \(error)\n\(process.output)")
                    }
                    process.killAtOnce()
                    #expect(try await process.end() == -SIGKILL, "it had ended before \(name): \(process.output)")
                    process = try site.launch("run", "resume", "run-1")
                }
                #expect(try await process.end() == 0, "\(process.output)")
            }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(traffic.lowest(of: "api") == 3)
            for member in MainJobLab.Pool.api.members {
                #expect(try await Truth.version(of: "orders", on: [member]) == ["ii 1.1"])
                #expect(try await Truth.changes(of: "orders", on: member) == 1, "\(member)")
            }
            #expect(try await site.outcome == .succeeded)
            try await Balancer.expectAllServe()
        }

        /// The disk that holds the journal gets full while a host is out: it comes back all the same, also by a successor of a
        /// Fettle that died of it, and nobody else goes out before there is room.
        @Test func aFullDiskOfTheJournalKeepsNobodyOut() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let disk = try SmallDisk(mebibytes: 96)
            let site = try Site(on: disk)
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            let traffic = try await Traffic.during {
                var process = try site.launch("run", "start", "change-1")
                try await site.waitForIntent("api-1/patch")
                try disk.fill()
                process.killAtOnce()
                #expect(try await process.end() == -SIGKILL, "it had ended before: \(process.output)")
                process = try site.launch("run", "resume", "run-1")
                defer { process.killAtOnce() }
                try await site.waitForDone("api-1/restore")
                // Longer than it takes to ask for room once more.
                try await Task.sleep(for: .seconds(8))
                #expect(try await Balancer.takenOut().isEmpty)
                #expect(process.isRunning, "\(process.output)")
                #expect(try await Truth.changes(of: "orders", on: "api-2") == 0)
                try disk.makeRoom()
                #expect(try await process.end() == 0, "\(process.output)")
            }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(traffic.lowest(of: "api") == 3)
            for member in ["api-1", "api-2"] {
                #expect(try await Truth.version(of: "orders", on: [member]) == ["ii 1.1"])
                #expect(try await Truth.changes(of: "orders", on: member) == 1, "\(member)")
            }
            #expect(try await site.outcome == .succeeded)
            try await Balancer.expectAllServe()
        }
    }
}
