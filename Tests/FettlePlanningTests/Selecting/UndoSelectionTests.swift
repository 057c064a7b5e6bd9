import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Going back from a run that has ended: to exactly what its hosts had, and of nothing that it did not do.
@Suite struct UndoSelectionTests {
    private static let (old, new) = (FleetSample.oldVersion, FleetSample.newVersion)

    /// A run over two pools, of which one comes after the other, that has done all that it planned.
    private struct Ended {
        var sample: FleetSample
        var plan: Plan
        var facts: FactSet
        var begun: Set<StepID>

        init(_ edit: (inout FleetSample) -> Void = { _ in }) throws {
            var builder = FleetBuilder()
            builder.pool("db", size: 2, minimum: .count(1))
            builder.pool("web", size: 2, minimum: .count(1), after: ["db"])
            sample = FleetSample(fleet: builder.fleet)
            edit(&sample)
            plan = try sample.plan()
            facts = sample.factsAfterSuccess
            for place in facts.hosts.indices { facts.hosts[place].observedAt = FactSample.now.adding(seconds: 900) }
            begun = Set(plan.steps.map(\.id))
        }

        func selection(
            filter: PatchFilter = PatchFilter(), reboots: [ResourceID: RebootExpectation] = [:]
        ) -> Selection {
            SelectionPlanner.selectUndo(
                of: UndoneRun(
                    run: "run-1", plan: plan, begun: begun, endedAt: FactSample.now.adding(seconds: 600),
                    reboots: reboots),
                findings: FleetSample.reference("findings-2"), facts: facts, fleet: sample.fleet, policy: sample.policy,
                filter: filter, id: "selection-2", at: FactSample.now.adding(seconds: 1_000))
        }

        func planned(_ selection: Selection) throws -> Plan {
            var undoing = sample
            undoing.selection = selection
            undoing.facts = facts
            return try undoing.plan()
        }

        mutating func set(_ package: String, to version: String?, on host: ResourceID) {
            for place in facts.hosts.indices where facts.hosts[place].resource == host {
                var packages = (facts.hosts[place].packages.value ?? []).filter { $0.name != package }
                if let version { packages.append(FactSample.package(package, version, source: "openssl")) }
                facts.hosts[place].packages = .observed(packages)
            }
        }
    }

    private func reasons(_ selection: Selection) -> [String] { selection.leftOut.map(\.reason) }

    @Test func eachHostGoesBackToWhatItHad() throws {
        let run = try Ended()
        let selection = run.selection()
        #expect(selection.undoes == "run-1" && selection.leftOut == [] && selection.hosts.count == 4)
        for host in selection.hosts {
            #expect(host.resolution.changes.map(\.name) == ["libssl3", "openssl"])
            #expect(host.resolution.changes.allSatisfy { $0.from == Self.new && $0.to == Self.old })
        }
        let plan = try run.planned(selection)
        #expect(PlanChecker.check(plan).violations == [])
        let patch = try #require(plan.step("web-1/patch"))
        guard case .changePackages(let transaction) = patch.action else { throw Wrong() }
        #expect(transaction.leadsBack && transaction.purpose == .patch && transaction.conffiles == .keepCurrent)
        let back = try #require(plan.step("web-1/rollback/return"))
        guard case .changePackages(let forward) = back.action else { throw Wrong() }
        #expect(forward.changes.allSatisfy { $0.to == Self.new })
    }

    private struct Wrong: Error {}

    /// What came later goes first.
    @Test func theOrderIsTheOtherWayRound() throws {
        let run = try Ended()
        #expect(run.plan.turns == ["db-1", "db-2", "web-1", "web-2"])
        #expect(try run.planned(run.selection()).turns == ["web-1", "web-2", "db-1", "db-2"])
    }

    @Test func resourcesAndRulesAreTurnedRoundToo() throws {
        let run = try Ended { sample in
            for place in sample.fleet.groups.indices { sample.fleet.groups[place].after = [] }
            for place in sample.fleet.resources.indices where sample.fleet.resources[place].id == "db-1" {
                sample.fleet.resources[place].after = ["web-2"]
            }
        }
        #expect(run.plan.before("db-1").contains("web-2"))
        let plan = try run.planned(run.selection())
        #expect(plan.before("web-2").contains("db-1") && !plan.before("db-1").contains("web-2"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func whatWasChangedTogetherWithRebootsGoesBackWithTheReboots() throws {
        let run = try Ended { sample in
            for place in sample.facts.hosts.indices {
                let packages =
                    (sample.facts.hosts[place].packages.value ?? []) + [FactSample.package("kernel-core", "1.0")]
                sample.facts.hosts[place].packages = .observed(packages)
            }
            for place in sample.selection.hosts.indices {
                sample.selection.hosts[place].resolution.changes.append(
                    PackageChange(name: "kernel-core", architecture: "amd64", from: "1.0", to: "2.0"))
            }
            sample.policy.releases = [ReleaseRule(name: "kernel first", rebootBetween: ["kernel-core", "openssl"])]
        }
        let plan = try run.planned(run.selection())
        #expect(PlanChecker.check(plan).violations == [])
        let names = plan.steps.filter { $0.resource == "web-1" }.compactMap { step -> [String]? in
            guard case .changePackages(let transaction) = step.action else { return nil }
            return transaction.changes.map(\.name)
        }
        #expect(names == [["libssl3", "openssl"], ["kernel-core"]])
    }

