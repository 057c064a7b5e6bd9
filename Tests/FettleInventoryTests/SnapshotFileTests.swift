import FettleInventory
import FettleModel
import Testing

@Suite struct SnapshotFileTests {
    private func fleet(_ snapshot: String, kind: String = "pool", strategy: String = "rolling") -> String {
        """
        version: 1
        environments: [{name: production}]
        defaults: {environment: production}
        resources: [{id: "web-[1:3]", kind: virtualMachine}, {id: c}]
        groups:
          - id: web
            kind: \(kind)
            members: ["web-*"]
            strategy: \(strategy)
            probes: [{tcp: 80}]
            snapshot: \(snapshot)
        """
    }

    private func problems(_ text: String) -> String {
        do {
            _ = try FleetFile.parse(text)
            return ""
        } catch { return "\(error)" }
    }

    @Test func aSnapshotIsReadAsItIsWritten() throws {
        let cases = [
            ("{driver: libvirt}", SnapshotRules(driver: "libvirt")),
            (
                "{driver: libvirt, leastFree: 5000, keep: 10m, oldest: 2h, mustFreeze: false, mayLoseWrites: true}",
                SnapshotRules(
                    driver: "libvirt", leastFree: .count(5_000), keepSeconds: 600, oldestSeconds: 7_200,
                    mustFreeze: false, mayLoseWrites: true)
            ),
            ("{driver: libvirt, leastFree: \"20%\"}", SnapshotRules(driver: "libvirt", leastFree: .percent(20))),
        ]
        for (text, rules) in cases {
            let read = try FleetFile.parse(fleet(text)).fleet
            #expect(read.group("web")?.snapshot == rules)
            let written = FleetWriter().text(read)
            #expect(try FleetFile.parse(written).fleet == read, "\(written)")
        }
    }

    @Test func whatCouldNotBeIsRefused() {
        let cases = [
            (fleet("{}"), "driver"), (fleet("{driver: proxmox}"), "proxmox"),
            (fleet("{driver: libvirt, keep: 2h, oldest: 1h}"), "leave time"),
            (fleet("{driver: libvirt, keeps: 2h}"), "keeps"),
            (fleet("{driver: libvirt, leastFree: 200%}"), "leastFree"),
            (fleet("{driver: libvirt}", kind: "cluster", strategy: "replicasFirst"), "hold what would be lost"),
            (fleet("{driver: libvirt}", strategy: "{replace: {image: i}}"), "have no snapshots"),
            (fleet("{driver: libvirt}", strategy: "{throughController: {controller: c}}"), "have no snapshots"),
        ]
        for (text, words) in cases { #expect(problems(text).contains(words), "\(words): \(problems(text))") }
        #expect(
            problems(fleet("{driver: libvirt, mayLoseWrites: true}", kind: "cluster", strategy: "replicasFirst")) == "")
    }
}
