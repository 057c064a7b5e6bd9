import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// How long a move is waited for, who is told to call it off, and that every wait has an end.
@Suite struct MachineMoverTests {
    private typealias Machine = HypervisorPair.Machine

    private static let rules = MachineRules(
        driver: "libvirt", sharedDirectories: ["/srv/guests", "/srv/guest-image"], timeLimitSeconds: 60)

    private func move(
        _ pair: HypervisorPair, _ rules: MachineRules = rules, seconds: Int = 600, autostart: Bool = false
    ) async throws(StepFailure) -> MoveRecord? {
        let moves = [HypervisorPair.machines[0]]
        let step = HypervisorPair.step(.evacuate(moves: moves, staying: nil), seconds: seconds)
        let road = try MachineRoad(step, moves, in: HypervisorPair.context(step, rules: rules), channels: pair)
        let mover = MachineMover(road: road, clock: pair.clock, bringsDescriptions: false)
        return try await mover.move(
            moves[0], autostart: autostart, until: pair.clock.now().adding(seconds: seconds))
    }

    private func code(_ work: () async throws(StepFailure) -> MoveRecord?) async -> StepFailure.Code? {
        do throws(StepFailure) {
            _ = try await work()
            return nil
        } catch { return error.code }
    }

    private static let moving = Machine(number: 1, job: "Outgoing migration")
    private static let coming = Machine(number: 1, state: "paused (migrating)", job: "Incoming migration")

    @Test func aMoveThatTakesTooLongIsCalledOffWhereTheMachineLeaves() async {
        let pair = HypervisorPair(["hv-1": [Self.moving], "hv-2": [Self.coming]])
        #expect(await code { () throws(StepFailure) in try await move(pair, seconds: 100) } == .timeout)
        #expect(Set(pair.now.acts) == ["hv-1 domjobabort vm-1"])
    }

    /// Somebody moves it the other way.
    @Test func aMoveFromTheOtherSideIsCalledOffOnTheOtherSide() async {
        let pair = HypervisorPair(["hv-1": [Self.coming], "hv-2": [Self.moving]])
        #expect(await code { () throws(StepFailure) in try await move(pair, seconds: 100) } == .timeout)
        #expect(Set(pair.now.acts) == ["hv-2 domjobabort vm-1"])
    }

    @Test func aMoveThatNobodyIsSeenToSendIsOnlyWaitedFor() async {
        let pair = HypervisorPair(["hv-2": [Self.coming]])
        #expect(await code { () throws(StepFailure) in try await move(pair, seconds: 100) } == .timeout)
        #expect(pair.now.acts == [])
    }

    @Test(arguments: MachineRules.TooSlow.allCases)
    func whatNobodyWaitsForAnyLongerDoesNotGoOnByItself(_ tooSlow: MachineRules.TooSlow) async {
        var rules = Self.rules
        (rules.timeLimitSeconds, rules.whenTooSlow) = (3_600, tooSlow)
        let pair = HypervisorPair(["hv-1": [Self.moving], "hv-2": [Self.coming]])
        #expect(await code { () throws(StepFailure) in try await move(pair, rules, seconds: 100) } == .timeout)
        #expect(pair.now.acts == (tooSlow == .abort ? ["hv-1 domjobabort vm-1"] : []))
    }

    @Test func aMoveIsNotBegunThatCouldNotBeCalledOffInTime() {
        let rules = MachineRules(driver: "libvirt", timeLimitSeconds: 600)
        #expect(MachineMover.limit(rules, left: 10_000_000) == 600)
        #expect(MachineMover.limit(rules, left: 130_500) == 100)
        #expect(MachineMover.limit(rules, left: 30_999) == nil)
        #expect(MachineMover.limit(rules, left: -5) == nil)
    }

    @Test func machinesThatChangeWhileTheyAreAskedForAreAskedForAgainAndNotForEver() async throws {
        var pair = HypervisorPair(["hv-2": [Machine(number: 1)]]) { $0.unclearLooks = 3 }
        #expect(try await move(pair) == nil)
        pair = HypervisorPair(["hv-2": [Machine(number: 1)]]) { $0.unclearLooks = 1_000 }
        #expect(await code { () throws(StepFailure) in try await move(pair) } == .unreachable)
    }

    /// Each thing that is done and comes to nothing has the step's time, and no more.
    @Test func whatDoesNotHelpIsNotDoneForEver() async {
        let lost = HypervisorPair(["hv-2": [Machine(number: 1)]]) { $0.idle = ["autostart"] }
        #expect(await code { () throws(StepFailure) in try await move(lost, autostart: true) } == .timeout)
        let left = HypervisorPair([
            "hv-1": [Machine(number: 1, state: "shut off (destroyed)")], "hv-2": [Machine(number: 1)],
        ]) { $0.idle = ["undefine"] }
        #expect(await code { () throws(StepFailure) in try await move(left) } == .timeout)
    }

    // MARK: Whether it is well

