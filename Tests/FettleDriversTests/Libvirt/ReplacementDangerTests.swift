import FettleDriverKit
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// What could cost a machine or its disk: that it has been moved, that it is down, that something that is needed is gone.
@Suite struct ReplacementDangerTests {
    private typealias Site = ReplaceMachineTests

    private static func replaced(_ world: ReplacementHypervisor = Site.world()) async throws -> (
        ReplacementHypervisor, PriorState?
    ) {
        var prior: PriorState?
        try await Site.carryOut(Site.forth, on: world, prior: &prior)
        return (world, prior)
    }

    /// Nothing is done, whatever the step.
    private static func expectRefused(
        _ steps: [Step], _ world: ReplacementHypervisor, _ prior: PriorState?, _ words: String
    ) async {
        let before = world.now
        for step in steps {
            var prior = prior
            do {
                try await Site.carryOut(step, on: world, prior: &prior)
                Issue.record("\(step.id) was done")
            } catch {
                #expect("\(error)".contains(words), "\(step.id): \(error)")
            }
        }
        #expect(world.now.acts == before.acts && world.now.files == before.files)
        #expect(world.now.machines == before.machines)
    }

    /// Another run has emptied the hypervisor, and the machine does not answer at the moment: not answering is not being nowhere.
    @Test(arguments: ["uuid", "disk", "unreachable"])
    func aMachineThatWasMovedAndIsSilentKeepsItsDiskAndItsTwinStaysOff(_ kind: String) async throws {
        let (world, prior) = try await Self.replaced()
        world.change { state in
            guard let place = state.machines.firstIndex(where: { $0.name == "vm-1" }) else { return }
            var moved = state.machines.remove(at: place)
            if kind == "disk" {
                moved.name = "other"
                moved.uuid = LibvirtFixture.uuid(9)
                moved.xml = LibvirtFixture.domain("other", uuid: moved.uuid).replacing(Site.oldDisk, with: Site.newDisk)
            }
            state.others = kind == "unreachable" ? nil : [moved]
        }
        await Self.expectRefused(
            [Site.forth, Site.back], world, prior, kind == "unreachable" ? "cannot be asked" : "somebody has moved it")
    }

    /// It is defined here and shut off, and runs elsewhere: a move that did not undefine its source.
    @Test func theSameMachineIsNotStartedTwice() async throws {
        let (world, prior) = try await Self.replaced()
        world.change { state in
            for place in state.machines.indices where state.machines[place].name == "vm-1" {
                state.others = [state.machines[place]]
                state.machines[place].isActive = false
            }
        }
        await Self.expectRefused([Site.forth, Site.back], world, prior, "somebody has moved it")
    }

    /// The old one is in its place again, and the new one's disk is in use elsewhere.
    @Test func theDiskIsNotRemovedBesideTheOldMachineEither() async throws {
        let (world, prior) = try await Self.replaced()
        world.change { state in
            guard let place = state.machines.firstIndex(where: { $0.name == "vm-1" }) else { return }
            state.others = [state.machines.remove(at: place)]
            for place in state.machines.indices where state.machines[place].name == "vm-1.before-run-1" {
                state.machines[place].name = "vm-1"
            }
        }
        await Self.expectRefused([Site.back], world, prior, "somebody has moved it")
    }

    @Test func whatIsKeptStaysWhileTheNewMachineIsDownOrSilent() async throws {
        let changes: [(String, @Sendable (inout ReplacementHypervisor.State) -> Void)] = [
            (
                "does not run",
                { state in
                    for place in state.machines.indices where state.machines[place].name == "vm-1" {
                        state.machines[place].isActive = false
                    }
                }
            ),
            ("does not answer", { $0.silent = ["vm-1"] }), ("is paused", { $0.paused = [NewMachineTests.new().uuid] }),
            ("snapshots", { $0.snapshots = [LibvirtFixture.uuid(1)] }),
        ]
        for (words, change) in changes {
            let (world, _) = try await Self.replaced(Site.madeByFettle())
            world.change(change)
            await Self.expectRefused([Site.discard], world, nil, words)
            // Nor where it was well when it was looked at.
            let before = world.now.acts
            await #expect(throws: StepFailure.self) {
                try await Site.driver(Site.discard, world).perform(Site.discard, in: Site.context(nil))
            }
            #expect(world.now.acts == before)
        }
    }

    @Test func aDiskThatAnotherHypervisorMayHaveIsLeft() async throws {
        for isReachable in [true, false] {
            let (world, _) = try await Self.replaced(Site.madeByFettle())
            let user = ReplacementHypervisor.Machine(
                name: "clone", uuid: LibvirtFixture.uuid(8),
                xml: LibvirtFixture.domain("clone", uuid: LibvirtFixture.uuid(8)))
            world.change { $0.others = isReachable ? [user] : nil }
            var prior: PriorState?
            let seen = try await Site.carryOut(Site.discard, on: world, prior: &prior)
            #expect(world.now.files.contains(Site.oldDisk) && seen.summary.contains("\(Site.oldDisk) is left"))
            #expect(!world.now.machines.contains { $0.name == "vm-1.before-run-1" })
        }
    }

    /// Its disk was full, or its kernel has crashed: then more than ever.
    @Test func aNewMachineThatIsPausedOrHasSnapshotsIsTakenBack() async throws {
        for isPaused in [true, false] {
            var (world, prior) = try await Self.replaced()
            let uuid = NewMachineTests.new().uuid
            world.change { if isPaused { $0.paused = [uuid] } else { $0.snapshots = [uuid] } }
            if isPaused { await Self.expectRefused([Site.forth], world, prior, "is paused") }
            try await Site.carryOut(Site.back, on: world, prior: &prior)
            Site.expectAsItWas(world, "\(isPaused)")
        }
    }

    /// The new machine is all that there is.
    @Test func theNewMachineIsNotEndedWhenTheOldDiskIsGone() async throws {
        let (world, prior) = try await Self.replaced()
        world.change { $0.files.remove(Site.oldDisk) }
        await Self.expectRefused([Site.back], world, prior, "no way back")
    }

    @Test func aKernelThatIsAnotherThanTheImagesIsRefused() async throws {
        let world = Site.world { $0.kernel = NewMachineTests.digest }
        await Self.expectRefused([Site.forth], world, nil, "not those of the image")
    }

    /// It takes half an hour, and the machine is shut off then.
    @Test func theImageIsReadOnceAndWhileTheMachineStillRuns() async throws {
        let (world, _) = try await Self.replaced()
        #expect(world.now.readings == 1)
    }
}
