import FettleModel
import FettleTestSupport
import Foundation
import Testing

/// Machines are made anew from images that are patched here, really: `fettle image patch`, its boot test, the catalogue, a plan, a run.
extension HypervisorTests {
    /// Killed in the middle of it, as well: what was made and what is kept stands in the ledger, and nothing is there twice. A boot of an
    /// emulated machine takes minutes, so that a second one is replaced after it in the long form only.
    @Test func aPatchedImageTakesThePlaceOfARunningMachineAndNoRequestFails() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite(remaking: "5s")
        let images = try ImageFolder()
        let version = try await images.patch(try HypervisorLab.baseImage, to: "patched.qcow2", site)
        try await images.offer("patched.qcow2", site)
        let replaced = TestScale.isLong ? ["vm-1", "vm-2"] : ["vm-1"]
        try await site.approvedReplacement(of: replaced)
        let before = try await HypervisorLab.bootIDs()
        let load = try await HypervisorLab.loaded {
            let process = try site.launch(["run", "start", "change-1"])
            defer { process.killAtOnce() }
            try await site.waitForIntent(of: "vm-1/replace")
            // Nothing but the kept machine, or both, or the old one yet: whatever it is, the next process finds it.
            try await Task.sleep(for: .seconds(8))
            process.killAtOnce()
            _ = try await process.end(within: HypervisorLab.longest)
            let owed = try await site.fettle("run", "obligations", "run-1")
            #expect(owed.contains("vm-1.before-run-1") && owed.contains("vm-1.run-1-"), "\(owed)")
            try await site.fettle("run", "resume", "run-1")
        }
        #expect(load.failed == 0 && load.requests > 500, "\(load.failed) of \(load.requests)")
        #expect(try await site.outcome == .succeeded)
        #expect(try await site.fettle("run", "obligations", "run-1").contains("owes nothing"))
        let after = try await HypervisorLab.bootIDs()
        for (machine, boot) in before { #expect((boot != after[machine]) == replaced.contains(machine), "\(machine)") }
        #expect(try await HypervisorLab.places() == HypervisorLab.homes)
        try await HypervisorLab.expectNothingLeft()
        for machine in replaced {
            #expect(try await HypervisorLab.openssl(on: machine) == version)
            // The disks of the first generation are not Fettle's own, and are left.
            #expect(try await HypervisorLab.inside("ls /srv/guests", on: "hv-1").contains("\(machine).qcow2"))
        }
    }

    /// What does not boot into a system that serves comes into no catalogue.
    @Test func anImageWithABrokenServiceIsStoppedAtItsBootTest() async throws {
        let site = try HypervisorSite(remaking: "5s")
        let images = try ImageFolder()
        try await images.make("broken.raw", from: try HypervisorLab.baseImage, by: ["rm /usr/sbin/nginx"])
        let process = try site.launch(images.patching("broken.raw", to: "result.raw"))
        #expect(try await process.end(within: HypervisorLab.longest) != 0)
        #expect(process.output.contains("nginx.service"), "\(process.output)")
        #expect(!FileManager.default.fileExists(atPath: images.path("result.raw")))
    }

    /// It boots, serves and passes every gate, until it has served for a while.
    @Test(.onlyInTheLongForm)
    func anImageThatMisbehavesUnderTrafficIsStoppedAtTheCanaryAndTakenBack() async throws {
        try await HypervisorLab.renew()
        let site = try HypervisorSite(remaking: "60s")
        let images = try ImageFolder()
        try Data(Self.spoiler.utf8).write(to: URL(fileURLWithPath: images.path("spoil.service")))
        try await images.make(
            "spoiled.raw", from: try HypervisorLab.baseImage,
            by: [
                "write \(images.path("spoil.service")) /etc/systemd/system/spoil.service",
                "symlink /etc/systemd/system/multi-user.target.wants/spoil.service /etc/systemd/system/spoil.service",
            ])
        try await images.patch(images.path("spoiled.raw"), to: "patched.raw", site)
        try await images.offer("patched.raw", site)
        try await site.approvedReplacement(of: ["vm-1", "vm-2"])
        let before = try await HypervisorLab.inside("virsh -q domuuid vm-1; virsh -q domuuid vm-2", on: "hv-1")
        let load = try await HypervisorLab.loaded {
            try await site.fettle("run", "start", "change-1", ends: 5)
        }
        #expect(load.failed == 0 && load.requests > 500, "\(load.failed) of \(load.requests)")
        guard case .rolledBack? = try await site.outcome else {
            Issue.record("\(String(describing: try await site.outcome))")
            return
        }
        #expect(try await site.observation(of: "vm-1/restore") != nil, "it never had traffic")
        #expect(try await site.observation(of: "vm-2/replace") == nil)
        // The machines that were there are there, and nothing is left of the other.
        #expect(
            try await HypervisorLab.inside("virsh -q domuuid vm-1; virsh -q domuuid vm-2", on: "hv-1") == before)
        #expect(try await !HypervisorLab.inside("ls /srv/guests", on: "hv-1").contains(".run-"))
        #expect(try await HypervisorLab.places() == HypervisorLab.homes)
        try await HypervisorLab.expectNothingLeft()
        #expect(try await site.fettle("run", "obligations", "run-1").contains("owes nothing"))
    }

    private static let spoiler = """
        [Unit]
        After=nginx.service
        [Service]
        ExecStart=/bin/sh -c 'while sleep 1; do [ $$(wc -l </var/log/nginx/access.log) -lt 150 ] || rm -f /var/www/html/healthz; done'
        [Install]
        WantedBy=multi-user.target

        """
}
