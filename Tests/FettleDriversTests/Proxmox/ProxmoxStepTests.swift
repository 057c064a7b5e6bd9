import FettleDriverKit
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// A node is emptied and filled again, against a cluster that answers as the API's documentation says.
@Suite("Proxmox VE, moves") struct ProxmoxStepTests {
    private let steps = [ProxmoxSteps.evacuate(), ProxmoxSteps.bringHome()]

    @Test(arguments: [false, true]) func bothDriversKeepTheContract(isKeptByHA: Bool) async {
        let cluster = ProxmoxSteps.cluster { if isKeptByHA { $0.services = [101: "started"] } }
        let evacuate = ProxmoxSteps.evacuate()
        let findings = await conformance(cluster.evacuation, evacuate, cluster)
        #expect(findings == [])
        #expect(cluster.places == ["web-1": "pve2", "db-1": "pve2", "mail-1": "pve2"])
        // Who knows nothing of what was seen before leaves the node in maintenance: a person has ended it.
        cluster.change { $0.maintained = [] }
        #expect(await conformance(cluster.homecoming, ProxmoxSteps.bringHome(), cluster) == [])
        #expect(cluster.places == ["web-1": "pve1", "db-1": "pve1", "mail-1": "pve2"])
    }

    private func conformance(_ driver: any StepDriver, _ step: Step, _ cluster: PretendCluster) async -> [String] {
        await StepDriverConformance(
            driver: driver, step: step, plan: ProxmoxSteps.plan(step), now: cluster.clock.now
        ).run { cluster.digest }
    }

