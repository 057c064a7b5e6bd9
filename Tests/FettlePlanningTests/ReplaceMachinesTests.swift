import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct ReplaceMachinesTests {
    private func input(_ change: (inout FleetSample, inout [ImageStanding]) -> Void = { _, _ in }) -> PlanningInput {
        var (sample, images) = (FleetSample.machines, FleetSample.catalogue)
        change(&sample, &images)
        var input = sample.input()
        input.images = images
        return input
    }

    private func problems(_ change: (inout FleetSample, inout [ImageStanding]) -> Void) -> [String] {
        do throws(PlanningRefusal) {
            _ = try Planner.plan(input(change))
            return []
        } catch {
            return error.problems.map(\.message)
        }
    }

    @Test func eachMemberIsMadeAnewFromTheVersionThatItsStageHas() throws {
        let (plan, report) = try Planner.plan(input())
        guard case .replaceImage(let replacement)? = plan.step("web-3/replace")?.action else {
            Issue.record("web-3 is not replaced")
            return
        }
        let machine = try #require(replacement.machine)
        #expect(replacement.to == "image-2" && machine.version == "image-2")
        #expect(machine.digest.rawValue == String(repeating: "2", count: 64))
        #expect(machine.hypervisor == "hv-2" && machine.name == "web-3" && machine.uuid.hasSuffix("3"))
        #expect(plan.step("web-3/rollback/replace")?.action == .replaceImage(replacement: replacement.reversed))
        #expect(!plan.steps.contains { $0.action.name == "build image" })
        #expect(PlanChecker.check(plan).violations == [])
        #expect(report.warnings.allSatisfy { !$0.contains("image-2") })
    }

    /// The first is watched before the second; all are kept until the last was watched, and only then goes what they were before.
    @Test func theFirstIsWatchedAndWhatWasBeforeIsKept() throws {
        let plan = try Planner.plan(input()).0
        let first = try #require(plan.turns.first)
        for member in plan.turns.dropFirst() { #expect(plan.isBefore("web/bake", StepID("\(member)/drain"))) }
        #expect(plan.isBefore(StepID("\(first)/restore"), "web/bake"))
        for member in plan.turns {
            let discard = StepID("web/discard-\(member)")
            #expect(plan.step(discard)?.rollbackClass == .irreversible)
            #expect(plan.isBefore("web/keep", discard))
            for other in plan.turns { #expect(plan.isBefore(StepID("\(other)/restore"), "web/keep")) }
        }
        #expect(plan.pointOfNoReturn.map { "\($0)".hasPrefix("web/discard-") } == true)
    }

    /// And behind one more look at all of them.
    @Test func withoutATimeToKeepTheyGoBehindTheLast() throws {
        let plan = try Planner.plan(
            input { sample, _ in
                sample.fleet.groups[0].strategy = .replace(
                    image: "web-base", maxUnavailable: .count(1), maxSurge: .count(0),
                    machines: ImageMachines(driver: "libvirt", images: "/i", bakeSeconds: 0, keepSeconds: 0))
            }
        ).0
        #expect(plan.step("web/bake") == nil)
        for member in plan.turns {
            for other in plan.turns {
                #expect(plan.isBefore(StepID("\(other)/restore"), StepID("web/discard-\(member)")))
                #expect(plan.isBefore("web/keep", StepID("web/discard-\(member)")))
            }
        }
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func whatCannotBeReplacedIsRefusedWithTheReason() {
        func resident(_ sample: inout FleetSample, _ change: (inout ResidentMachine) -> Void) {
            for host in sample.facts.hosts.indices {
                guard var facts = sample.facts.hosts[host].hypervisor?.value else { continue }
                for place in facts.residents.indices where facts.residents[place].name == "web-1" {
                    change(&facts.residents[place])
                }
                sample.facts.hosts[host].hypervisor = .observed(facts)
            }
        }
        let cases: [(String, (inout FleetSample, inout [ImageStanding]) -> Void)] = [
            ("web-1 has 2 disks", { sample, _ in resident(&sample) { $0.writableDisks = 2 } }),
            ("on which hypervisor web-1 runs", { sample, _ in resident(&sample) { $0.uuid = nil } }),
            ("on which hypervisor web-1 runs", { sample, _ in resident(&sample) { $0.isRunning = false } }),
            (
                "cannot be made anew: it has a TPM",
                { sample, _ in resident(&sample) { $0.isKeptBecause = "it has a TPM" } }
            ),
            (
                "boots a kernel from outside",
                { sample, _ in resident(&sample) { $0.bootsOutsideKernel = true } }
            ),
            (
                "is a member of store as well",
                { sample, _ in
                    sample.fleet.groups.append(
                        ResourceGroup(
                            id: "store", kind: .cluster, members: ["lb-1", "web-1"], minimumAvailable: .count(1)))
                }
            ),
            (
                "is a hypervisor itself",
                { sample, _ in
                    sample.put(
                        [ResidentMachine.sample("inner", gibibytes: 1, isDeclared: false)], on: "web-1", gibibytes: 8)
                }
            ),
            ("hold what is lost", { sample, _ in sample.fleet.groups[0].kind = .cluster }),
            ("no version of image web-base is promoted to production", { _, images in images = [] }),
            (
                "no version of image web-base",
                { _, images in images = images.map { ImageStanding($0.record, notes: []) } }
            ),
            ("needs libssl3", { _, images in images.removeLast() }),
            (
                "has brought it 9",
                { _, images in
                    for place in images.indices {
                        images[place].record.changes = images[place].record.changes.map { change in
                            PackageChange(
                                name: change.name, architecture: change.architecture, from: change.from, to: "9")
                        }
                    }
                }
            ),
            (
                "has passed no boot test",
                { _, images in for place in images.indices { images[place].record.isBootTested = false } }
            ),
        ]
        for (words, change) in cases {
            let messages = problems(change)
            #expect(messages.contains { $0.contains(words) }, "\(words): \(messages)")
        }
    }

    /// Where else a machine can be by then, and how one asks there, stands in the plan; and what it boots.
    @Test func theOtherHypervisorsAndTheKernelStandInThePlan() throws {
        let kernel = Digest(rawValue: String(repeating: "7", count: 64))
        for hasPool in [false, true] {
            let plan = try Planner.plan(
                input { sample, images in
                    for place in images.indices {
                        (images[place].record.kernel, images[place].record.initrd) = (kernel, kernel)
                    }
                    guard hasPool else { return }
                    sample.fleet.groups.append(
                        ResourceGroup(
                            id: "hvs", kind: .hypervisorPool, members: ["hv-1", "hv-2"], minimumAvailable: .count(1)))
                }
            ).0
            let machine = try #require(plan.step("web-3/replace")?.action.remadeMachine)
            #expect(machine.neighbours.map(\.id) == ["hv-1"] && machine.neighbours[0].address.transport == .ssh)
            // It boots from its disk.
            #expect(machine.kernel == nil && machine.initrd == nil)
        }
    }

    /// What an earlier version has brought is in the later one as well.
    @Test func theWholeLineageOfAnImageCounts() throws {
        let plan = try Planner.plan(
            input { _, images in
                images[1].record.changes.removeLast()
                images[0].record.changes = FleetSample.resolution.changes
            }
        ).0
        #expect(plan.step("web-1/replace") != nil)
    }

    @Test func whatAnImageBringsBesidesIsTold() throws {
        let report = try Planner.plan(
            input { _, images in
                images[1].record.changes.append(
                    PackageChange(name: "zlib1g", architecture: "amd64", from: "1", to: "2"))
            }
        ).1
        #expect(report.warnings.contains { $0.contains("image-2 brings more") && $0.contains("zlib1g") })
    }
}
