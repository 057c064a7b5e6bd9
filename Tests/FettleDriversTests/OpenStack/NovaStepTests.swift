import FettleDriverKit
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// A hypervisor is emptied and filled again, against a cloud that answers as the APIs' documentation says.
@Suite("OpenStack, moves") struct NovaStepTests {
    @Test func bothDriversKeepTheContract() async {
        let cloud = NovaSteps.cloud()
        #expect(await conformance(cloud.evacuation, NovaSteps.evacuate(), cloud) == [])
        #expect(cloud.places == ["web-1": "cmp2", "db-1": "cmp2", "mail-1": "cmp2"])
        #expect(await conformance(cloud.homecoming, NovaSteps.bringHome(), cloud) == [])
        #expect(cloud.places == ["web-1": "cmp1", "db-1": "cmp1", "mail-1": "cmp2"])
    }

    private func conformance(_ driver: any StepDriver, _ step: Step, _ cloud: PretendCloud) async -> [String] {
        await StepDriverConformance(
            driver: driver, step: step, plan: NovaSteps.plan(step), now: cloud.clock.now
        ).run { cloud.digest }
    }

    @Test func serversAreMovedOneAfterTheOtherBehindTheCordon() async {
        let cloud = NovaSteps.cloud()
        #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate()) == nil)
        let body = #"{"os-migrateLive":{"block_migration":"auto","host":"cmp2"}}"#
        #expect(
            cloud.now.acts == [
                "PUT os-services/\(PretendCloud.id(901)) "
                    + #"{"disabled_reason":"Fettle run run-1: cmp1 is emptied to be patched","status":"disabled"}"#,
                "POST servers/\(PretendCloud.id(1))/action \(body)",
                "POST servers/\(PretendCloud.id(2))/action \(body)",
            ])
    }

    @Test func whatWasBegunBeforeIsWaitedForAndNotBegunAgain() async {
        let cloud = NovaSteps.cloud { $0.begin(PretendCloud.id(1), to: "cmp2") }
        #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate()) == nil)
        #expect(cloud.moves.count == 1 && cloud.moves[0].contains(PretendCloud.id(2)))
    }

    @Test func whatSomebodyElseMovesElsewhereIsNotWaitedFor() async {
        let cloud = NovaSteps.cloud { $0.begin(PretendCloud.id(1), to: "cmp3") }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .drift && failure?.message.contains("moved to cmp3 by somebody else") == true)
        #expect(cloud.now.acts.isEmpty)
    }

    /// The server is where the plan wants it, and a person moves it on: that move is his.
    @Test func whatSomebodyElseMovesOnFromTheDestinationIsNotCalledOff() async {
        for isHome in [true, false] {
            let cloud = NovaSteps.cloud { state in
                state.servers[PretendCloud.id(1)]?.host = isHome ? "cmp1" : "cmp2"
                state.seconds = 10_000
                state.begin(PretendCloud.id(1), to: "cmp3")
            }
            let failure =
                isHome
                ? await cloud.failure(cloud.homecoming, NovaSteps.bringHome())
                : await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
            #expect(failure?.code == .drift, "\(failure as Any)")
            #expect(failure?.message == "web-1 is being moved to cmp3 by somebody else")
            #expect(cloud.now.acts.isEmpty)
        }
    }

    /// Where Nova does not tell where a move goes, only one that this step has begun is called off.
    @Test(arguments: [true, false]) func aMoveWithoutADestinationIsCalledOffByWhoeverBeganIt(isOurs: Bool) async {
        let cloud = NovaSteps.cloud { state in
            state.hidesDestinations = true
            state.seconds = 10_000
            if !isOurs { state.begin(PretendCloud.id(1), to: "cmp3") }
        }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .timeout, "\(failure as Any)")
        #expect(cloud.now.acts.contains { $0.hasPrefix("DELETE") } == isOurs)
        #expect(cloud.now.migrations.first?.isOver == isOurs)
    }

    /// Whether an answer came decides nothing: a second move is not begun in the dark.
    @Test func anActWhoseAnswerIsLostIsLookedFor() async {
        let cloud = NovaSteps.cloud { $0.losesAnswers = true }
        #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate()) == nil)
        #expect(cloud.now.acts.count == 3)
    }

    /// The request was taken; what came of it is in the server alone: active, where it was.
    @Test func aMoveThatFailsIsToldInNovasWordsAndTheServerStays() async {
        let cloud = NovaSteps.cloud { $0.outcomes[PretendCloud.id(2)] = .fails("Unacceptable CPU info") }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .unreachable)
        #expect(failure?.message == "db-1 was not moved to cmp2: Unacceptable CPU info")
        #expect(cloud.places["db-1"] == "cmp1" && cloud.places["web-1"] == "cmp2")
        #expect(cloud.moves.count == 2, "it is not asked for twice by one try")
        // What was moved comes home, and the scheduler may use the host again.
        #expect(await cloud.failure(cloud.homecoming, NovaSteps.bringHome()) == nil)
        #expect(cloud.places["web-1"] == "cmp1" && cloud.now.hosts["cmp1"]?.isEnabled == true)
    }

    /// project-pegaprox#647: "failed", but moved.
    @Test func whatIsSaidToHaveFailedAndRunsAtTheDestinationIsMoved() async {
        let cloud = NovaSteps.cloud { $0.outcomes[PretendCloud.id(1)] = .arrivesAsFailed("Live Migration failure") }
        #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate()) == nil)
        #expect(cloud.places["web-1"] == "cmp2" && cloud.moves.count == 2)
    }

    @Test func aMoveThatCameToNothingWithoutAWordIsNotBelieved() async {
        let cloud = NovaSteps.cloud { $0.outcomes[PretendCloud.id(1)] = .vanishes }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.message == "web-1 was not moved to cmp2: Nova does not say why")
    }

    @Test func aServerInErrorIsForAPerson() async {
        let cloud = NovaSteps.cloud { $0.outcomes[PretendCloud.id(1)] = .breaks }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .inconclusive && failure?.message.contains("is ERROR") == true, "\(failure as Any)")
        #expect(cloud.moves.count == 1)
    }

    @Test func aMoveThatTakesTooLongIsCalledOffAndToldWithItsProgress() async {
        let cloud = NovaSteps.cloud { $0.seconds = 10_000 }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .timeout)
        #expect(
            failure?.message
                == "web-1 takes longer than 60 s to cmp2: 1024 of 2048 MiB of its memory were left")
        #expect(cloud.now.acts.filter { $0.hasPrefix("DELETE servers/\(PretendCloud.id(1))/migrations/1") }.count == 1)
        #expect(cloud.now.servers[PretendCloud.id(1)]?.taskState == nil)
    }

    @Test func whatTheStepHasNoTimeForIsCalledOffToo() async {
        let cloud = NovaSteps.cloud { $0.seconds = 10_000 }
        var rules = NovaSteps.rules
        rules.timeLimitSeconds = 3_600
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate(seconds: 45), rules: rules)
        #expect(failure?.code == .timeout)
        #expect(cloud.now.acts.last?.hasPrefix("DELETE") == true)
    }

    /// After a crash between any two acts the same step, attempted anew, comes to the same end.
    @Test(arguments: 1...3) func aCrashBetweenTheActsChangesNothing(acts: Int) async throws {
        let cloud = NovaSteps.cloud()
        let step = NovaSteps.evacuate()
        let prior = try #require(await cloud.prior(step))
        let before = cloud.now
        // As far as it came: the cordon, the first move begun, the first move done.
        cloud.change { state in
            state.hosts["cmp1"]?.isEnabled = false
            state.hosts["cmp1"]?.reason = "Fettle run run-1: cmp1 is emptied to be patched"
            if acts == 2 { state.begin(PretendCloud.id(1), to: "cmp2") }
            if acts == 3 { state.servers[PretendCloud.id(1)]?.host = "cmp2" }
        }
        #expect(before.acts.isEmpty)
        #expect(await cloud.failure(cloud.evacuation, step, prior: prior) == nil)
        #expect(cloud.places == ["web-1": "cmp2", "db-1": "cmp2", "mail-1": "cmp2"])
        #expect(cloud.now.acts.allSatisfy { !$0.hasPrefix("PUT") }, "it was disabled already")
        #expect(cloud.moves.count == (acts == 1 ? 2 : 1))
        #expect(await cloud.failure(cloud.homecoming, NovaSteps.bringHome(), prior: prior) == nil)
        #expect(cloud.places["web-1"] == "cmp1" && cloud.now.hosts["cmp1"]?.isEnabled == true)
    }

    /// Its owner can give a server another name at any moment, and another's.
    @Test func aServerIsKnownByItsIdOnceTheStepHasBegun() async throws {
        let cloud = NovaSteps.cloud()
        let step = NovaSteps.evacuate()
        let prior = try #require(await cloud.prior(step))
        #expect(await cloud.failure(cloud.evacuation, step, prior: prior) == nil)
        cloud.change { state in
            state.servers[PretendCloud.id(1)]?.name = "renamed"
            state.servers[PretendCloud.id(50)] = .init(name: "web-1", host: "cmp2")
        }
        #expect(await cloud.failure(cloud.homecoming, NovaSteps.bringHome(), prior: prior) == nil)
        #expect(cloud.now.servers[PretendCloud.id(1)]?.host == "cmp1")
        #expect(cloud.now.servers[PretendCloud.id(50)]?.host == "cmp2")
    }

    // MARK: What is refused

    @Test func aServerThatThePlanDoesNotKnowStopsTheStep() async {
        for (vmState, power) in [("active", 1), ("building", 0), ("paused", 3), ("rescued", 1), ("error", 1)] {
            let cloud = NovaSteps.cloud {
                $0.servers[PretendCloud.id(9)] = .init(
                    name: "new", host: "cmp1", vmState: vmState, powerState: power)
            }
            let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
            #expect(failure?.code == .drift && failure?.message.contains("new runs on cmp1") == true, "\(vmState)")
            #expect(cloud.now.acts.isEmpty)
        }
    }

    @Test func whatDoesNotRunOrIsOnNoHostIsNotInTheWay() async {
        let cloud = NovaSteps.cloud { state in
            for (number, vmState) in ["stopped", "suspended", "shelved", "soft-delete"].enumerated() {
                state.servers[PretendCloud.id(20 + number)] = .init(
                    name: "old-\(number)", host: "cmp1", vmState: vmState, powerState: 4)
            }
            state.servers[PretendCloud.id(30)] = .init(
                name: "gone", host: nil, vmState: "shelved_offloaded", powerState: 4)
        }
        #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate()) == nil)
        #expect(cloud.places["old-0"] == "cmp1")
    }

    @Test(arguments: ["cmp1", "cmp2"]) func aServiceThatDoesNotReportIsNotTakenForAnEmptyHost(host: String) async {
        let cloud = NovaSteps.cloud { $0.hosts[host]?.isUp = false }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .unreachable, "\(failure as Any)")
        #expect(cloud.now.acts.isEmpty)
    }

    @Test func whatSpeaksAgainstAMoveAtThisMomentStopsIt() async {
        let web = PretendCloud.id(1)
        let cases: [(String, StepFailure.Code, (inout PretendCloud.State) -> Void)] = [
            ("pci_passthrough", .drift, { $0.servers[web]?.specifications = ["pci_passthrough:alias": "a:1"] }),
            ("hw:cpu_policy", .drift, { $0.servers[web]?.specifications = ["hw:cpu_policy": "dedicated"] }),
            ("/var/lib/nova/instances", .drift, { $0.servers[web]?.hasImage = true }),
            ("has no room for web-1", .drift, { $0.servers[PretendCloud.id(3)]?.gibibytes = 31 }),
            ("cmp2 is disabled (repair)", .drift, { $0.hosts["cmp2"] = Self.disabled }),
            ("is locked", .locked, { $0.servers[web]?.isLocked = true }),
        ]
        for (words, code, prepare) in cases {
            let cloud = NovaSteps.cloud(prepare: prepare)
            let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
            #expect(failure?.code == code && failure?.message.contains(words) == true, "\(words): \(failure as Any)")
            #expect(cloud.places["web-1"] == "cmp1", "\(words)")
        }
    }

    private static let disabled = PretendCloud.Host(id: PretendCloud.id(902), isEnabled: false, reason: "repair")

    @Test func whatTheSchedulerRefusesIsToldInItsWords() async {
        let cloud = NovaSteps.cloud()
        let step = NovaSteps.evacuate()
        cloud.change { $0.outcomes[PretendCloud.id(1)] = .fails("No valid host was found.") }
        #expect(await cloud.failure(cloud.evacuation, step)?.message.contains("No valid host was found") == true)
    }

    @Test func disksThatAllMembersSeeAlikeBindNobody() async {
        let cloud = NovaSteps.cloud { state in
            state.servers[PretendCloud.id(1)]?.hasImage = true
            state.servers[PretendCloud.id(2)]?.hasConfigDrive = true
        }
        var rules = NovaSteps.rules
        rules.sharedDirectories = ["/var/lib/nova/instances"]
        #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate(), rules: rules) == nil)
    }

    @Test func serversThatAreKeptApartDoNotMeet() async {
        let cloud = NovaSteps.cloud()
        var rules = NovaSteps.rules
        rules.apart = [["mail-1", "web-1"]]
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate(), rules: rules)
        #expect(failure?.message == "web-1 may not run beside mail-1, which is on cmp2")
    }

    @Test func aServerThatSomebodyElseHasMovedIsToldWithItsPlace() async {
        let cloud = NovaSteps.cloud { $0.servers[PretendCloud.id(1)]?.host = "cmp3" }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .drift && failure?.message == "web-1 is on cmp3: somebody else has moved it")
    }

    // MARK: What does not run

    @Test func aServerThatWasShutOffSinceThePlanIsNotTakenForMoved() async {
        let cloud = NovaSteps.cloud { state in
            state.servers[PretendCloud.id(2)]?.vmState = "stopped"
            state.servers[PretendCloud.id(2)]?.powerState = 4
        }
        #expect(await cloud.failure(cloud.evacuation, NovaSteps.evacuate())?.code == .drift)
    }

    @Test func oneThatWentDownWhileItWasAwayIsLeftThereAndTold() async throws {
        let cloud = NovaSteps.cloud { state in
            state.servers[PretendCloud.id(1)]?.host = "cmp2"
            state.servers[PretendCloud.id(1)]?.vmState = "stopped"
            state.servers[PretendCloud.id(1)]?.powerState = 4
            state.servers[PretendCloud.id(2)]?.host = "cmp2"
        }
        let step = NovaSteps.bringHome()
        #expect(await cloud.failure(cloud.homecoming, step) == nil)
        #expect(cloud.places["web-1"] == "cmp2" && cloud.places["db-1"] == "cmp1")
        let seen = try await cloud.homecoming.verify(step, in: NovaSteps.context(step))
        #expect(seen.summary == "1 home again, as Nova tells; shut off: web-1 on cmp2")
    }

    @Test(arguments: [true, false]) func whatStayedAndRanRunsAgain(isResumed: Bool) async throws {
        let cloud = NovaSteps.cloud { state in
            state.servers = [PretendCloud.id(5): .init(name: "box", host: "cmp1")]
            state.servers[PretendCloud.id(6)] = .init(name: "idle", host: "cmp1", vmState: "stopped", powerState: 4)
        }
        let step = NovaSteps.evacuate([], staying: ["box", "idle"])
        let prior = try #require(await cloud.prior(step))
        #expect(await cloud.failure(cloud.evacuation, step, prior: prior) == nil)
        // The restart: Nova holds it for active until it has looked.
        cloud.change { state in
            state.servers[PretendCloud.id(5)]?.powerState = 4
            if isResumed {
                state.events.append((state.now + 4_000, .started(server: PretendCloud.id(5))))
            } else {
                state.servers[PretendCloud.id(5)]?.vmState = "stopped"
            }
        }
        let home = NovaSteps.bringHome([])
        #expect(await cloud.failure(cloud.homecoming, home, staying: ["box", "idle"], prior: prior) == nil)
        #expect(cloud.moves == (isResumed ? [] : ["POST servers/\(PretendCloud.id(5))/action {\"os-start\":null}"]))
        #expect(cloud.now.servers[PretendCloud.id(6)]?.vmState == "stopped")
    }

    /// After a restart Nova's database says what was so before it, for ten minutes: what the hypervisor says counts.
    @Test func whatNovaStillHoldsForRunningIsStartedOnceNovaHasSeenItStopped() async throws {
        let (box, cloud) = (PretendCloud.id(5), Self.restarted())
        cloud.change { $0.events.append(($0.now + 600_000, .noticed(server: PretendCloud.id(5)))) }
        let home = NovaSteps.bringHome([], seconds: 900)
        let prior = MachineMemory.state(running: ["box"], isCordoned: true)
        let context = NovaSteps.context(home, staying: ["box"], prior: prior)
        guard case .ready = await cloud.homecoming.check(home, in: context) else {
            Issue.record("it does not run, and passes for done")
            return
        }
        #expect(await cloud.failure(cloud.homecoming, home, staying: ["box"], prior: prior) == nil)
        #expect(cloud.moves == ["POST servers/\(box)/action {\"os-start\":null}"])
        #expect(cloud.now.servers[box]?.vmState == "active" && cloud.now.servers[box]?.isLive == nil)
    }

    @Test func whatNovaHoldsForRunningAndTheHypervisorDoesNotIsNotProven() async throws {
        let cloud = Self.restarted()
        let prior = MachineMemory.state(running: ["box"], isCordoned: true)
        let home = NovaSteps.bringHome([], seconds: 100)
        let failure = await cloud.failure(cloud.homecoming, home, staying: ["box"], prior: prior)
        #expect(failure?.code == .timeout && failure?.message.contains("holds box for running") == true)
        #expect(cloud.moves.isEmpty, "Nova starts nothing that it holds for running")
        // A host that does not answer Nova yet says as little; who may not ask is told.
        for (status, code) in [(500, StepFailure.Code.timeout), (403, .refused), (501, .internal)] {
            let answer = PretendCloud.State.fault(status, "x", "no")
            cloud.change { $0.answers["servers/\(PretendCloud.id(5))/diagnostics"] = answer }
            #expect(
                await cloud.failure(cloud.homecoming, home, staying: ["box"], prior: prior)?.code == code, "\(status)")
        }
    }

    /// `box` went down with its host, and Nova has not looked since.
    private static func restarted() -> PretendCloud {
        NovaSteps.cloud { state in
            state.servers = [PretendCloud.id(5): .init(name: "box", host: "cmp1", isLive: false)]
        }
    }

    /// Nova would start it into another state than it was in, or not at all.
    @Test func whatWasPausedOrRescuedIsNotAskedToRunAgain() async throws {
        let names = ["paused", "rescued", "building"]
        let cloud = NovaSteps.cloud { state in
            state.servers = [PretendCloud.id(5): .init(name: "box", host: "cmp1")]
            for (number, name) in names.enumerated() {
                state.servers[PretendCloud.id(40 + number)] = .init(
                    name: name, host: "cmp1", vmState: name, powerState: name == "paused" ? 3 : 1)
            }
        }
        let staying = ["box"] + names
        let step = NovaSteps.evacuate([], staying: staying)
        let prior = try #require(await cloud.prior(step))
        #expect(MachineMemory.ran(prior) == ["box"])
        #expect(await cloud.failure(cloud.evacuation, step, prior: prior) == nil)
        cloud.change { state in
            for number in 0..<3 { state.servers[PretendCloud.id(40 + number)]?.powerState = 4 }
        }
        let home = NovaSteps.bringHome([], seconds: 100)
        #expect(await cloud.failure(cloud.homecoming, home, staying: staying, prior: prior) == nil)
        #expect(cloud.moves.isEmpty && cloud.now.hosts["cmp1"]?.isEnabled == true)
    }

    @Test func aServiceThatHasNotYetReportedAfterTheRestartIsWaitedFor() async throws {
        let cloud = NovaSteps.cloud { state in
            state.servers[PretendCloud.id(1)]?.host = "cmp2"
            state.servers[PretendCloud.id(2)]?.host = "cmp2"
            state.hosts["cmp1"]?.isUp = false
        }
        let step = NovaSteps.bringHome(seconds: 100)
        let context = NovaSteps.context(step)
        guard case .ready = await cloud.homecoming.check(step, in: context) else {
            Issue.record("not ready")
            return
        }
        let down = await cloud.failure(cloud.homecoming, step)
        #expect(down?.code == .unreachable && cloud.moves.isEmpty)
        cloud.change { $0.hosts["cmp1"]?.isUp = true }
        #expect(await cloud.failure(cloud.homecoming, step) == nil)
    }
}
