import FettleModel
import Testing

@testable import FettleDrivers

/// All that two hypervisors can tell of one machine, and what may be done then.
@Suite struct MachineStandingTests {
    private static let states: [LibvirtView.State?] = [nil, .off, .running, .paused]
    private static let jobs: [String?] = [nil, "Outgoing migration", "Incoming migration", "Save"]
    private static let reasons: [String?] = [nil, "migrating", "user", "post-copy", "post-copy failed"]

    private func each(_ judge: (LibvirtView.Machine?, LibvirtView.Machine?, MachineStanding) -> Void) throws {
        for one in Self.states {
            for other in Self.states {
                for job in Self.jobs {
                    for reason in Self.reasons {
                        let source = try one.map { try LibvirtFixture.machine($0, job: job, reason: reason) }
                        for reason in Self.reasons {
                            let destination = try other.map { try LibvirtFixture.machine($0, reason: reason) }
                            judge(source, destination, MachineStanding("vm-1", source, destination))
                        }
                    }
                }
            }
        }
    }

    /// Woken is only what nobody else has active; ended only what runs elsewhere; moved only what runs here alone.
    @Test func nothingIsEverDoneThatCouldLoseAMachineOrRunItTwice() throws {
        try each { source, destination, standing in
            switch standing {
            case .stalled:
                // A machine that is known at the destination may have run there.
                #expect(source?.state == .paused && destination == nil && source?.job == nil)
                #expect(source?.reason == "migrating")
            case .leftBehind(let isActive):
                #expect(destination?.state == .running && source != nil && source?.state != .running)
                #expect(destination?.reason?.hasPrefix("post-copy") != true)
                if isActive {
                    #expect(source?.job == nil && ["migrating", "post-copy"].contains(source?.reason))
                }
            case .here: #expect(source?.state == .running && destination?.isActive != true)
            case .moved: #expect(source == nil && destination?.state == .running)
            case .off: #expect(source?.state == .off && destination?.isActive != true)
            case .offThere: #expect(source == nil && destination?.state == .off)
            case .underWay:
                #expect(source?.job != nil || destination?.job != nil || destination?.reason == "post-copy")
            case .trouble: break
            }
        }
    }

    /// "Failed" but moved: project-pegaprox#647.
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

    struct Row: Sendable {
        var source: String
        var destination: String
        var job: String?
        var code: StepFailure.Code?
    }

    /// Paused by what, running or shut off for what, and what only a person may decide; nil: waited for.
    static let postCopyRows = [
        Row(source: "post-copy", destination: "post-copy", job: nil, code: nil),
        Row(source: "post-copy", destination: "post-copy", job: "Outgoing migration", code: nil),
        Row(source: "migrating", destination: "post-copy", job: nil, code: nil),
        Row(source: "post-copy", destination: "post-copy failed", job: nil, code: .inconclusive),
        Row(source: "post-copy failed", destination: "post-copy", job: "Outgoing migration", code: .inconclusive),
        Row(source: "post-copy failed", destination: "migrated", job: nil, code: .inconclusive),
        Row(source: "user", destination: "migrated", job: nil, code: .drift),
        Row(source: "I/O error", destination: "booted", job: nil, code: .drift),
    ]

    /// What is paused in the middle of such a move holds the part of the memory that has not followed yet.
    @Test(arguments: postCopyRows) func aMachineWhoseMemoryIsInTwoPlacesIsNeverEnded(_ row: Row) throws {
        let source = try LibvirtFixture.machine(.paused, job: row.job, reason: row.source)
        let destination = try LibvirtFixture.machine(.running, reason: row.destination)
        switch MachineStanding("vm-1", source, destination) {
        case .underWay: #expect(row.code == nil)
        case .trouble(let failure): #expect(failure.code == row.code)
        case let standing: Issue.record("\(row): \(standing)")
        }
    }

    /// It went on at the destination and was shut down there: woken here, it would write over what it had done.
    @Test func aMachineThatMayHaveRunAtTheDestinationIsNotWoken() throws {
        let (paused, off) = (
            try LibvirtFixture.machine(.paused, reason: "migrating"), try LibvirtFixture.machine(.off)
        )
        guard case .trouble(let failure) = MachineStanding("vm-1", paused, off) else {
            Issue.record("it is touched")
            return
        }
        #expect(failure.code == .inconclusive)
        let moving = try LibvirtFixture.machine(.paused, job: "Outgoing migration", reason: "migrating")
        #expect(MachineStanding("vm-1", moving, off) == .underWay)
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
