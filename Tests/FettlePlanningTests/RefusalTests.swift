import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct RefusalTests {
    @Test func everyReasonIsToldAtOnce() {
        var builder = FleetBuilder()
        builder.pool("web", size: 4, minimum: .count(4))
        builder.pool("api", size: 3, minimum: .count(1), strategy: .allAtOnce)
        builder.pool("db", size: 2, minimum: .count(1), after: ["cache", "nowhere"])
        builder.pool("cache", size: 2, minimum: .count(1), after: ["db"])
        var sample = FleetSample(fleet: builder.fleet)
        sample.policy.limits.parallelSteps = 0
        sample.selection.hosts.append(FleetSample.selected("gone-1"))
        sample.facts.hosts.removeAll { $0.resource == "db-1" }
        var moved = FleetSample.outdatedHost("db-1")
        moved.packages = .observed([FactSample.package("openssl", "3.0.21", source: "openssl")])
        sample.facts.hosts.append(moved)
        #expect(
            sample.problems().map(\.message) == [
                "group api: all 3 members at once, but minimum 1 of 3 allows 2; choose a rolling strategy or lower "
                    + "minimumAvailable to 0",
                "group web: minimum 4 of 4 leaves no member to take out; lower minimumAvailable to 3 or add a member",
                "limits must allow at least one step and one attempt, and no negative failure budget",
                "groups wait for each other: cache after db after cache; remove one of these",
                "db-1: changed since its resolver answered (libssl3 is not installed instead of 3.0.20-1~deb12u1, "
                    + "openssl is 3.0.21 instead of 3.0.20-1~deb12u1); select again",
                "group db: after nowhere, but no group has that name",
                "gone-1: selected, but the fleet does not declare it; select again",
            ])
    }

    @Test func aMissingMemberLeavesNobodyToTakeOut() {
        var sample = FleetSample.threeWebServers
        sample.selection.hosts.removeAll { $0.resource == "web-3" }
        sample.facts.hosts.removeAll { $0.resource == "web-3" }
        sample.facts.hosts.append(
            .nothingObserved(
                of: "web-3", at: FactSample.now, reachability: .unreachable(reason: "no route"), reason: "no route"))
        #expect(
            sample.problems().map(\.message) == [
                "group web: minimum 2 of 3 while web-3 is not available leaves no member to take out; lower "
                    + "minimumAvailable to 1 or bring the missing back"
            ])
    }

    @Test func anOrderAcrossEnvironmentsThatContradictsTheirsIsRefusedWithItsPath() throws {
        var builder = FleetBuilder(environments: ["dev", "production"])
        builder.pool("web", size: 2, in: "dev", minimum: .count(1), after: ["db"])
        builder.pool("db", size: 2, in: "production", minimum: .count(1))
        let problem = try #require(FleetSample(fleet: builder.fleet).problems().first)
        #expect(problem.code == .orderCycle)
        #expect(problem.message.contains("all of group db"))
        #expect(problem.message.contains("all of environment dev"))
    }

    @Test func aLongCycleIsToldOnceWithItsWholePath() {
        var builder = FleetBuilder()
        builder.pool("a", size: 2, minimum: .count(1), after: ["c"])
        builder.pool("b", size: 2, minimum: .count(1), after: ["a"])
        builder.pool("c", size: 2, minimum: .count(1), after: ["b"])
        #expect(
            FleetSample(fleet: builder.fleet).problems().map(\.message) == [
                "groups wait for each other: a after c after b after a; remove one of these"
            ])
    }

    @Test func whatDoesNotFitIntoTheWindowIsNamed() throws {
        let sample = FleetSample.threeWebServers
        let opens = FactSample.now.adding(seconds: 3600)
        let (_, report) = try Planner.plan(
            sample.input(windows: WindowOffer(TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: 86_400)))))
        // Room for the first host and its way back, but not for the last.
        let narrow = TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: report.duration.p95Seconds))
        let problems = sample.problems(windows: WindowOffer(narrow))
        #expect(problems.allSatisfy { $0.code == .window })
        #expect(problems.contains { $0.place == .resource("web-3") })
        #expect(!problems.contains { $0.place == .resource("web-1") })
    }

    @Test func aWindowThatHasClosedIsRefused() {
        let past = TimeWindow(opensAt: FactSample.now.adding(seconds: -60), closesAt: FactSample.now)
        #expect(FleetSample.threeWebServers.problems(windows: WindowOffer(past)).map(\.code) == [.window])
        let backwards = TimeWindow(opensAt: FactSample.now.adding(seconds: 60), closesAt: FactSample.now)
        #expect(FleetSample.threeWebServers.problems(windows: WindowOffer(backwards)).map(\.code) == [.window])
    }

    @Test func namesThatMakeTheSameStepAreRefused() {
        var builder = FleetBuilder()
        builder.host("a")
        builder.host("a/rollback")
        #expect(FleetSample(fleet: builder.fleet).problems().contains { $0.code == .ambiguousName })
    }
}
