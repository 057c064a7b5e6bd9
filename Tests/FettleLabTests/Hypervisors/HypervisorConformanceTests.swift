import FettleDriverKit
import FettleDrivers
import FettleModel
import FettleTestSupport
import Foundation
import Testing

extension HypervisorTests {
    /// The contract of steps, held to on real hypervisors, as a user who may do nothing but what the rules for `sudo` say.
    @Test func theDriversKeepTheContractByTheirRulesAlone() async throws {
        try await HypervisorLab.renew()
        for (hypervisor, other) in [("hv-1", "hv-2"), ("hv-2", "hv-1")] {
            try await Self.install(VirshRules.rules(destinations: ["qemu+tls://\(other)/system"]), on: hypervisor)
        }
        // It is taken back by `renew`, also where this test does not come to its end.
        _ = try await HypervisorLab.virsh("autostart vm-3", on: "hv-2")
        var configuration = SSHConfiguration()
        configuration.configurationFile = try #require(HypervisorLab.run) + "/ssh_config"
        let connections = SSHConnections(configuration)
        let drivers = BuiltInDrivers(
            channels: connections, inspector: ShellHostInspector(channels: connections))
        let move = MachineMove(
            machine: "vm-3", resource: "vm-3", from: "hv-2", to: "hv-1", memoryMebibytes: 320, processors: 1)
        for action in [StepAction.evacuate(moves: [move], staying: nil), .bringHome(moves: [move.reversed])] {
            let step = Step(
                id: StepID("hv-2/\(action.name)"), resource: "hv-2", group: "compute", wave: 0, action: action,
                after: [],
                availability: .requiresOut, rollbackClass: .nothingToUndo,
                estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 60), timeoutSeconds: HypervisorLab.longest)
            let findings = await StepDriverConformance(
                driver: try #require(drivers.driver(for: action)), step: step, plan: Self.plan(step)
            ).run {
                var lines: [String] = []
                for hypervisor in HypervisorLab.hypervisors {
                    lines.append(try await HypervisorLab.virsh("list --all --uuid --name", on: hypervisor))
                    lines.append(try await HypervisorLab.virsh("list --all --name --autostart", on: hypervisor))
                    lines.append(try await HypervisorLab.virsh("list --name --state-running", on: hypervisor))
                }
                return lines.joined(separator: "--\n")
            }
            #expect(findings == [], "\(action.name)")
        }
        // libvirt forgets it at each move.
        #expect(try await HypervisorLab.virsh("list --all --name --autostart", on: "hv-2").contains("vm-3"))
        _ = try await HypervisorLab.virsh("autostart --disable vm-3", on: "hv-2")
        await connections.shutDown()
    }

    private static func plan(_ step: Step) -> Plan {
        let addresses: [ResourceID: ResourceAddress] = [
            "hv-1": .ssh("hv-1", user: "fettle"), "hv-2": .ssh("hv-2", user: "fettle"),
        ]
        let rules = MachineRules(driver: "libvirt", sharedDirectories: ["/srv/guest-image", "/srv/guests"])
        return Plan(
            id: "plan-1", title: "a test",
            selection: StageReference(id: "s", digest: Digest(rawValue: String(repeating: "0", count: 64))),
            createdAt: .now(), environments: ["production"],
            targets: [PlanTarget(resource: "hv-2", address: .ssh("hv-2", user: "fettle"), environment: "production")],
            groups: [
                PlannedGroup(
                    id: "compute", members: ["hv-1", "hv-2"], minimumAvailable: 1, maximumOut: 1, traffic: nil,
                    probes: [],
                    memberAddresses: addresses, machines: rules)
            ], steps: [step], rollback: [], order: [], rooms: [], limits: PlanLimits())
    }

    private static func install(_ rules: [SudoRule], on hypervisor: String) async throws {
        let file = "/etc/sudoers.d/fettle"
        let text = Data(try SudoersFile(user: "fettle", rules: rules).text().utf8).base64EncodedString()
        try await HypervisorLab.inside(
            "echo \(text) | base64 -d >\(file).new && chmod 440 \(file).new && visudo -cqf \(file).new && mv \(file).new \(file)",
            on: hypervisor)
    }
}
