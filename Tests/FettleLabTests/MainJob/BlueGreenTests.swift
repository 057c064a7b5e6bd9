import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

extension MainJobTests {
    /// All traffic turned to the patched standby at once, and back, at a real HAProxy with a map.
    @Suite struct BlueGreens {
        private static let hosts = MainJobLab.Pool.api.members

        /// Traffic on a side that is not whole: argo-rollouts#3941; the old set gone before the switch: argo-rollouts#2235.
        @Test func theStandbyIsPatchedAndTakesAllTrafficWithoutAFailedRequest() async throws {
            let site = try await Self.site(keep: "3s")
            let callers = try Callers()
            try await site.fettle("run", "start", "change-1")
            let answers = try await callers.end()
            #expect(
                !answers.isEmpty && answers.allSatisfy { $0.status == 200 }, "\(answers.filter { $0.status != 200 })")
            // Each version has its time: no request that begins after green has answered once is answered by blue.
            let firstNew = try #require(answers.first { $0.version == "1.1" }?.time)
            let late = answers.filter { $0.version == "1.0" && $0.began > firstNew }
            #expect(answers.contains { $0.version == "1.0" } && late.isEmpty, "\(late)")
            #expect(try await Pair.serving() == ("pair-green", "pair-green"))
            #expect(try await Truth.version(of: "orders", on: Self.hosts) == ["ii 1.0", "ii 1.0", "ii 1.1", "ii 1.1"])
            #expect(try await site.fettle("run", "obligations", "run-1").contains("owes nothing"))
            try await Pair.stop()
        }

        /// The old set gone while it served: argo-rollouts#2235.
        @Test func theOldSideIsShutDownForGoodOnceTheNewOneWasWatched() async throws {
            let site = try await Self.site(keep: "3s", then: "retire")
            let callers = try Callers()
            try await site.fettle("run", "start", "change-1")
            let answers = try await callers.end()
            #expect(
                !answers.isEmpty && answers.allSatisfy { $0.status == 200 }, "\(answers.filter { $0.status != 200 })")
            #expect(answers.last?.version == "1.1")
            #expect(try await Pair.serving() == ("pair-green", "pair-green"))
            for host in Self.hosts {
                let isUp = try await PackagesLab.attempt(["exec", host, "true"]).succeeded
                #expect(isUp == ["api-3", "api-4"].contains(host), "\(host)")
            }
            #expect(try await site.fettle("run", "obligations", "run-1").contains("owes nothing"))
            try await Pair.stop()
        }

        @Test func oneCommandTurnsTheTrafficBackWhileTheOldSideStays() async throws {
            let site = try await Self.site(keep: "1800s")
            let callers = try Callers()
            let process = try site.launch("run", "start", "change-1")
            defer { process.killAtOnce() }
            try await site.waitForIntent("pair/bake")
            #expect(try await Pair.serving().running == "pair-green")
            try await site.fettle("run", "rollback", "run-1", "--reason", "customers complain", as: "bob")
            try await site.waitForDone("pair/rollback/switch")
            #expect(try await Pair.serving() == ("pair-blue", "pair-blue"))
            // Long before the bake's time is over: nobody waits for a watch over what has gone back.
            #expect(try await process.end() == 5, "\(process.output)")
            let answers = try await callers.end()
            #expect(
                !answers.isEmpty && answers.allSatisfy { $0.status == 200 }, "\(answers.filter { $0.status != 200 })")
            #expect(answers.contains { $0.version == "1.1" } && answers.last?.version == "1.0")
            #expect(try await Truth.version(of: "orders", on: Self.hosts) == ["ii 1.0", "ii 1.0", "ii 1.0", "ii 1.0"])
            try await Pair.stop()
        }

        /// Killed before the file of the map is replaced, and after that before HAProxy is told: one side has all traffic, and who goes
        /// on brings it to its end, though what was held then still comes late.
        @Test(arguments: [Pair.Hold.before, .after])
        func killedInTheMiddleOfTheSwitchOneSideServesWholly(moment: Pair.Hold) async throws {
            let site = try await Self.site(keep: "1s")
            let callers = try Callers()
            try await Pair.hold(moment)
            let process = try site.launch("run", "start", "change-1")
            try await Pair.waitUntilHeld()
            process.killAtOnce()
            _ = try await process.end()
            let serving = try await Pair.serving()
            #expect(serving == ("pair-blue", moment == .before ? "pair-blue" : "pair-green"))
            try await Pair.letGo()
            try await Self.goOn(site, callers)
        }

        /// Killed at whatever moment around the switch.
        @Test(arguments: TestScale.isLong ? Array(0..<50) : [2])
        func killedAtAnyMomentOneSideServesWholly(moment: Int) async throws {
            let site = try await Self.site(keep: "1s")
            let callers = try Callers()
            let process = try site.launch("run", "start", "change-1")
            try await site.waitForIntent("pair/switch")
            try await Task.sleep(for: .milliseconds(moment * 20))
            process.killAtOnce()
            _ = try await process.end()
            let (running, kept) = try await Pair.serving()
            #expect(running == "pair-blue" || running == "pair-green", "\(running)")
            // The file is written before the balancer is told: never the other way round.
            #expect(kept == running || (running, kept) == ("pair-blue", "pair-green"), "\(running), \(kept)")
            try await Self.goOn(site, callers)
        }

        private static func goOn(_ site: Site, _ callers: Callers) async throws {
            try await site.fettle("run", "resume", "run-1", "--take-over")
            let answers = try await callers.end()
            #expect(
                !answers.isEmpty && answers.allSatisfy { $0.status == 200 }, "\(answers.filter { $0.status != 200 })")
            #expect(answers.last?.version == "1.1")
            #expect(try await Pair.serving() == ("pair-green", "pair-green"))
            try await Pair.stop()
        }

        /// A site whose change is approved, with blue serving 1.0 and 1.1 offered to all.
        private static func site(keep: String, then: String = "keep") async throws -> Site {
            try await MainJobLab.renew(.api, offering: "lab-good")
            try await Pair.start()
            let site = try Site()
            try Data(Pair.fleet.replacing("KEEP", with: keep).replacing("then: keep", with: "then: \(then)").utf8)
                .write(to: site.directory.appending(path: "fleet.yaml"))
            _ = try await site.approvedChange(
                of: "orders", in: .api, on: "api-1", "api-2", "api-3", "api-4", group: "pair")
            return site
        }
    }
}