    private func pair(agent: Bool, silent: Set<String>) -> HypervisorPair {
        HypervisorPair(["hv-1": [Machine(number: 1, hasAgent: agent)], "hv-2": []]) {
            ($0.moves, $0.silent) = (true, silent)
        }
    }

    /// Both hypervisors tell that it runs, and it hangs: ganeti#1042.
    @Test func aMachineThatAnsweredBeforeItsMoveHasToAnswerAfterIt() async {
        let hangs = pair(agent: true, silent: ["hv-2 vm-1"])
        let begin = hangs.clock.now()
        #expect(await code { () throws(StepFailure) in try await move(hangs) } == .unhealthy)
        #expect(begin.adding(seconds: 60) <= hangs.clock.now() && hangs.clock.now() < begin.adding(seconds: 90))
        // The time of the step is over before.
        let late = pair(agent: true, silent: ["hv-2 vm-1"])
        #expect(await code { () throws(StepFailure) in try await move(late, seconds: 40) } == .unhealthy)
    }

    @Test func whoAnswersOrNeverDidIsMoved() async throws {
        let answers = pair(agent: true, silent: [])
        #expect(try await move(answers)?.machine == "vm-1")
        #expect(asked(answers) == ["hv-1 domtime vm-1", "hv-2 domtime vm-1"])
        let hungBefore = pair(agent: true, silent: ["hv-1 vm-1", "hv-2 vm-1"])
        #expect(try await move(hungBefore)?.machine == "vm-1")
        let without = pair(agent: false, silent: [])
        #expect(try await move(without)?.machine == "vm-1")
        #expect(asked(without) == [])
    }

    private func asked(_ pair: HypervisorPair) -> [String] { pair.now.acts.filter { $0.contains("domtime") } }

    @Test func aMachineWhoseMemoryFollowsIsNotEnded() async {
        let pair = HypervisorPair([
            "hv-1": [Machine(number: 1, state: "paused (post-copy)")],
            "hv-2": [Machine(number: 1, state: "running (post-copy)")],
        ])
        #expect(await code { () throws(StepFailure) in try await move(pair) } == .timeout)
        #expect(pair.now.acts == [])
    }

    // MARK: Home again

    private func bringHome(_ pair: HypervisorPair, prior: PriorState?) -> (BringHomeDriver, Step, StepContext) {
        let step = HypervisorPair.step(.bringHome(moves: [HypervisorPair.machines[0].reversed]))
        let context = HypervisorPair.context(step, rules: Self.rules, staying: ["vm-2"], prior: prior)
        return (BringHomeDriver(channels: pair, clock: pair.clock), step, context)
    }

    /// A machine that its owner had shut off before its hypervisor was emptied is not started behind their back.
    @Test(arguments: [true, false]) func whoWentDownWithItsHypervisorIsStartedAndNobodyElse(ran: Bool) async throws {
        let off = Machine(number: 2, state: "shut off (shutdown)")
        let pair = HypervisorPair(["hv-1": [ran ? Machine(number: 2) : off], "hv-2": [Machine(number: 1)]])
        let away = HypervisorPair.step(.evacuate(moves: [HypervisorPair.machines[0]], staying: ["vm-2"]))
        let driver = EvacuationDriver(channels: pair, clock: pair.clock)
        let context = HypervisorPair.context(away, rules: Self.rules, staying: ["vm-2"])
        guard case .ready(let prior) = await driver.check(away, in: context) else {
            Issue.record("nothing is written down of \(off.name)")
            return
        }
        try await driver.perform(away, in: context)
        pair.change { $0.machines = ["hv-1": [off, Machine(number: 1)]] }
        let (home, step, homeContext) = bringHome(pair, prior: prior)
        try await home.perform(step, in: homeContext)
        #expect(pair.now.acts == (ran ? ["hv-1 start vm-2"] : []))
        #expect(try await home.verify(step, in: homeContext).verdict == .pass)
    }

    /// The hypervisor starts it at the same moment.
    @Test func aMachineThatRunsIsStartedWhoeverStartedIt() async throws {
        let pair = HypervisorPair(["hv-1": [Machine(number: 1), Machine(number: 2, state: "shut off (shutdown)")]]) {
            $0.failing = ["start"]
        }
        let (home, step, context) = bringHome(pair, prior: AutostartMemory.state([], running: ["vm-2"]))
        try await home.perform(step, in: context)
        #expect(try await home.verify(step, in: context).verdict == .pass)
    }

    @Test func aMachineThatNoLongerStartsWithItsHypervisorIsNotHomeAsItWas() async throws {
        let pair = HypervisorPair(["hv-1": [Machine(number: 1)]])
        let (home, step, context) = bringHome(pair, prior: AutostartMemory.state(["vm-1"]))
        guard case .ready = await home.check(step, in: context) else {
            Issue.record("it passes for done")
            return
        }
        await #expect(throws: StepFailure.self) { try await home.verify(step, in: context) }
        try await home.perform(step, in: context)
        #expect(pair.now.acts == ["hv-1 autostart vm-1"])
        #expect(try await home.verify(step, in: context).verdict == .pass)
    }
}
