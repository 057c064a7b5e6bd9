import FettleDriverKit
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// A snapshot is taken, gone back to and removed, broken off wherever it can be.
@Suite struct SnapshotDriverTests {
    private static func machine(_ change: (inout SnapshotRules) -> Void = { _ in }) -> MachineSnapshot {
        var rules = SnapshotRules(driver: "libvirt")
        change(&rules)
        return MachineSnapshot(
            rules: rules, hypervisor: "hv-1", address: .ssh("hv-1"), name: "vm-1", uuid: SnapshotHypervisor.uuid)
    }

    private static func step(_ action: StepAction) -> Step {
        Step(
            id: StepID("vm-1/\(action.name)"), resource: "vm-1", wave: 0, action: action, after: [],
            availability: .requiresOut, rollbackClass: .snapshot,
            estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 60), timeoutSeconds: 600)
    }

    private static let take = step(.snapshot(machine: machine()))
    private static let revert = step(.revert(machine: machine()))
    private static let discard = step(.discardSnapshot(machine: machine()))
    private static let overlays: Set = [
        "/srv/guests/fettle-run-1-00000000-vda.qcow2", "/srv/data/fettle-run-1-00000000-vdb.qcow2",
    ]

    private static func context(_ prior: PriorState?) -> StepContext {
        let plan = Plan(
            id: "plan-1", title: "a test",
            selection: StageReference(id: "s", digest: Digest(rawValue: String(repeating: "0", count: 64))),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: [PlanTarget(resource: "vm-1", address: .ssh("vm-1"), environment: "production")], groups: [],
            steps: [], rollback: [], order: [], rooms: [], limits: PlanLimits())
        return StepContext(
            run: "run-1", plan: plan, attempt: 1, intendedAt: Timestamp(milliseconds: 0), prior: prior)
    }

    /// As the executor does it: what the first check saw is kept, and a try that is broken off is followed by another.
    @discardableResult
    private static func carryOut(
        _ step: Step, on world: SnapshotHypervisor, prior: inout PriorState?, tries: Int = 3
    ) async throws -> Observation {
        let driver = SnapshotDriver(channels: world, clock: world.clock)
        var last: (any Error)?
        for _ in 0..<tries {
            switch await driver.check(step, in: context(prior)) {
            case .alreadyDone(let observation): return observation
            case .ready(let seen): prior = prior ?? seen
            case .blocked(let reason): throw StepFailure(code: .locked, message: reason)
            case .unknown(let failure): throw failure
            }
            do {
                try await driver.perform(step, in: context(prior))
                return try await driver.verify(step, in: context(prior))
            } catch {
                last = error
                world.breakOff(nil)
            }
        }
        throw last ?? StepFailure(code: .internal, message: "no try was made")
    }

    /// - Returns: what was remembered.
    private static func taken(_ world: SnapshotHypervisor) async throws -> PriorState? {
        var prior: PriorState?
        try await carryOut(take, on: world, prior: &prior)
        world.write("new")
        return prior
    }

    @Test func theMachineGoesOnInFilesBesideItsDisks() async throws {
        let world = SnapshotHypervisor()
        var prior: PriorState?
        let seen = try await Self.carryOut(Self.take, on: world, prior: &prior)
        #expect(Set(world.now.disks.values) == Self.overlays)
        #expect(world.now.wasFrozen && seen.summary.contains("held still") && world.now.boots == 1)
        #expect(world.now.names == ["fettle-run-1-00000000"])
        // What a crash would find is done, and nothing more is done.
        let acts = world.acts
        try await Self.carryOut(Self.take, on: world, prior: &prior)
        #expect(world.acts == acts)
    }

    @Test func goingBackLosesWhatWasWrittenAndLeavesNothing() async throws {
        let world = SnapshotHypervisor()
        var prior = try await Self.taken(world)
        try await Self.carryOut(Self.revert, on: world, prior: &prior)
        var before = SnapshotHypervisor().now
        (before.boots, before.wasFrozen) = (2, true)
        #expect(world.now == before)
    }

    @Test func removingItKeepsWhatWasWrittenAndInterruptsNobody() async throws {
        let world = SnapshotHypervisor()
        _ = try await Self.taken(world)
        var own: PriorState?
        let seen = try await Self.carryOut(Self.discard, on: world, prior: &own)
        #expect(world.seen("vda") == ["old", "new"] && world.seen("vdb") == ["old", "new"])
        #expect(Set(world.now.written.keys) == ["/srv/guests/vm-1.qcow2", "/srv/data/vm-1.raw"])
        #expect(world.now.names.isEmpty && world.now.boots == 1 && seen.summary.contains("not interrupted"))
    }

    /// Each act is broken off before it is done and after it: the next try finds what is so.
    @Test func brokenOffAnywhereItIsDoneByTheNextTry() async throws {
        for isDone in [false, true] {
            for act in 0..<12 {
                let world = SnapshotHypervisor()
                world.breakOff(act, isDone: isDone)
                var prior: PriorState?
                try await Self.carryOut(Self.take, on: world, prior: &prior)
                world.write("new")
                var own: PriorState?
                try await Self.carryOut(Self.discard, on: world, prior: &own)
                #expect(
                    world.seen("vda") == ["old", "new"] && world.seen("vdb") == ["old", "new"], "\(act) \(isDone)")
                #expect(world.now.written.count == 2 && world.now.names.isEmpty && world.now.boots == 1)

                let back = SnapshotHypervisor()
                back.breakOff(act, isDone: isDone)
                var first: PriorState?
                try await Self.carryOut(Self.take, on: back, prior: &first)
                back.write("new")
                try await Self.carryOut(Self.revert, on: back, prior: &first)
                #expect(back.seen("vda") == ["old"] && back.seen("vdb") == ["old"], "\(act) \(isDone)")
                #expect(back.now.written.count == 2 && back.now.names.isEmpty && back.now.isActive)
            }
        }
    }

    /// It was intended, and nobody knows whether it was taken: either way the machine is as it was, and is ended only where it has to be.
    @Test func whatWasBegunOnlyIsTakenBack() async throws {
        for isDone in [false, true] {
            let world = SnapshotHypervisor()
            world.breakOff(0, isDone: isDone)
            var prior: PriorState?
            await #expect(throws: (any Error).self) {
                try await Self.carryOut(Self.take, on: world, prior: &prior, tries: 1)
            }
            world.breakOff(nil)
            try await Self.carryOut(Self.revert, on: world, prior: &prior)
            #expect(world.now.written.count == 2 && world.now.names.isEmpty && world.now.isActive)
            #expect(world.now.boots == (isDone ? 2 : 1))
        }
    }

    @Test func whatIsRefusedIsRefusedBeforeAnythingIsDone() async throws {
        let network = "<disk type='network' device='disk'><driver type='raw'/><target dev='vdd'/></disk>"
        let cases: [(String, (inout SnapshotHypervisor.State) -> Void)] = [
            ("does not run", { $0.isActive = false }),
            ("does not run", { $0.isPaused = true }),
            ("has snapshots already", { $0.names = ["of a person"] }),
            ("no guest agent answers", { $0.hasAgent = false }),
            ("no guest agent answers", { $0.agentAnswers = false }),
            ("wants 4096 MiB", { $0.freeMebibytes = 4_095 }),
            ("something is being done", { $0.merging = ["vda": 5] }),
            ("no file with a plain", { $0.devices = network }),
            ("a directory of the hypervisor", { $0.devices = "<filesystem type='mount'/>" }),
            ("passed through", { $0.devices = "<hostdev type='pci'/>" }),
        ]
        for (words, change) in cases {
            let world = SnapshotHypervisor(change)
            var prior: PriorState?
            do {
                try await Self.carryOut(Self.take, on: world, prior: &prior)
                Issue.record("it was taken: \(words)")
            } catch let failure as StepFailure {
                #expect(failure.message.contains(words), "\(failure.message)")
            }
            #expect(world.acts == [])
        }
    }

    /// The group says so: then it is taken as if the power had failed, and that is told.
    @Test func withoutAnAgentItIsTakenWhereTheFleetAllowsIt() async throws {
        let step = Self.step(.snapshot(machine: Self.machine { $0.mustFreeze = false }))
        let world = SnapshotHypervisor { $0.hasAgent = false }
        var prior: PriorState?
        let seen = try await Self.carryOut(step, on: world, prior: &prior)
        #expect(!world.now.wasFrozen && seen.summary.contains("as if its power had failed"))
    }

    @Test func theRoomThatTheFleetWantsIsAskedFor() async throws {
        for (free, least) in [(820, Quantity.percent(20)), (500, .count(500))] {
            let step = Self.step(.snapshot(machine: Self.machine { $0.leastFree = least }))
            for (room, isTaken) in [(free, true), (free - 10, false)] {
                let world = SnapshotHypervisor { $0.freeMebibytes = room }
                var prior: PriorState?
                _ = try? await Self.carryOut(step, on: world, prior: &prior)
                #expect((world.now.names.count == 1) == isTaken, "\(least) of \(room)")
            }
        }
    }

    /// What cannot be merged stays as it is, and the machine goes on.
    @Test func aSnapshotThatCannotBeMergedStays() async throws {
        for verb in ["blockcommit", "blockjob"] {
            let world = SnapshotHypervisor()
            _ = try await Self.taken(world)
            world.fail([verb])
            var own: PriorState?
            await #expect(throws: StepFailure.self) { try await Self.carryOut(Self.discard, on: world, prior: &own) }
            #expect(world.seen("vda") == ["old", "new"] && world.now.isActive)
            world.fail([])
            try await Self.carryOut(Self.discard, on: world, prior: &own)
            #expect(world.now.names.isEmpty && world.now.written.count == 2)
        }
        let off = SnapshotHypervisor()
        _ = try await Self.taken(off)
        off.change { $0.isActive = false }
        var own: PriorState?
        await #expect(throws: StepFailure.self) { try await Self.carryOut(Self.discard, on: off, prior: &own) }
        #expect(off.now.written.count == 4)
    }

    /// Somebody has done something with its disks since: a person looks.
    @Test func aMachineWithOtherDisksIsNotEnded() async throws {
        let changes: [(inout SnapshotHypervisor.State) -> Void] = [
            { $0.extraDisk = true },
            { $0.disks["vda"] = "/srv/guests/other.qcow2" },
            { $0.merging = ["vda": 3] },
            { $0.written["/srv/data/vm-1.raw"] = nil },
        ]
        for change in changes {
            let world = SnapshotHypervisor()
            let prior = try await Self.taken(world)
            world.change(change)
            let acts = world.acts
            await #expect(throws: StepFailure.self) {
                try await SnapshotDriver(channels: world, clock: world.clock).perform(
                    Self.revert, in: Self.context(prior))
            }
            #expect(world.acts == acts && world.now.isActive)
        }
    }

    /// It runs, and that is not enough.
    @Test func aMachineThatNeverAnswersIsNotBack() async throws {
        let world = SnapshotHypervisor()
        var prior = try await Self.taken(world)
        world.change { $0.answers = false }
        await #expect(throws: StepFailure.self) {
            try await Self.carryOut(Self.revert, on: world, prior: &prior, tries: 1)
        }
        world.change { $0.answers = true }
        try await Self.carryOut(Self.revert, on: world, prior: &prior)
        #expect(world.now.boots == 2 && world.seen("vda") == ["old"])
    }

    @Test func everyCommandHasARuleAndNothingElseHas() throws {
        let rules = try SnapshotSudoRules.rules(disks: ["/srv/guests"])
        let uuid = SnapshotHypervisor.uuid
        let overlay = "/srv/guests/fettle-run-1-00000000-vda.qcow2"
        let commands = [
            SnapshotCommand.names(uuid), SnapshotCommand.size(uuid, "vda"), SnapshotCommand.room(in: "/srv/guests"),
            VirshCommand.time(uuid), SnapshotCommand.take(uuid, isFrozen: true),
            SnapshotCommand.take(uuid, isFrozen: false), SnapshotCommand.commit(uuid, "vda"),
            SnapshotCommand.pivot(uuid, "vda"), SnapshotCommand.forget(uuid, "fettle-run-1-00000000"),
            VirshCommand.describe(uuid), VirshCommand.destroy(uuid), VirshCommand.start(uuid), VirshCommand.define,
            DiskCommand.remove(overlay),
        ]
        for command in commands {
            #expect(rules.contains { $0.permits(command) }, "\(command.arguments)")
            #expect(!rules.contains { $0.permits(RootCommand(command.arguments + ["/etc/shadow"])) })
        }
        let outside = [
            DiskCommand.remove("/srv/guests/vm-1.qcow2"), DiskCommand.remove("/srv/guests/fettle-a/b.qcow2"),
            SnapshotCommand.forget(uuid, "another"), SnapshotCommand.commit(uuid, "--base"),
            SnapshotCommand.room(in: "/etc"),
        ]
        for command in outside { #expect(!rules.contains { $0.permits(command) }, "\(command.arguments)") }
        let all = try BuiltInDrivers.sudoRules(
            for: .with {
                $0.hypervisors = ["qemu+tls://hv-2/system"]
                $0.images = ["/srv/images"]
                $0.disks = ["/srv/guests"]
                $0.snapshots = true
            })
        for command in commands { #expect(all.contains { $0.permits(command) }) }
        #expect(throws: SudoRuleError.self) { try BuiltInDrivers.sudoRules(for: .with { $0.snapshots = true }) }
    }
}