    @Test func machinesAreMovedOneAfterTheOtherWhileTheyRun() async {
        let cluster = ProxmoxSteps.cluster()
        var rules = ProxmoxSteps.rules
        rules.bandwidthMebibytes = 10
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate(), rules: rules) == nil)
        #expect(
            cluster.now.acts == [
                "POST nodes/pve1/qemu/101/migrate target=pve2&online=1&bwlimit=10240",
                "POST nodes/pve1/qemu/102/migrate target=pve2&online=1&bwlimit=10240",
            ])
    }

    @Test func theNodeThatGoesOutIsAskedLast() async {
        let cluster = ProxmoxSteps.cluster { $0.silent = ["pve2"] }
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate()) == nil)
        #expect(cluster.now.asked.first == "pve2")
        // From then on the one that answered is asked first.
        #expect(cluster.now.asked.filter { $0 == "pve2" }.count == 3, "once for each connection")
        #expect(!cluster.now.asked.contains("pve1"))
    }

    @Test func whatWasBegunBeforeIsWaitedForAndNotBegunAgain() async {
        let cluster = ProxmoxSteps.cluster { state in _ = state.begin(101, to: "pve2") }
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate()) == nil)
        #expect(cluster.now.acts.map { $0.prefix(24) } == ["POST nodes/pve1/qemu/102"])
    }

    /// Whether an answer came decides nothing: a second move is not begun in the dark.
    @Test func aMoveWhoseAnswerIsLostIsLookedFor() async {
        let cluster = ProxmoxSteps.cluster { $0.losesAnswers = true }
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate()) == nil)
        #expect(cluster.now.acts.count == 2)
    }

    @Test func aTaskThatFailsIsToldInItsWordsAndTheMachineStays() async {
        let cluster = ProxmoxSteps.cluster { $0.outcomes[102] = .fails("migration aborted: no route to host") }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .unreachable)
        #expect(failure?.message == "db-1 was not moved to pve2: migration aborted: no route to host")
        #expect(cluster.places["db-1"] == "pve1" && cluster.places["web-1"] == "pve2")
        // What was moved comes home.
        #expect(await cluster.failure(cluster.homecoming, ProxmoxSteps.bringHome()) == nil)
        #expect(cluster.places["web-1"] == "pve1")
    }

    @Test func aTaskThatEndsWellAndHasMovedNothingIsNotBelieved() async {
        let cluster = ProxmoxSteps.cluster { $0.outcomes[101] = .lies }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .timeout && failure?.message.contains("still on pve1") == true, "\(failure as Any)")
    }

    /// "Failed", but moved: project-pegaprox#647.
    @Test func aTaskThatNobodyKnowsAnyMoreDecidesNothing() async {
        let arrives = ProxmoxSteps.cluster { state in
            state.forgetsTasks = true
            state.seconds = 1
        }
        #expect(await arrives.failure(arrives.evacuation, ProxmoxSteps.evacuate()) == nil)
        let stays = ProxmoxSteps.cluster { state in
            state.forgetsTasks = true
            state.seconds = 1
            state.outcomes[101] = .fails("node was restarted")
        }
        let failure = await stays.failure(stays.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .unreachable && failure?.message.contains("is gone") == true, "\(failure as Any)")
    }

    @Test func aMoveThatDiedAndLeftItsLockIsForAPerson() async {
        let cluster = ProxmoxSteps.cluster { $0.outcomes[101] = .dies }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .inconclusive && failure?.message.contains("qm unlock") == true, "\(failure as Any)")
    }

    @Test func aMachineThatDoesNotRunAtItsDestinationIsForAPerson() async {
        let cluster = ProxmoxSteps.cluster { state in
            state.guests[101]?.node = "pve2"
            state.guests[101]?.runState = "paused"
        }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .inconclusive && failure?.message.contains("QEMU says paused") == true)
        #expect(cluster.now.acts.isEmpty)
    }

    @Test func aMoveThatTakesTooLongIsCalledOff() async {
        let cluster = ProxmoxSteps.cluster { $0.seconds = 10_000 }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .timeout && failure?.message.contains("longer than 60 s") == true, "\(failure as Any)")
        #expect(cluster.now.acts.filter { $0.hasPrefix("DELETE nodes/pve1/tasks/UPID:pve1:") }.count == 1)
        #expect(cluster.now.guests[101]?.lock == nil)
    }

    @Test func whatTheStepHasNoTimeForIsCalledOffToo() async {
        let cluster = ProxmoxSteps.cluster { $0.seconds = 10_000 }
        var rules = ProxmoxSteps.rules
        rules.timeLimitSeconds = 3_600
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate(seconds: 45), rules: rules)
        #expect(failure?.code == .timeout)
        #expect(cluster.now.acts.last?.hasPrefix("DELETE") == true)
    }

    // MARK: What is refused

    @Test func aGuestThatThePlanDoesNotKnowStopsTheStep() async {
        for type in ["qemu", "lxc"] {
            let cluster = ProxmoxSteps.cluster { $0.guests[300] = .init(name: "new", node: "pve1", type: type) }
            let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
            #expect(failure?.code == .drift && failure?.message.contains("new runs on pve1") == true)
            #expect(cluster.now.acts.isEmpty)
        }
        let still = ProxmoxSteps.cluster { state in
            state.guests[300] = .init(name: "new", node: "pve1", isRunning: false)
            state.guests[301] = .init(name: "mould", node: "pve1", isRunning: false, isTemplate: true)
        }
        #expect(await still.failure(still.evacuation, ProxmoxSteps.evacuate()) == nil)
    }

    @Test(arguments: ["pve1", "pve2"]) func anOfflineNodeIsNotTakenForAnEmptyOne(node: String) async {
        let cluster = ProxmoxSteps.cluster { $0.nodes[node] = false }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .unreachable, "\(failure as Any)")
        #expect(cluster.now.acts.isEmpty)
    }

    @Test func withoutQuorumNothingThatIsToldCounts() async {
        let cluster = ProxmoxSteps.cluster { $0.isQuorate = false }
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())?.code == .unreachable)
    }

    @Test func whatSpeaksAgainstAMoveAtThisMomentStopsIt() async {
        let cases: [(String, (inout PretendCluster.State) -> Void)] = [
            ("local-lvm:vm-101-disk-0", { $0.guests[101]?.localDisk = "local-lvm:vm-101-disk-0" }),
            ("hostpci0", { $0.guests[101]?.device = "hostpci0" }),
            ("no storage fast", { $0.guests[101]?.barred = ["pve2"] }),
            ("has no room for web-1", { $0.guests[201]?.gibibytes = 31 }),
            ("is in maintenance", { $0.maintained = ["pve2"] }),
        ]
        for (words, prepare) in cases {
            let cluster = ProxmoxSteps.cluster(prepare: prepare)
            let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
            #expect(failure?.code == .drift && failure?.message.contains(words) == true, "\(words): \(failure as Any)")
            #expect(cluster.now.acts.isEmpty, "\(words)")
        }
    }

    @Test func machinesThatAreKeptApartDoNotMeet() async {
        let cluster = ProxmoxSteps.cluster()
        var rules = ProxmoxSteps.rules
        rules.apart = [["mail-1", "web-1"]]
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate(), rules: rules)
        #expect(failure?.message == "web-1 may not run beside mail-1, which is on pve2")
    }

    @Test func memoryCrossesTheNetworkEncryptedUnlessTheFleetSaysOtherwise() async {
        let cluster = ProxmoxSteps.cluster { $0.migration = "type=insecure,network=10.0.0.0/24" }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .refused && cluster.now.acts.isEmpty)
        var rules = ProxmoxSteps.rules
        rules.isEncrypted = false
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate(), rules: rules) == nil)
    }

    // MARK: What does not run

    @Test func aMachineThatWasShutOffSinceThePlanIsNotTakenForMoved() async {
        let cluster = ProxmoxSteps.cluster { $0.guests[102]?.isRunning = false }
        #expect(await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())?.code == .drift)
    }

    @Test func oneThatWentDownWhileItWasAwayComesHomeAndIsTold() async {
        let cluster = ProxmoxSteps.cluster { state in
            state.guests[101]?.node = "pve2"
            state.guests[101]?.isRunning = false
        }
        let failure = await cluster.failure(cluster.homecoming, ProxmoxSteps.bringHome())
        #expect(failure?.code == .unhealthy && failure?.message.contains("web-1 on pve2") == true)
        #expect(cluster.now.acts == ["POST nodes/pve2/qemu/101/migrate target=pve1"])
        #expect(cluster.places["web-1"] == "pve1")
    }

    @Test func whatStayedAndRanIsStartedAgain() async throws {
        let cluster = ProxmoxSteps.cluster { state in
            state.guests[300] = .init(name: "box", node: "pve1", type: "lxc")
            state.guests[301] = .init(name: "idle", node: "pve1", isRunning: false)
        }
        let step = ProxmoxSteps.evacuate(staying: ["box", "idle"])
        guard case .ready(let prior?) = await cluster.evacuation.check(step, in: ProxmoxSteps.context(step)) else {
            Issue.record("not ready")
            return
        }
        cluster.change { $0.guests[300]?.isRunning = false }
        let home = ProxmoxSteps.bringHome()
        #expect(await cluster.failure(cluster.homecoming, home, staying: ["box", "idle"], prior: prior) == nil)
        #expect(cluster.now.acts == ["POST nodes/pve1/lxc/300/status/start "])
    }

    @Test func aNodeThatMachinesWereOnAndThatIsGoneHoldsNothingUpThatIsHome() async {
        let cluster = ProxmoxSteps.cluster { $0.nodes["pve2"] = false }
        #expect(await cluster.failure(cluster.homecoming, ProxmoxSteps.bringHome()) == nil)
        cluster.change { $0.guests[101]?.node = "pve2" }
        let failure = await cluster.failure(cluster.homecoming, ProxmoxSteps.bringHome())
        #expect(failure?.code == .unreachable && failure?.message == "pve2 is offline, and has web-1")
    }

    @Test func aMachineThatSomebodyElseHasMovedIsToldWithItsPlace() async {
        let cluster = ProxmoxSteps.cluster { $0.guests[101]?.node = "pve3" }
        let failure = await cluster.failure(cluster.evacuation, ProxmoxSteps.evacuate())
        #expect(failure?.code == .drift && failure?.message == "web-1 is on pve3: somebody else has moved it")
    }
}
