import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// What stops a step, before anything is done where that can be known before.
@Suite("vCenter, refusals") struct VCenterRefusalTests {
    @Test func aMachineThatThePlanDoesNotKnowStopsTheStep() async {
        let center = VCenterSteps.center { $0.machines["vm-9"] = .init(name: "new", host: "host-1") }
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(failure?.code == .drift && failure?.message.contains("new runs on esx1") == true)
        #expect(center.now.acts.isEmpty)
    }

    @Test func oneThatComesInWhileTheOthersGoStopsTheStepToo() async throws {
        let center = VCenterSteps.center { state in
            state.events.append((state.now + 3_000, .start(.init(name: "late", host: "host-1"))))
        }
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        let failure = await center.failure(center.evacuation, step, prior: prior)
        #expect(failure?.code == .drift && failure?.message.contains("late runs on esx1") == true, "\(failure as Any)")
        #expect(center.now.hosts["host-1"]?.isMaintained == false)
        #expect(await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior) == nil)
        #expect(center.places["web-1"] == "esx1" && center.now.hosts["host-1"]?.entering == nil)
    }

    @Test func whatDoesNotRunAndWhatVCenterItselfMakesIsNotInTheWay() async {
        let center = VCenterSteps.center { state in
            state.machines["vm-20"] = .init(name: "off", host: "host-1", power: "poweredOff")
            state.machines["vm-21"] = .init(name: "asleep", host: "host-1", power: "suspended")
            state.machines["vm-22"] = .init(name: "gold", host: "host-1", isTemplate: true)
            state.machines["vm-23"] = .init(name: "vCLS-1", host: "host-1", manager: "com.vmware.vim.eam")
        }
        // A template is none that could run.
        center.change { $0.machines["vm-22"]?.power = "poweredOff" }
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate()) == nil)
        #expect(center.places["off"] == "esx1")
    }

    @Test(arguments: ["host-1", "host-2"]) func aHostThatVCenterDoesNotReachIsNotTakenForEmpty(host: String) async {
        for (connection, power) in [
            ("notResponding", "unknown"), ("disconnected", "unknown"), ("connected", "standBy"),
        ] {
            let center = VCenterSteps.center { state in
                state.hosts[host]?.connection = connection
                state.hosts[host]?.power = power
            }
            let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
            #expect(failure?.code == .unreachable && failure?.message.contains("does not reach") == true)
            #expect(center.now.acts.isEmpty)
        }
    }

    @Test func aHostThatGoesAwayInTheMiddleStopsTheStep() async throws {
        for host in ["host-1", "host-2"] {
            let center = VCenterSteps.center { state in
                state.events.append((state.now + 2_000, .change { $0.hosts[host]?.connection = "notResponding" }))
            }
            let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
            #expect(failure?.code == .unreachable, "\(failure as Any)")
            #expect(failure?.message.contains("does not reach") == true, "\(failure as Any)")
        }
    }

    @Test func whatSpeaksAgainstAMoveAtThisMomentStopsIt() async {
        let cases: [(String, StepFailure.Code, (inout PretendCenter.State) -> Void)] = [
            ("MigrationFault: The CPU is too old", .drift, { $0.verdicts["vm-1"] = "The CPU is too old" }),
            ("has no room for web-1", .drift, { $0.machines["vm-3"]?.gibibytes = 63 }),
            (
                "esx2 is in maintenance", .drift,
                { state in
                    let task = state.add(.init(kind: "HostSystem.enterMaintenanceMode", entity: "host-2"))
                    state.hosts["host-2"]?.entering = task
                }
            ),
            ("esx2 is in quarantine", .drift, { $0.hosts["host-2"]?.isQuarantined = true }),
            (
                "a rule of the cluster keeps web-1 apart from mail-1", .drift,
                {
                    $0.rules = [
                        .init(type: "ClusterAntiAffinityRuleSpec", name: "spread", machines: ["vm-1", "vm-3"])
                    ]
                }
            ),
            ("lacks Resource.HotMigrate on the cluster", .refused, { $0.privileges.remove("Resource.HotMigrate") }),
        ]
        for (words, code, prepare) in cases {
            let center = VCenterSteps.center(prepare: prepare)
            let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
            #expect(failure?.code == code && failure?.message.contains(words) == true, "\(words): \(failure as Any)")
            #expect(center.places["web-1"] == "esx1", "\(words)")
        }
    }

    @Test func machinesThatTheFleetKeepsApartDoNotMeet() async {
        let center = VCenterSteps.center()
        var rules = VCenterSteps.rules
        rules.apart = [["mail-1", "web-1"]]
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate(), rules: rules)
        #expect(failure?.message == "web-1 may not run beside mail-1, which is on esx2")
    }

    @Test func somethingElseThatIsDoneWithAMachineIsWaitedFor() async {
        let center = VCenterSteps.center { state in
            let task = state.add(.init(kind: "VirtualMachine.createSnapshot", entity: "vm-1"))
            state.events.append((state.now + 9_000, .change { $0.jobs[task]?.state = "success" }))
        }
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate()) == nil)
        #expect(center.places["web-1"] == "esx2")
    }

    @Test func aHostOfAnotherClusterIsRefused() async {
        let center = VCenterSteps.center { $0.hosts["host-2"]?.parent = "domain-c2" }
        let other = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(other?.code == .refused && other?.message.contains("in another cluster") == true, "\(other as Any)")
        center.change { $0.hosts["host-2"]?.name = "esx9.example" }
        let unknown = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(unknown?.message.contains("no host named as esx2") == true)
        #expect(center.now.acts.isEmpty)
    }

    // MARK: What does not run

    @Test func aMachineThatWasShutOffSinceThePlanIsNotTakenForMoved() async {
        let center = VCenterSteps.center { $0.machines["vm-2"]?.power = "poweredOff" }
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate())?.code == .drift)
        #expect(center.now.acts.isEmpty)
    }

    @Test func oneThatWentDownWhileItWasAwayIsLeftThereAndTold() async throws {
        let center = VCenterSteps.center { state in
            state.machines["vm-1"]?.host = "host-2"
            state.machines["vm-1"]?.power = "poweredOff"
            state.machines["vm-2"]?.host = "host-2"
        }
        let step = VCenterSteps.bringHome()
        #expect(await center.failure(center.homecoming, step) == nil)
        #expect(center.places["web-1"] == "esx2" && center.places["db-1"] == "esx1")
        let seen = try await center.homecoming.verify(step, in: VCenterSteps.context(step))
        #expect(seen.summary == "1 home again, as vCenter tells; shut off: web-1 on esx2.example")
    }

    @Test func aHostThatIsNotYetBackAfterItsRestartIsWaitedFor() async throws {
        let center = VCenterSteps.center { state in
            state.machines["vm-1"]?.host = "host-2"
            state.machines["vm-2"]?.host = "host-2"
            state.hosts["host-1"]?.connection = "notResponding"
        }
        let step = VCenterSteps.bringHome(seconds: 100)
        let down = await center.failure(center.homecoming, step)
        #expect(down?.code == .unreachable && center.now.acts.isEmpty)
        center.change { state in
            state.events.append((state.now + 30_000, .change { $0.hosts["host-1"]?.connection = "connected" }))
        }
        #expect(await center.failure(center.homecoming, step) == nil)
        #expect(center.places["web-1"] == "esx1")
    }
}
