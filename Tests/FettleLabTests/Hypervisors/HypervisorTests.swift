import FettleModel
import Foundation
import Testing

/// Real hypervisors are emptied, patched, restarted and filled again, by the real program: libvirt and QEMU, emulated, on this machine.
@Suite(
    .serialized,
    .enabled(if: HypervisorLab.isUp, "no lab of hypervisors is up: set FETTLE_VM_LAB_RUN, or use `make test`"),
    .timeLimit(.minutes(45)))
struct HypervisorTests {
    /// VMs that failed to migrate, and a node rebooted all the same; the next one before the first was back: project-pegaprox#40 #276.
    @Test func bothHypervisorsArePatchedAndRestartedAndNoRequestFailsAndNoMachineRestarts() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite()
        try await site.approvedChange(of: "orders", on: "hv-1", "hv-2")
        let machines = try await HypervisorLab.bootIDs()
        let before = [try await HypervisorLab.bootID(of: "hv-1"), try await HypervisorLab.bootID(of: "hv-2")]
        let load = try await HypervisorLab.loaded { try await site.fettle("run", "start", "change-1") }
        #expect(load.failed == 0 && load.requests > 500, "\(load.failed) of \(load.requests)")
        #expect(try await HypervisorLab.bootIDs() == machines)
        #expect(try await HypervisorLab.places() == HypervisorLab.homes)
        let after = [try await HypervisorLab.bootID(of: "hv-1"), try await HypervisorLab.bootID(of: "hv-2")]
        #expect(before[0] != after[0] && before[1] != after[1])
        for hypervisor in HypervisorLab.hypervisors {
            #expect(try await HypervisorLab.version(of: "orders", on: hypervisor) == "1.1")
        }
        let moved = try await site.observation(of: "hv-1/evacuate")?.details ?? [:]
        #expect(moved["moved vm-1"]?.hasPrefix("hv-1 to hv-2 in") == true, "\(moved)")
        try await HypervisorLab.expectNothingLeft()
    }

    /// Which VMs will be stopped rather than moved is told only afterwards: harvester#11108.
    @Test func aMachineThatCannotMoveStopsThePlanBeforeAnybodyIsAsked() async throws {
        try await HypervisorLab.renew()
        let disk = "/var/lib/libvirt/images/own.raw"
        try await HypervisorLab.inside("truncate -s 8M \(disk) && chown libvirt-qemu \(disk)", on: "hv-2")
        _ = try await HypervisorLab.virsh("attach-disk vm-3 \(disk) vdb --cache none --live", on: "hv-2")
        let output: String
        do {
            let site = try HypervisorSite()
            try await site.fettle("scan", "--group", "compute", ends: 100, 101, 102)
            let process = try site.launch(["plan", "make", "--only", "orders", "--host", "hv-2"])
            _ = try await process.end(within: HypervisorLab.longest)
            output = process.output
        } catch {
            _ = try? await HypervisorLab.virsh("detach-disk vm-3 vdb --live", on: "hv-2")
            throw error
        }
        _ = try await HypervisorLab.virsh("detach-disk vm-3 vdb --live", on: "hv-2")
        #expect(output.contains("no step is needed"), "\(output)")
        #expect(output.contains("vm-3") && output.contains("own.raw"), "\(output)")
        #expect(try await HypervisorLab.places() == HypervisorLab.homes)
    }

    @Test func machinesThatFitNowhereStopThePlanBeforeAnybodyIsAsked() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite(mostMemory: 700)
        try await site.fettle("scan", "--group", "compute", ends: 100, 101, 102)
        let process = try site.launch(["plan", "make", "--only", "orders", "--host", "hv-1"])
        #expect(try await process.end(within: HypervisorLab.longest) != 0, "\(process.output)")
        #expect(process.output.contains("hv-2") && process.output.contains("MiB"), "\(process.output)")
    }

    /// The move is the hypervisors' own: it goes on, and the next process finds it under way or done.
    @Test func aRunThatIsKilledInTheMiddleOfAMoveGoesOnFromThere() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite(bandwidth: 20)
        try await site.approvedChange(of: "orders", on: "hv-1")
        let machines = try await HypervisorLab.bootIDs()
        let process = try site.launch(["run", "start", "change-1"])
        defer { process.killAtOnce() }
        try await HypervisorLab.waitForMove(from: "hv-1")
        process.killAtOnce()
        _ = try await process.end(within: HypervisorLab.longest)
        try await site.fettle("run", "resume", "run-1")
        #expect(try await site.outcome == .succeeded)
        #expect(try await HypervisorLab.bootIDs() == machines)
        #expect(try await HypervisorLab.places() == HypervisorLab.homes)
        try await HypervisorLab.expectNothingLeft()
    }

    /// Not in the middle of a move alone: after each line of the journal, from the first look to the machines' return.
    @Test(.onlyInTheLongForm)
    func aRunThatIsKilledAfterEachOfItsEventsLosesNoMachineAndRunsNoneTwice() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite()
        try await site.approvedChange(of: "orders", on: "hv-1")
        let machines = try await HypervisorLab.bootIDs()
        let before = try await HypervisorLab.bootID(of: "hv-1")
        var deaths = Deaths()
        let load = try await HypervisorLab.loaded {
            deaths = try await site.dieAfterEachEvent(within: HypervisorLab.longest)
        }
        #expect(deaths.missed.count <= 4 && deaths.count > 20, "\(deaths)")
        #expect(load.failed == 0 && load.requests > 500, "\(load.failed) of \(load.requests)")
        #expect(try await site.outcome == .succeeded)
        // None was started anew, and each runs where it did: on that hypervisor alone.
        #expect(try await HypervisorLab.bootIDs() == machines)
        #expect(try await HypervisorLab.places() == HypervisorLab.homes)
        #expect(try await HypervisorLab.bootID(of: "hv-1") != before)
        #expect(try await HypervisorLab.version(of: "orders", on: "hv-1") == "1.1")
        try await HypervisorLab.expectNothingLeft()
    }

    /// The power of the destination is cut: what was on its way stays where it was, and its hypervisor is put back unpatched.
    @Test func aDestinationThatIsLostInTheMiddleOfAMoveCostsNoMachineOfTheSource() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite(bandwidth: 12)
        try await site.approvedChange(of: "orders", on: "hv-1")
        let machines = try await HypervisorLab.bootIDs()
        let before = try await HypervisorLab.bootID(of: "hv-1")
        let process = try site.launch(["run", "start", "change-1"])
        defer { process.killAtOnce() }
        try await HypervisorLab.waitForMove(from: "hv-1")
        try await HypervisorLab.lab("cut", "hv-2")
        let code = try await process.end(within: HypervisorLab.longest)
        #expect(code == 5, "\(process.output)")
        let names = try await HypervisorLab.virsh("list --name --state-running", on: "hv-1")
        #expect(Set(names.split(separator: "\n").map(String.init)) == ["vm-1", "vm-2"], "\(process.output)")
        #expect(try await HypervisorLab.bootID(of: "hv-1") == before)
        #expect(try await HypervisorLab.version(of: "orders", on: "hv-1") == "1.0")
        try await HypervisorLab.lab("boot", "hv-2")
        _ = try await HypervisorLab.virsh("start vm-3", on: "hv-2")
        for name in ["vm-1", "vm-2"] {
            #expect(try await HypervisorLab.bootID(ofMachine: name) == machines[name])
        }
        try await HypervisorLab.expectNothingLeft()
    }

    /// Only libvirt's daemon, not what it has started: a move that it carried breaks, and the second try finds the machine where it was.
    @Test(.onlyInTheLongForm)
    func aDaemonThatIsKilledInTheMiddleOfAMoveCostsATryAndNoMachine() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite(bandwidth: 12)
        try await site.approvedChange(of: "orders", on: "hv-1")
        let machines = try await HypervisorLab.bootIDs()
        let process = try site.launch(["run", "start", "change-1"])
        defer { process.killAtOnce() }
        try await HypervisorLab.waitForMove(from: "hv-1")
        try await HypervisorLab.inside("pkill -KILL -x libvirtd", on: "hv-1")
        let code = try await process.end(within: HypervisorLab.longest)
        #expect(code == 0, "\(process.output)")
        #expect(try await HypervisorLab.bootIDs() == machines)
        #expect(try await HypervisorLab.places() == HypervisorLab.homes)
        try await HypervisorLab.expectNothingLeft()
    }
}
