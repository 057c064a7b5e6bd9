import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// What vCenter tells before a plan is made.
@Suite("vCenter, facts") struct VCenterFactsTests {
    static func facts(
        _ center: PretendCenter, _ members: [ResourceID] = ["esx1", "esx2", "esx3"], asked: Set<ResourceID>? = nil,
        rules: MachineRules? = VCenterSteps.rules
    ) async -> [ResourceID: Observed<HypervisorFacts>] {
        let group = ResourceGroup(
            id: "compute", kind: .hypervisorPool, members: members, minimumAvailable: .count(1), machines: rules)
        return await VCenterFacts(connect: { _ in center }).machines(of: group, asked: asked ?? Set(members))
    }

    private static func residents(_ center: PretendCenter) async throws -> [String: ResidentMachine] {
        let known = try #require(await facts(center)["esx1"]?.value)
        return known.residents.reduce(into: [:]) { $0[$1.name] = $1 }
    }

    @Test func aHostIsToldWithItsMachines() async throws {
        let center = VCenterSteps.center { state in
            state.machines["vm-4"] = .init(name: "off", host: "host-1", power: "poweredOff")
            state.machines["vm-5"] = .init(name: "gold", host: "host-1", power: "poweredOff", isTemplate: true)
            state.machines["vm-6"] = .init(name: "vCLS-1", host: "host-1", manager: "com.vmware.vim.eam")
        }
        let known = try #require(await Self.facts(center)["esx1"]?.value)
        #expect(known.memoryMebibytes == 64 * 1_024 && known.processors == 16)
        #expect(known.residents.map(\.name) == ["db-1", "off", "web-1"])
        #expect(known.residents.map(\.isRunning) == [true, false, true])
        #expect(known.residents[0].memoryMebibytes == 8_192 && known.residents[0].processors == 2)
        #expect(known.residents.allSatisfy { $0.isBoundBecause == nil })
        #expect(center.now.acts.isEmpty && center.now.given == 1 && center.now.ended == 1)
    }

