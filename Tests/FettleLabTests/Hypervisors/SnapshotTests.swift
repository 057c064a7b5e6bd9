import FettleModel
import FettleTestSupport
import Foundation
import Testing

/// Machines are patched behind snapshots, really: libvirt's, with the guest agent that holds file systems still.
extension HypervisorTests {
    private static let rules = "{driver: libvirt, leastFree: 10%, keep: 5s}"

    /// Killed while the machine is patched, as well: the snapshot stands in the ledger, and whoever takes over removes it. The machine
    /// runs on all the time.
    @Test func aMachineIsPatchedBehindASnapshotThatIsGoneAfterTheWatch() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite(snapshots: Self.rules)
        try await site.approvedReplacement(of: ["vm-1"])
        let before = try await HypervisorLab.bootIDs()
        let old = try await HypervisorLab.openssl(on: "vm-1")
        let load = try await HypervisorLab.loaded {
            let process = try site.launch(["run", "start", "change-1"])
            defer { process.killAtOnce() }
            try await site.waitForIntent(of: "vm-1/patch")
            #expect(try await HypervisorLab.virsh("domblklist vm-1", on: "hv-1").contains("/srv/guests/fettle-run-1-"))
            process.killAtOnce()
            _ = try await process.end(within: HypervisorLab.longest)
            let owed = try await site.fettle("run", "obligations", "run-1")
            #expect(owed.contains("snapshot fettle-run-1-"), "\(owed)")
            try await site.fettle("run", "resume", "run-1")
        }
        #expect(load.failed == 0 && load.requests > 500, "\(load.failed) of \(load.requests)")
        #expect(try await site.outcome == .succeeded)
        #expect(try await site.fettle("run", "obligations", "run-1").contains("owes nothing"))
        let seen = try #require(try await site.observation(of: "vm-1/snapshot"))
        #expect(seen.summary.contains("held still"), "\(seen.summary)")
        #expect(try await HypervisorLab.openssl(on: "vm-1") != old)
        #expect(try await HypervisorLab.bootIDs() == before)
        try await expectNoSnapshot()
        // The next test begins with a machine that is not patched.
        _ = try await HypervisorLab.virsh("destroy vm-1", on: "hv-1")
    }

    /// The package is good, and what its installation sets off is not: the gate fails, and all of it is gone.
    @Test(.onlyInTheLongForm)
    func aBadPatchIsGoneWithTheDisksThatTheMachineHadBefore() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite(snapshots: Self.rules)
        let spoiler = #"echo 'DPkg::Post-Invoke {"rm -f /var/www/html/healthz";};' >/etc/apt/apt.conf.d/99spoil; sync"#
        try await HypervisorLab.ssh("vm-2", spoiler)
        try await site.approvedReplacement(of: ["vm-2"])
        let before = try await HypervisorLab.bootIDs()
        let old = try await HypervisorLab.openssl(on: "vm-2")
        let load = try await HypervisorLab.loaded {
            try await site.fettle("run", "start", "change-1", ends: 5)
        }
        #expect(load.failed == 0 && load.requests > 500, "\(load.failed) of \(load.requests)")
        guard case .rolledBack? = try await site.outcome else {
            Issue.record("\(String(describing: try await site.outcome))")
            return
        }
        #expect(try await site.observation(of: "vm-2/patch") != nil)
        #expect(try await site.observation(of: "vm-2/rollback/revert") != nil)
        #expect(try await site.fettle("run", "obligations", "run-1").contains("owes nothing"))
        #expect(try await HypervisorLab.openssl(on: "vm-2") == old)
        let after = try await HypervisorLab.bootIDs()
        for (machine, boot) in before { #expect((boot != after[machine]) == (machine == "vm-2"), "\(machine)") }
        // It serves: what was removed is there again.
        try await HypervisorLab.ssh("vm-2", "test -f /var/www/html/healthz")
        try await expectNoSnapshot()
        _ = try await HypervisorLab.virsh("destroy vm-2", on: "hv-1")
    }

    /// The machines are where they were, on their own disks, and nothing lies beside them.
    private func expectNoSnapshot() async throws {
        #expect(try await HypervisorLab.places() == HypervisorLab.homes)
        try await HypervisorLab.expectNothingLeft()
        #expect(try await !HypervisorLab.inside("ls /srv/guests", on: "hv-1").contains("fettle-"))
        for (machine, hypervisor) in HypervisorLab.homes {
            #expect(
                try await HypervisorLab.virsh("domblklist \(machine)", on: hypervisor)
                    .contains("/srv/guests/\(machine).qcow2"))
            for part in ["snapshot-list \(machine) --name", "dumpxml --inactive \(machine) | grep fettle- || :"] {
                let left = try await HypervisorLab.virsh(part, on: hypervisor)
                let isBlank = left.allSatisfy { $0.isWhitespace }
                #expect(isBlank, "\(left)")
            }
        }
    }
}
