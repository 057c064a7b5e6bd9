import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct ReplaceTests {
    @Test func theImageIsMadeAndTestedOnceBeforeAnybodyIsTakenOut() throws {
        let plan = try FleetSample.replace.plan()
        let builds = plan.steps.filter { $0.action.name == "build image" }
        #expect(builds.map(\.id) == ["web/build"])
        guard case .buildImage(let build) = builds.first?.action else {
            Issue.record("no build")
            return
        }
        #expect(build.image == "web-base" && build.from == "2026-10" && build.version == "plan-1")
        #expect(build.probes == [FleetBuilder.probe])
        for member in 1...3 { #expect(plan.isBefore("web/build", StepID("web-\(member)/drain"))) }
    }

    @Test func aMemberIsStartedAnewAndGoesBackToExactlyWhatItRanFrom() throws {
        let plan = try FleetSample.replace.plan()
        let names = plan.steps.filter { $0.resource == "web-2" && $0.group == nil }.map(\.action.name)
        #expect(names == ["preflight", "replace image", "gate", "verify"])
        let there = ImageReplacement(image: "web-base", from: "2026-10", to: "plan-1")
        #expect(plan.step("web-2/replace")?.action == .replaceImage(replacement: there))
        #expect(plan.step("web-2/replace")?.rollbackClass == .imageSwap)
        #expect(plan.step("web-2/rollback/replace")?.action == .replaceImage(replacement: there.reversed))
        #expect(plan.step("web-2/rollback/replace")?.compensates == "web-2/replace")
    }

    @Test func groupsThatShareAnImageShareItsBuild() throws {
        var sample = FleetSample.replace
        for id in ["api-1", "api-2"] {
            sample.fleet.resources.append(
                Resource(id: ResourceID(id), address: .ssh(id), environment: "production"))
        }
        sample.fleet.groups.append(
            ResourceGroup(
                id: "api", members: ["api-1", "api-2"], minimumAvailable: .count(1),
                strategy: .replace(image: "web-base", maxUnavailable: .count(1), maxSurge: .count(0)),
                probes: [Probe(name: "port", check: .tcp(port: 80))]))
        let all: Set<ResourceID> = ["web-1", "web-2", "web-3", "api-1", "api-2"]
        sample = FleetSample(fleet: sample.fleet, selected: all)
        sample.run(from: RunningImage(name: "web-base", version: "2026-10"))
        let plan = try sample.plan()
        #expect(plan.steps.filter { $0.action.name == "build image" }.map(\.id) == ["api/build"])
        #expect(plan.isBefore("api/build", "web-1/drain"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// Lost versions are in the template.
    @Test func anImageIsAWayBackWhereEarlierPackagesAreLost() throws {
        var sample = FleetSample.replace
        for place in sample.selection.hosts.indices {
            sample.selection.hosts[place].resolution.unavailableEarlier = [
                PackageVersion(name: "openssl", architecture: "amd64", version: FleetSample.oldVersion)
            ]
        }
        let plan = try sample.plan()
        #expect(plan.pointOfNoReturn == nil)
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aSideCanBeReplacedByAnImage() throws {
        var sample = FleetSample.blueGreen()
        sample.run(from: RunningImage(name: "web", version: "1"))
        sample.fleet.groups.append(
            ResourceGroup(
                id: "image", members: ["blue-1", "blue-2", "green-1", "green-2"], minimumAvailable: .count(2),
                strategy: .replace(image: "web", maxUnavailable: .count(2), maxSurge: .count(0)),
                probes: [FleetBuilder.probe]))
        let plan = try sample.plan()
        #expect(plan.step("green-1/replace") != nil)
        #expect(plan.step("green-1/take-out")?.after == ["green-1/preflight", "image/build", "web/serving"])
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// By surge: the spare is replaced first, and while it or anybody else is away all that must serve do.
    @Test func aSpareLetsMembersBeReplacedThoughNobodyMayBeMissing() throws {
        var sample = FleetSample.replace
        let members = sample.fleet.groups[0].members
        let spare = try #require(members.last)
        sample.fleet.groups[0].minimumAvailable = .percent(100)
        #expect(sample.problems().map(\.code) == [.capacity])
        sample.fleet.groups[0].spares = [spare]
        sample.fleet.groups[0].strategy = .replace(
            image: "web-base", maxUnavailable: .count(0), maxSurge: .count(1))
        let plan = try sample.plan()
        let group = try #require(plan.group(sample.fleet.groups[0].id))
        #expect(group.minimumAvailable == members.count - 1 && group.maximumOut == 1)
        #expect(plan.turns.first == spare)
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func whatCannotBeProvenIsRefused() {
        func messages(_ change: (inout FleetSample) -> Void) -> [String] {
            var sample = FleetSample.replace
            change(&sample)
            return sample.problems().map(\.message)
        }
        let unknown = messages { $0.facts.hosts[1].image = nil }
        #expect(unknown.count == 1 && unknown[0].contains("do not show web-1 running from image web-base"))
        let other = messages { $0.facts.hosts[1].image = .observed(RunningImage(name: "web-base", version: "2026-09")) }
        #expect(other.count == 1 && other[0].contains("web-1 and web-2 run from different versions of it"))
        let changes = messages { $0.selection.hosts[2].resolution.changes.removeLast() }
        #expect(changes.count == 1 && changes[0].contains("web-1 and web-3 need different changes"))
    }
}