    @Test func whatWasNotThereBeforeIsRemovedAndWhatWasRemovedIsBack() throws {
        var run = try Ended { sample in
            sample.selection.hosts[0].resolution.changes = [
                PackageChange(name: "libssl3", architecture: "amd64", from: Self.old, to: Self.new),
                PackageChange(name: "new", architecture: "amd64", from: nil, to: "1"),
                PackageChange(name: "openssl", architecture: "amd64", from: Self.old, to: nil),
            ]
        }
        let host = try #require(run.selection().hosts.first)
        #expect(
            host.resolution.changes == [
                PackageChange(name: "libssl3", architecture: "amd64", from: Self.new, to: Self.old),
                PackageChange(name: "new", architecture: "amd64", from: "1", to: nil),
                PackageChange(name: "openssl", architecture: "amd64", from: nil, to: Self.old),
            ])
        // Somebody has taken it away since: nothing is left to do of it.
        run.set("new", to: nil, on: host.resource)
        #expect(run.selection().hosts.first?.resolution.changes.map(\.name) == ["libssl3", "openssl"])
    }

    @Test func whatWasNeverBegunIsNotTakenBack() throws {
        var run = try Ended()
        run.begun = run.begun.filter { !$0.rawValue.hasPrefix("web-2/patch") }
        #expect(run.selection().hosts.map(\.resource) == ["db-1", "db-2", "web-1"])
    }

    @Test func whatHasBeenChangedSinceIsLeftAndTold() throws {
        var run = try Ended()
        run.set("openssl", to: "9", on: "web-1")
        run.set("libssl3", to: Self.old, on: "web-2")
        let selection = run.selection()
        let web1 = try #require(selection.hosts.first { $0.resource == "web-1" })
        #expect(web1.resolution.changes.map(\.name) == ["libssl3"])
        let left = try #require(selection.leftOut.first)
        #expect(left.resource == "web-1" && left.subject == "openssl" && left.reason.contains("is at 9"))
        // As it was already: nothing to tell.
        let web2 = try #require(selection.hosts.first { $0.resource == "web-2" })
        #expect(web2.resolution.changes.map(\.name) == ["openssl"] && selection.leftOut.count == 1)
    }

    @Test func factsFromBeforeItsEndTellNothing() throws {
        var run = try Ended()
        for place in run.facts.hosts.indices where run.facts.hosts[place].resource == "db-1" {
            run.facts.hosts[place].observedAt = FactSample.now.adding(seconds: 599)
        }
        let selection = run.selection()
        #expect(selection.hosts.map(\.resource) == ["db-2", "web-1", "web-2"])
        #expect(reasons(selection) == ["not looked at since run-1 ended; scan again"])
    }

    @Test func aPartOfTheHostsIsNamedAsElsewhere() throws {
        let run = try Ended()
        #expect(run.selection(filter: PatchFilter(groups: ["web"])).hosts.map(\.resource) == ["web-1", "web-2"])
        #expect(run.selection(filter: PatchFilter(resources: ["db-2"])).hosts.map(\.resource) == ["db-2"])
    }

    @Test func aRebootThatWasExpectedThenIsExpectedNow() throws {
        let run = try Ended()
        let selection = run.selection(reboots: ["web-1": .expected(because: ["linux"])])
        #expect(selection.hosts.map { $0.resolution.reboot != .notExpected } == [false, false, true, false])
    }

    @Test func whatIsHeldOrLeftHalfWayIsNotForced() throws {
        var run = try Ended()
        for place in run.facts.hosts.indices where run.facts.hosts[place].resource == "db-1" {
            var packages = run.facts.hosts[place].packages.value ?? []
            for package in packages.indices where packages[package].name == "openssl" {
                packages[package].isHeld = true
            }
            run.facts.hosts[place].packages = .observed(packages)
        }
        for place in run.facts.hosts.indices where run.facts.hosts[place].resource == "db-2" {
            run.facts.hosts[place].brokenPackages = .observed([
                BrokenPackage(name: "other", architecture: "amd64", version: "1", state: "half-configured")
            ])
        }
        let selection = run.selection()
        #expect(selection.hosts.first?.resolution.changes.map(\.name) == ["libssl3"])
        #expect(reasons(selection).contains("held on the host: openssl"))
        #expect(reasons(selection).contains { $0.hasPrefix("repair first: other") })
        #expect(selection.hosts.map(\.resource) == ["db-1", "web-1", "web-2"])
    }
}
