import FettleDriverKit
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// One machine is made anew in the place of another, and back, broken off wherever it can be.
@Suite struct ReplaceMachineTests {
    static let oldDisk = "/srv/guests/vm-1.qcow2"
    static let newDisk = "/srv/guests/vm-1.run-1-00000000.qcow2"
    private static let replacement = ImageReplacement(
        image: "guest", from: "as it is", to: "image-2", machine: NewMachineTests.new().machine)
    static let forth = step("vm-1/replace", .replaceImage(replacement: replacement))
    static let back = step("vm-1/rollback/replace", .replaceImage(replacement: replacement.reversed))
    static let discard = step("web/discard-vm-1", .discardKept(machine: NewMachineTests.new().machine))

    private static func step(_ id: StepID, _ action: StepAction) -> Step {
        Step(
            id: id, resource: "vm-1", group: "web", wave: 0, action: action, after: [], availability: .requiresOut,
            rollbackClass: .imageSwap, estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 60),
            timeoutSeconds: 600)
    }

    static func world(
        autostart: Bool = true, prepare: (inout ReplacementHypervisor.State) -> Void = { _ in }
    ) -> ReplacementHypervisor {
        let other = LibvirtFixture.domain("vm-2", uuid: LibvirtFixture.uuid(2))
            .replacing("/srv/guests/vm-1.qcow2", with: "/srv/guests/vm-2.qcow2")
        return ReplacementHypervisor(
            [
                .init(
                    name: "vm-1", uuid: LibvirtFixture.uuid(1), xml: LibvirtFixture.domain(),
                    startsWithHypervisor: autostart),
                .init(name: "vm-2", uuid: LibvirtFixture.uuid(2), xml: other),
            ], files: [oldDisk, "/srv/guests/vm-2.qcow2"], prepare: prepare)
    }

    static func context(_ prior: PriorState?) -> StepContext {
        let plan = Plan(
            id: "plan-1", title: "a test",
            selection: StageReference(id: "s", digest: Digest(rawValue: String(repeating: "0", count: 64))),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: [PlanTarget(resource: "vm-1", address: .ssh("vm-1"), environment: "production")], groups: [],
            steps: [forth, discard], rollback: [back], order: [], rooms: [], limits: PlanLimits())
        return StepContext(
            run: "run-1", plan: plan, attempt: 1, intendedAt: Timestamp(milliseconds: 0), prior: prior)
    }

    static func driver(_ step: Step, _ world: ReplacementHypervisor) -> any StepDriver {
        if case .discardKept = step.action {
            DiscardMachineDriver(channels: world, clock: world.clock)
        } else {
            ReplaceMachineDriver(channels: world, clock: world.clock)
        }
    }

    /// As the executor does it: what the first check saw is kept, and a try that is broken off is followed by another.
    @discardableResult
    static func carryOut(
        _ step: Step, on world: ReplacementHypervisor, prior: inout PriorState?, tries: Int = 3
    ) async throws -> Observation {
        var last: (any Error)?
        for _ in 0..<tries {
            let driver = driver(step, world)
            switch await driver.check(step, in: context(prior)) {
            case .alreadyDone(let observation): return observation
            case .ready(let seen): prior = prior ?? seen
            case .blocked(let reason): throw TestFailure(reason)
            case .unknown(let failure): throw failure
            }
            do {
                try await driver.perform(step, in: context(prior))
                return try await driver.verify(step, in: context(prior))
            } catch {
                last = error
                world.change { $0.breaking = nil }
            }
        }
        throw last ?? TestFailure("no try was made")
    }

    static func expectReplaced(_ world: ReplacementHypervisor, _ words: String) {
        let state = world.now
        #expect(state.machines.map(\.name).sorted() == ["vm-1", "vm-1.before-run-1", "vm-2"], "\(words)")
        let new = state.machines.first { $0.name == "vm-1" }
        let kept = state.machines.first { $0.name == "vm-1.before-run-1" }
        #expect(new?.uuid == NewMachineTests.new().uuid && new?.isActive == true, "\(words)")
        #expect(new?.startsWithHypervisor == true && kept?.startsWithHypervisor == false, "\(words)")
        #expect(kept?.uuid == LibvirtFixture.uuid(1) && kept?.isActive == false, "\(words)")
        #expect(state.files == [oldDisk, newDisk, "/srv/guests/vm-2.qcow2"], "\(words)")
    }

    static func expectAsItWas(_ world: ReplacementHypervisor, _ words: String) {
        let before = Self.world().now
        let by = { (one: ReplacementHypervisor.Machine, other: ReplacementHypervisor.Machine) in one.name < other.name }
        #expect(world.now.machines.sorted(by: by) == before.machines.sorted(by: by), "\(words)")
        #expect(world.now.files == before.files, "\(words)")
    }

    @Test func theNewMachineTakesTheNameAndTheOldOneIsKept() async throws {
        let world = Self.world()
        var prior: PriorState?
        let seen = try await Self.carryOut(Self.forth, on: world, prior: &prior)
        Self.expectReplaced(world, "at once")
        #expect(seen.details["kept"] == "vm-1.before-run-1" && seen.details["disk"] == Self.newDisk)
        // What a crash would find is done, and nothing more is done.
        let acts = world.now.acts.count
        try await Self.carryOut(Self.forth, on: world, prior: &prior)
        #expect(world.now.acts.count == acts)
    }

    /// Each act is broken off before it is done and after it: the next try finds what is so, and nothing is there twice.
    @Test func brokenOffAnywhereItIsDoneOnceByTheNextTry() async throws {
        let whole = Self.world()
        var none: PriorState?
        try await Self.carryOut(Self.forth, on: whole, prior: &none)
        let count = whole.now.acts.count
        #expect(count >= 6)
        for act in 0..<count {
            for isDone in [false, true] {
                let world = Self.world { $0.breaking = (act, isDone) }
                var prior: PriorState?
                try await Self.carryOut(Self.forth, on: world, prior: &prior)
                Self.expectReplaced(world, "\(whole.now.acts[act]) \(isDone ? "done" : "not done")")
            }
        }
    }

    /// Whatever a try has left is taken back to the machine that was there, running as before, and nothing is left of the new one.
    @Test func brokenOffAnywhereItIsTakenBackWhole() async throws {
        let whole = Self.world()
        var none: PriorState?
        try await Self.carryOut(Self.forth, on: whole, prior: &none)
        for act in 0...whole.now.acts.count {
            for isDone in [false, true] {
                let world = Self.world { $0.breaking = (act, isDone) }
                var prior: PriorState?
                _ = try? await Self.carryOut(Self.forth, on: world, prior: &prior, tries: 1)
                // And on the way back too, wherever.
                let begun = world.now.acts.count
                let half = Self.world { $0 = world.now }
                try await Self.carryOut(Self.back, on: world, prior: &prior)
                Self.expectAsItWas(world, "act \(act), \(isDone)")
                for later in begun..<world.now.acts.count {
                    let again = Self.world {
                        $0 = half.now
                        $0.breaking = (later, isDone)
                    }
                    var prior = prior
                    try await Self.carryOut(Self.back, on: again, prior: &prior)
                    Self.expectAsItWas(again, "act \(act), \(isDone), then \(later)")
                }
            }
        }
    }

    /// The machine that Fettle has not made goes, and its disk stays; of one that it has made the disk goes, too.
    @Test func onlyADiskThatFettleHasMadeIsRemoved() async throws {
        for isDone in [false, true] {
            for act in 0...1 {
                let world = Self.world()
                var prior: PriorState?
                try await Self.carryOut(Self.forth, on: world, prior: &prior)
                world.change { $0.breaking = ($0.acts.count + act, isDone) }
                var own: PriorState?
                let seen = try await Self.carryOut(Self.discard, on: world, prior: &own)
                #expect(world.now.machines.map(\.name).sorted() == ["vm-1", "vm-2"])
                #expect(world.now.files.contains(Self.oldDisk))
                #expect(seen.summary.contains("\(Self.oldDisk) is left"))
            }
        }
        // Removing the disk and forgetting the machine: each broken off, before and after.
        for act in 0...2 {
            for isDone in [false, true] {
                let world = Self.madeByFettle()
                var prior: PriorState?
                try await Self.carryOut(Self.forth, on: world, prior: &prior)
                world.change { $0.breaking = ($0.acts.count + act, isDone) }
                var own: PriorState?
                let seen = try await Self.carryOut(Self.discard, on: world, prior: &own)
                #expect(world.now.files == [Self.newDisk, "/srv/guests/vm-2.qcow2"], "\(act) \(isDone)")
                #expect(!seen.summary.contains("is left"))
            }
        }
    }

    /// The machine there is one that Fettle has made before.
    static func madeByFettle() -> ReplacementHypervisor {
        world { state in
            let mark = ReplacementMark(
                run: "run-0", image: "guest", version: "image-1", digest: NewMachineTests.digest,
                replaces: LibvirtFixture.uuid(7), disk: oldDisk)
            state.machines[0].xml = LibvirtFixture.domain(more: "<metadata>\(mark.element.written)</metadata>")
        }
    }

    @Test func whatIsRefusedIsRefusedWhileTheMachineStillRuns() async throws {
        let digest = Self.world { $0.digest = String(repeating: "cd", count: 32) }
        let volume = "<disk type='file' device='disk'><source file='/srv/data.qcow2'/><target dev='vdb'/></disk>"
        let stateful = Self.world { $0.machines[0].xml = LibvirtFixture.domain(devices: volume) }
        for (world, words) in [(digest, "SHA-256"), (stateful, "2 disks")] {
            var prior: PriorState?
            do {
                try await Self.carryOut(Self.forth, on: world, prior: &prior)
                Issue.record("it was made anew")
            } catch let failure as StepFailure {
                #expect(failure.code == .refused && failure.message.contains(words), "\(failure.message)")
            }
            #expect(world.now.acts == [])
            #expect(world.now.machines[0].isActive)
        }
    }

    @Test func aMachineThatIsAnotherIsLeftAlone() async throws {
        for (uuid, name) in [(3, "vm-1"), (1, "vm-1.before-run-1")] {
            let world = Self.world { state in
                if name == "vm-1" {
                    state.machines[0].uuid = LibvirtFixture.uuid(uuid)
                    state.machines[0].xml = LibvirtFixture.domain(uuid: LibvirtFixture.uuid(uuid))
                } else {
                    state.machines[1].name = name
                }
            }
            for step in [Self.forth, Self.back, Self.discard] {
                let readiness = await Self.driver(step, world).check(step, in: Self.context(nil))
                guard case .unknown(let failure) = readiness else {
                    Issue.record("\(step.id): \(readiness)")
                    continue
                }
                #expect(failure.code == .drift)
                await #expect(throws: StepFailure.self) {
                    try await Self.driver(step, world).perform(step, in: Self.context(nil))
                }
            }
            #expect(world.now.acts == [])
        }
    }

    /// It was told before, by who was interrupted, and is off between the look and the act.
    @Test func whatHappensByItselfIsNoFailure() async throws {
        let world = Self.world { $0.isAhead = true }
        var prior: PriorState?
        try await Self.carryOut(Self.forth, on: world, prior: &prior, tries: 1)
        Self.expectReplaced(world, "ahead")
        try await Self.carryOut(Self.back, on: world, prior: &prior, tries: 1)
        Self.expectAsItWas(world, "ahead")
    }

    /// Its disk is in use elsewhere, and the kept one would have its address.
    @Test func aMachineThatSomebodyHasMovedAwayIsLeftAlone() async throws {
        let world = Self.world()
        var prior: PriorState?
        try await Self.carryOut(Self.forth, on: world, prior: &prior)
        world.change { state in
            state.machines.removeAll { $0.name == "vm-1" }
            state.elsewhere = ["vm-1"]
        }
        let acts = world.now.acts
        for step in [Self.forth, Self.back, Self.discard] {
            var prior = prior
            await #expect(throws: StepFailure.self) { try await Self.carryOut(step, on: world, prior: &prior) }
        }
        #expect(world.now.acts == acts && world.now.files.contains(Self.newDisk))
    }

    /// It was told to, and the one who told it was interrupted: on the way back it is waited for, and started.
    @Test func aMachineThatIsOnItsWayDownIsStartedAgain() async throws {
        let world = Self.world { $0.stopping = 3 }
        var prior: PriorState? = AutostartMemory.state(["vm-1"])
        try await Self.carryOut(Self.back, on: world, prior: &prior, tries: 1)
        #expect(world.now.acts.contains { $0.hasPrefix("start") })
        Self.expectAsItWas(world, "on its way down")
    }

    @Test func aMachineThatDoesNotShutDownLosesItsPower() async throws {
        let world = Self.world { $0.ignoresShutdown = true }
        var prior: PriorState?
        try await Self.carryOut(Self.forth, on: world, prior: &prior)
        Self.expectReplaced(world, "ignores")
        #expect(world.now.acts.filter { $0.hasPrefix("destroy") }.count == 1)
    }

    /// It runs, and that is not enough.
    @Test func aMachineThatNeverAnswersIsNoSuccess() async throws {
        let world = Self.world { $0.silent = ["vm-1"] }
        var prior: PriorState?
        await #expect(throws: StepFailure.self) {
            try await Self.carryOut(Self.forth, on: world, prior: &prior, tries: 1)
        }
        world.change { $0.silent = [] }
        try await Self.carryOut(Self.back, on: world, prior: &prior)
        Self.expectAsItWas(world, "silent")
    }

    @Test func whatWasDiscardedCannotBeGoneBackTo() async throws {
        let world = Self.world()
        var prior: PriorState?
        try await Self.carryOut(Self.forth, on: world, prior: &prior)
        var own: PriorState?
        try await Self.carryOut(Self.discard, on: world, prior: &own)
        let acts = world.now.acts
        await #expect(throws: StepFailure.self) { try await Self.carryOut(Self.back, on: world, prior: &prior) }
        #expect(world.now.acts == acts && world.now.machines.contains { $0.name == "vm-1" && $0.isActive })
    }

    @Test func namesThatCouldBeMisreadAreRefused() async {
        for name in ["-vm", "vm;reboot", "vm\n1", "../vm", "$(x)", "vm 1", ""] {
            let machine = NewMachineTests.new(name: name).machine
            let step = Self.step(
                "x",
                .replaceImage(replacement: ImageReplacement(image: "g", from: "a", to: "image-2", machine: machine)))
            let world = Self.world()
            guard case .unknown(let failure) = await Self.driver(step, world).check(step, in: Self.context(nil)) else {
                Issue.record("\(name) was taken")
                continue
            }
            #expect(failure.code == .refused)
            #expect(world.now.acts == [])
        }
    }
}

private struct TestFailure: Error {
    var words: String
    init(_ words: String) { self.words = words }
}
