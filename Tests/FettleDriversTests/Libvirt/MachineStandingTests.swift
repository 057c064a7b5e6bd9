import FettleModel
import Testing

@testable import FettleDrivers

/// All that two hypervisors can tell of one machine, and what may be done then.
@Suite struct MachineStandingTests {
    private static let states: [LibvirtView.State?] = [nil, .off, .running, .paused]
    private static let jobs: [String?] = [nil, "Outgoing migration", "Incoming migration", "Save"]
    private static let reasons: [String?] = [nil, "migrating", "user", "post-copy failed"]

    private func each(_ judge: (LibvirtView.Machine?, LibvirtView.Machine?, MachineStanding) -> Void) throws {
        for one in Self.states {
            for other in Self.states {
                for job in Self.jobs {
                    for reason in Self.reasons {
                        let source = try one.map { try LibvirtFixture.machine($0, job: job, reason: reason) }
                        let destination = try other.map { try LibvirtFixture.machine($0, reason: reason) }
                        judge(source, destination, MachineStanding("vm-1", source, destination))
                    }
                }
            }
        }
    }

    /// Woken is only what nobody else has active; ended only what runs elsewhere; moved only what runs here alone.
    @Test func nothingIsEverDoneThatCouldLoseAMachineOrRunItTwice() throws {
        try each { source, destination, standing in
            switch standing {
            case .stalled: #expect(source?.state == .paused && destination?.isActive != true && source?.job == nil)
            case .leftBehind: #expect(destination?.state == .running && source != nil && source?.state != .running)
            case .here: #expect(source?.state == .running && destination?.isActive != true)
            case .moved: #expect(source == nil && destination?.state == .running)
            case .off: #expect(source?.state == .off && destination?.isActive != true)
            case .offThere: #expect(source == nil && destination?.state == .off)
            case .underWay: #expect(source?.job != nil || destination?.job != nil)
            case .trouble: break
            }
        }
    }

    /// "Failed" but moved: pegaprox#647.
    @Test func aMachineThatIsMovedIsMovedWhateverWasSaidOfIt() throws {
        let there = try LibvirtFixture.machine(.running)
        #expect(MachineStanding("vm-1", nil, there) == .moved)
        let paused = try LibvirtFixture.machine(.paused, reason: "migrating")
        #expect(MachineStanding("vm-1", paused, there) == .leftBehind(isActive: true))
        #expect(MachineStanding("vm-1", paused, nil) == .stalled)
    }

    @Test func whatAPersonHasPausedIsTheirs() throws {
        let paused = try LibvirtFixture.machine(.paused, reason: "user")
        guard case .trouble(let failure) = MachineStanding("vm-1", paused, nil) else {
            Issue.record("it is touched")
            return
        }
        #expect(failure.code == .drift)
    }

    /// A snapshot's name matched two: vic#7083.
    @Test func twoMachinesOfOneNameAreNotTakenForEachOther() throws {
        let (one, other) = (
            try LibvirtFixture.machine(.running), try LibvirtFixture.machine(.running, uuid: LibvirtFixture.uuid(2))
        )
        guard case .trouble = MachineStanding("vm-1", one, other) else {
            Issue.record("they are taken for one")
            return
        }
    }
}