    @Test func aDeviceThatBindsAMachineIsTold() async throws {
        let bound: [(String, PretendCenter.Device)] = [
            ("gpu", .init(type: "VirtualPCIPassthrough", backing: "VirtualPCIPassthroughVmiopBackingInfo")),
            ("card", .init(type: "VirtualSriovEthernetCard", backing: "VirtualEthernetCardNetworkBackingInfo")),
            ("usb", .init(type: "VirtualUSB", backing: "VirtualUSBUSBBackingInfo", isConnected: true)),
            ("drive", .init(type: "VirtualCdrom", backing: "VirtualCdromAtapiBackingInfo", isConnected: true)),
            (
                "console",
                .init(type: "VirtualCdrom", backing: "VirtualCdromRemotePassthroughBackingInfo", isConnected: true)
            ),
            ("floppy", .init(type: "VirtualFloppy", backing: "VirtualFloppyDeviceBackingInfo", isConnected: true)),
            ("serial", .init(type: "VirtualSerialPort", backing: "VirtualSerialPortDeviceBackingInfo")),
            ("pair", .init(type: "ParaVirtualSCSIController", sharedBus: "physicalSharing")),
        ]
        let free: [(String, PretendCenter.Device)] = [
            ("image", .init(type: "VirtualCdrom", backing: "VirtualCdromIsoBackingInfo", isConnected: true)),
            ("unplugged", .init(type: "VirtualCdrom", backing: "VirtualCdromAtapiBackingInfo", isConnected: false)),
            (
                "network",
                .init(type: "VirtualVmxnet3", backing: "VirtualEthernetCardNetworkBackingInfo", isConnected: true)
            ),
            ("old", .init(type: "VirtualE1000", backing: "VirtualEthernetCardLegacyNetworkDeviceBackingInfo")),
            ("bus", .init(type: "ParaVirtualSCSIController", sharedBus: "noSharing")),
            ("remote", .init(type: "VirtualUSB", backing: "VirtualUSBRemoteHostBackingInfo", isConnected: true)),
        ]
        let center = VCenterSteps.center { state in
            for (number, entry) in (bound + free).enumerated() {
                state.machines["vm-\(100 + number)"] = .init(name: entry.0, host: "host-1", devices: [entry.1])
            }
        }
        let residents = try await Self.residents(center)
        for (name, _) in bound { #expect(residents[name]?.isBoundBecause != nil, "\(name)") }
        for (name, _) in free { #expect(residents[name]?.isBoundBecause == nil, "\(name)") }
        #expect(
            residents["gpu"]?.isBoundBecause == "a device of its host is given to it (VirtualPCIPassthrough 1)")
        #expect(residents["usb"]?.isBoundBecause == "VirtualUSB 1 is connected to a device outside of it")
    }

    @Test func whatAMachinesStateAndStorageMeanIsTold() async throws {
        let center = VCenterSteps.center { state in
            state.stores["datastore-2"] = .init(name: "local-1", hosts: ["host-1"])
            state.stores["datastore-3"] = .init(name: "near-2", hosts: ["host-1", "host-2"])
            state.stores["datastore-4"] = .init(name: "near-3", hosts: ["host-1", "host-3"])
            state.machines["vm-10"] = .init(name: "local", host: "host-1", stores: ["datastore-1", "datastore-2"])
            state.machines["vm-11"] = .init(name: "near", host: "host-1", stores: ["datastore-3"])
            state.machines["vm-12"] = .init(name: "torn", host: "host-1", stores: ["datastore-3", "datastore-4"])
            state.machines["vm-13"] = .init(name: "twice", host: "host-1", tolerance: "running")
            state.machines["vm-14"] = .init(name: "lost", host: "host-1", connection: "inaccessible")
            state.machines["vm-15"] = .init(name: "backup", host: "host-1", disabled: ["RelocateVM_Task"])
            state.machines["vm-16"] = .init(name: "busy", host: "host-1")
            state.machines["vm-17"] = .init(name: "secret", host: "host-1", stores: ["datastore-9"])
            _ = state.add(.init(kind: "VirtualMachine.createSnapshot", entity: "vm-16"))
        }
        let residents = try await Self.residents(center)
        #expect(residents["near"]?.isBoundBecause == nil && residents["web-1"]?.isBoundBecause == nil)
        for (name, words) in [
            ("local", "it lies on local-1, which no other host of the pool reaches"),
            ("torn", "no other host of the pool reaches all of its storage"),
            ("twice", "it is kept twice by Fault Tolerance"), ("lost", "vCenter does not reach it (inaccessible)"),
            ("backup", "moving it is switched off in vCenter (disabledMethod)"),
            ("busy", "something is being done with it (VirtualMachine.createSnapshot)"),
        ] {
            #expect(residents[name]?.isBoundBecause == words)
        }
        #expect(residents["secret"]?.isBoundBecause?.contains("the account does not see") == true)
    }

    @Test func rulesOfTheClusterAreRulesOfThePlan() async throws {
        let center = VCenterSteps.center { state in
            state.machines["vm-4"] = .init(name: "cache", host: "host-1")
            state.rules = [
                .init(type: "ClusterAntiAffinityRuleSpec", name: "spread", machines: ["vm-1", "vm-3", "vm-99"]),
                .init(type: "ClusterAffinityRuleSpec", name: "near", machines: ["vm-2", "vm-4"]),
                .init(type: "ClusterAffinityRuleSpec", name: "off", machines: ["vm-1", "vm-4"], isEnabled: false),
                .init(type: "ClusterVmHostRuleInfo", name: "wish", machines: ["vm-1"], hosts: ["host-1"]),
            ]
        }
        var residents = try await Self.residents(center)
        #expect(residents["web-1"]?.apartFrom == ["mail-1"] && residents["web-1"]?.isBoundBecause == nil)
        #expect(residents["db-1"]?.isBoundBecause == "the cluster's rule near keeps it beside cache")
        center.change { state in
            state.rules = [
                .init(
                    type: "ClusterVmHostRuleInfo", name: "licence", machines: ["vm-2"], hosts: ["host-1"],
                    isMandatory: true),
                .init(
                    type: "ClusterVmHostRuleInfo", name: "wide", machines: ["vm-1"], hosts: ["host-1", "host-3"],
                    isMandatory: true),
            ]
        }
        residents = try await Self.residents(center)
        #expect(residents["db-1"]?.isBoundBecause == "rules of the cluster keep it on its host (licence)")
        #expect(residents["web-1"]?.isBoundBecause == nil)
        // DRS that moves by itself moves those together that belong together.
        center.change { state in
            state.behaviour = "fullyAutomated"
            state.rules = [.init(type: "ClusterAffinityRuleSpec", name: "near", machines: ["vm-2", "vm-4"])]
        }
        #expect(try await Self.residents(center)["db-1"]?.isBoundBecause == nil)
    }

    @Test func aHostThatTakesNobodyIsToldAsThat() async throws {
        let center = VCenterSteps.center { state in
            state.hosts["host-1"]?.connection = "notResponding"
            state.hosts["host-2"]?.isQuarantined = true
            state.hosts["host-3"]?.isMaintained = true
            state.hosts["host-4"] = .init(name: "esx4.example", entering: "task-1")
            _ = state.add(.init(kind: "HostSystem.enterMaintenanceMode", entity: "host-4"))
        }
        let facts = await Self.facts(center, ["esx1", "esx2", "esx3", "esx4", "none"])
        #expect(facts["esx1"]?.reasonMissing == "vCenter does not reach esx1.example (notResponding)")
        #expect(facts["esx2"]?.reasonMissing == "esx2.example is in quarantine (Proactive HA)")
        #expect(facts["esx3"]?.value == HypervisorFacts(memoryMebibytes: 0, processors: 0, residents: []))
        #expect(facts["esx4"]?.reasonMissing == "somebody is putting esx4.example into maintenance")
        #expect(facts["none"]?.reasonMissing?.contains("vCenter has no host named as none") == true)
    }

    @Test func everyPageIsRead() async throws {
        let center = VCenterSteps.center { state in
            for number in 100..<120 { state.machines["vm-\(number)"] = .init(name: "s-\(number)", host: "host-1") }
            state.pageSize = 3
        }
        let facts = await Self.facts(center)
        #expect(facts["esx1"]?.value?.residents.count == 22 && facts["esx2"]?.value?.residents.count == 1)
    }

    @Test func aHostIsKnownByItsNameWithOrWithoutItsDomain() async {
        let center = VCenterSteps.center { state in
            state.hosts["host-4"] = .init(name: "esx4.one.example")
            state.hosts["host-5"] = .init(name: "esx4.two.example")
            state.hosts["host-6"] = .init(name: "10.0.0.6")
        }
        let facts = await Self.facts(
            center, ["ESX1.example", "esx2", "esx4.one.example", "esx4", "esx2.other", "10.0.0.6", "10"])
        for known: ResourceID in ["ESX1.example", "esx2", "esx4.one.example", "10.0.0.6"] {
            #expect(facts[known]?.value != nil, "\(known): \(facts[known]?.reasonMissing ?? "")")
        }
        #expect(facts["esx4"]?.reasonMissing?.contains("more than one host") == true)
        for other: ResourceID in ["esx2.other", "10"] {
            #expect(facts[other]?.reasonMissing?.contains("no host named as") == true)
        }
    }

    @Test func onlyThoseThatWereAskedForAreTold() async {
        let center = VCenterSteps.center()
        #expect(await Self.facts(center, asked: ["esx2"]).keys.sorted() == ["esx2"])
        #expect(await Self.facts(center, rules: MachineRules(driver: "libvirt")).isEmpty)
        #expect(await Self.facts(center, rules: nil).isEmpty)
    }

    @Test func whoeverIsNotLetInOrMayNotSeeAllIsNotToldHalf() async {
        let cases: [(String, (inout PretendCenter.State) -> Void)] = [
            ("it does not let it in: 500 InvalidLogin", { $0.isClosed = true }),
            ("what answers there is no vCenter", { $0.apiType = "HostAgent" }),
            ("lacks Host.Config.Maintenance on the cluster", { $0.privileges.remove("Host.Config.Maintenance") }),
            ("does not tell runtime.powerState of", { $0.hidden = ["VirtualMachine.runtime.powerState"] }),
            ("is in another cluster", { $0.hosts["host-3"]?.parent = "domain-c2" }),
        ]
        for (words, prepare) in cases {
            let facts = await Self.facts(VCenterSteps.center(prepare: prepare))
            #expect(facts.count == 3)
            #expect(
                facts.values.allSatisfy { $0.reasonMissing?.contains(words) == true },
                "\(words): \(facts["esx1"]?.reasonMissing ?? "-")")
        }
    }

    @Test func whatTheFleetKeepsApartAndDRSDoesNotKnowLeavesTheHostsOut() async {
        var rules = VCenterSteps.rules
        rules.apart = [["web-1", "mail-1"]]
        let facts = await Self.facts(VCenterSteps.balanced(), rules: rules)
        #expect(facts["esx1"]?.reasonMissing?.contains("\"Separate Virtual Machines\"") == true)
        #expect(await Self.facts(VCenterSteps.center(), rules: rules)["esx1"]?.value != nil)
    }
}
