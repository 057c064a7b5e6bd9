import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct SnapshotPlanTests {
    private func input(_ change: (inout FleetSample) -> Void = { _ in }) -> PlanningInput {
        var sample = FleetSample.snapshots
        change(&sample)
        return sample.input()
    }

    private func problems(_ change: (inout FleetSample) -> Void) -> [String] {
        do throws(PlanningRefusal) {
            _ = try Planner.plan(input(change))
            return []
        } catch {
            return error.problems.map(\.message)
        }
    }

    @Test func eachMemberIsPatchedBehindASnapshotAndGoesBackToIt() throws {
        let (plan, report) = try Planner.plan(input())
        #expect(PlanChecker.check(plan).violations == [])
        let names = { (steps: [Step]) in
            steps.filter { $0.resource == "web-3" && $0.group != "web" || $0.id.rawValue.hasPrefix("web-3/") }
                .map(\.action.name)
        }
        #expect(
            names(plan.steps).prefix(6) == ["preflight", "stage", "take out", "drain", "snapshot", "patch"]
                || names(plan.steps).prefix(5) == ["preflight", "stage", "drain", "snapshot", "patch"],
            "\(names(plan.steps))")
        #expect(names(plan.rollback).contains("revert") && !names(plan.rollback).contains("return"))
        let machine = try #require(plan.step("web-3/snapshot")?.action.snapshotMachine)
        #expect(machine.hypervisor == "hv-2" && machine.uuid.hasSuffix("3"))
        #expect(plan.step("web-3/patch")?.rollbackClass == .snapshot)
        #expect(plan.step("web-3/rollback/revert")?.compensates == "web-3/snapshot")
        #expect(report.hosts.allSatisfy { $0.rollback == .snapshot })
        #expect(PlanTable.render(plan, report).contains("its snapshot is removed from hv-2"))
    }

    /// All are watched behind the last one, and only then goes what they would go back to.
    @Test func snapshotsAreKeptUntilAllWereWatched() throws {
        let plan = try Planner.plan(input()).0
        for member in plan.turns {
            let discard = StepID("web/discard-\(member)")
            #expect(plan.step(discard)?.rollbackClass == .irreversible)
            #expect(plan.isBefore("web/keep", discard))
            for other in plan.turns { #expect(plan.isBefore(StepID("\(other)/restore"), "web/keep")) }
        }
        #expect(plan.pointOfNoReturn.map { "\($0)".hasPrefix("web/discard-") } == true)
    }

    /// There is nothing to go back to on who is only restarted; and it has its turn all the same.
    @Test func whoIsOnlyRestartedHasNoSnapshot() throws {
        let plan = try Planner.plan(
            input { sample in
                sample.leaveOnlyRestarts(on: "web-1")
                for place in sample.selection.hosts.indices where sample.selection.hosts[place].resource == "web-1" {
                    sample.selection.hosts[place].resolution.changes = []
                }
            }
        ).0
        #expect(plan.step("web-1/snapshot") == nil && plan.step("web/discard-web-1") == nil)
        #expect(plan.step("web-1/restart") != nil && plan.step("web-2/snapshot") != nil)
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// It was planned, and the checker refused it: that one could be out while the others were watched.
    @Test(arguments: ["web-1", "web-2", "web-3"] as [ResourceID])
    func whoIsOnlyRestartedIsWatchedWithThoseThatKeepASnapshot(restarted: ResourceID) throws {
        let plan = try Planner.plan(
            input { sample in
                sample.leaveOnlyRestarts(on: restarted)
                for place in sample.selection.hosts.indices where sample.selection.hosts[place].resource == restarted {
                    sample.selection.hosts[place].resolution.changes = []
                }
            }
        ).0
        #expect(plan.step("web/keep")?.action.judged == ["web-1", "web-2", "web-3"])
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// What nobody offers any more is in the snapshot.
    @Test func earlierVersionsThatAreLostAreNoEndOfTheWayBack() throws {
        let plan = try Planner.plan(
            input { sample in
                for place in sample.selection.hosts.indices {
                    sample.selection.hosts[place].resolution.unavailableEarlier = [
                        PackageVersion(name: "openssl", architecture: "amd64", version: FleetSample.oldVersion)
                    ]
                }
            }
        ).0
        #expect(plan.pointOfNoReturn.map { "\($0)".hasPrefix("web/discard-") } == true)
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aSnapshotThatCanBecomeTooOldIsTold() throws {
        let report = try Planner.plan(
            input { $0.fleet.groups[0].snapshot = SnapshotRules(driver: "libvirt", keepSeconds: 60, oldestSeconds: 90) }
        ).1
        #expect(report.warnings.contains { $0.contains("its snapshot can become") && $0.contains("1 min 30 s") })
        #expect(try !Planner.plan(input()).1.warnings.contains { $0.contains("its snapshot") })
    }

    @Test func whatCannotHaveASnapshotIsRefusedWithTheReason() {
        func resident(_ sample: inout FleetSample, _ change: (inout ResidentMachine) -> Void) {
            for host in sample.facts.hosts.indices {
                guard var facts = sample.facts.hosts[host].hypervisor?.value else { continue }
                for place in facts.residents.indices where facts.residents[place].name == "web-1" {
                    change(&facts.residents[place])
                }
                sample.facts.hosts[host].hypervisor = .observed(facts)
            }
        }
        func pool(_ driver: String) -> ResourceGroup {
            ResourceGroup(
                id: "hvs", kind: .hypervisorPool, members: ["hv-1", "hv-2"], minimumAvailable: .count(1),
                machines: MachineRules(driver: driver))
        }
        let cases: [(String, (inout FleetSample) -> Void)] = [
            ("on which hypervisor web-1 runs", { sample in resident(&sample) { $0.uuid = nil } }),
            ("on which hypervisor web-1 runs", { sample in resident(&sample) { $0.isRunning = false } }),
            ("is one of proxmox", { $0.fleet.groups.append(pool("proxmox")) }),
            (
                "web-1 is a member of store",
                { sample in
                    sample.fleet.groups.append(
                        ResourceGroup(
                            id: "store", kind: .cluster, members: ["lb-1", "web-1"], minimumAvailable: .count(1)))
                }
            ),
            ("members of a cluster hold", { $0.fleet.groups[0].kind = .cluster }),
            (
                "is a hypervisor itself",
                { sample in
                    sample.put(
                        [ResidentMachine.sample("inner", gibibytes: 1, isDeclared: false)], on: "web-1", gibibytes: 8)
                }
            ),
            (
                "a member is changed in one way",
                { sample in
                    var other = sample.fleet.groups[0]
                    other.id = "again"
                    other.snapshot?.keepSeconds = 1
                    sample.fleet.groups.append(other)
                }
            ),
        ]
        for (words, change) in cases {
            let messages = problems(change)
            #expect(messages.contains { $0.contains(words) }, "\(words): \(messages)")
        }
        #expect(
            problems { sample in
                sample.fleet.groups.append(
                    ResourceGroup(id: "store", kind: .cluster, members: ["lb-1", "web-1"], minimumAvailable: .count(1)))
                sample.fleet.groups[0].snapshot?.mayLoseWrites = true
            } == [])
        #expect(problems { $0.fleet.groups.append(pool("libvirt")) } == [])
    }
}
