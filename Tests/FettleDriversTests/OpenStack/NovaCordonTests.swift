import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// Whether the scheduler may use a host: what this run has disabled it enables again, and nothing else.
@Suite("OpenStack, the compute service") struct NovaCordonTests {
    private static func disable(_ state: inout PretendCloud.State, _ reason: String?) {
        state.hosts["cmp1"]?.isEnabled = false
        state.hosts["cmp1"]?.reason = reason
    }

    @Test func whatThisRunDisabledItEnables() async throws {
        let cloud = NovaSteps.cloud()
        let step = NovaSteps.evacuate()
        let prior = try #require(await cloud.prior(step))
        #expect(await cloud.failure(cloud.evacuation, step) == nil)
        #expect(cloud.now.hosts["cmp1"]?.reason == "Fettle run run-1: cmp1 is emptied to be patched")
        #expect(await cloud.failure(cloud.homecoming, NovaSteps.bringHome(), prior: prior) == nil)
        #expect(cloud.now.hosts["cmp1"]?.isEnabled == true && cloud.now.hosts["cmp1"]?.reason == nil)
        #expect(cloud.now.acts.last { $0.hasPrefix("PUT") }?.hasSuffix(#"{"status":"enabled"}"#) == true)
    }

    @Test(arguments: [nil, "disk is failing", "Fettle run run-11: x", "was: Fettle run run-1: x"])
    func whatAPersonHadDisabledStaysDisabled(reason: String?) async throws {
        let empty = NovaSteps.cloud { state in
            state.servers = [:]
            Self.disable(&state, reason)
        }
        let step = NovaSteps.evacuate([])
        #expect(await empty.failure(empty.evacuation, step) == nil)
        let seen = try await empty.evacuation.verify(step, in: NovaSteps.context(step))
        #expect(seen.summary.contains("not by this run"))
        #expect(await empty.failure(empty.homecoming, NovaSteps.bringHome([])) == nil)
        #expect(empty.now.hosts["cmp1"]?.isEnabled == false && empty.now.hosts["cmp1"]?.reason == reason)
        #expect(empty.now.acts.isEmpty)
    }

    /// What is moved away could not come home: it is said before anything moves.
    @Test func aHostThatAPersonKeepsDisabledIsNotEmptied() async {
        let cloud = NovaSteps.cloud { Self.disable(&$0, "disk is failing") }
        let failure = await cloud.failure(cloud.evacuation, NovaSteps.evacuate())
        #expect(failure?.code == .drift && failure?.message.contains("(disk is failing)") == true, "\(failure as Any)")
        #expect(cloud.now.acts.isEmpty)
    }

    @Test func aPersonWhoEnablesItWhileItIsEmptiedIsToldOf() async throws {
        let cloud = NovaSteps.cloud()
        let step = NovaSteps.evacuate()
        let prior = try #require(await cloud.prior(step))
        let context = NovaSteps.context(step, prior: prior)
        try await cloud.evacuation.perform(step, in: context)
        cloud.change { state in
            state.hosts["cmp1"]?.isEnabled = true
            state.hosts["cmp1"]?.reason = nil
        }
        let failure = await #expect(throws: StepFailure.self) {
            try await cloud.evacuation.verify(step, in: context)
        }
        #expect(failure?.code == .drift)
        // The way home finds nothing left to enable, and moves all the same.
        #expect(await cloud.failure(cloud.homecoming, NovaSteps.bringHome(), prior: prior) == nil)
        #expect(cloud.places["web-1"] == "cmp1")
        #expect(cloud.now.acts.filter { $0.hasPrefix("PUT") }.count == 1)
    }

    /// It is the person's from then on, and so are the servers that cannot come home.
    @Test func aPersonWhoDisablesItWithAReasonOfHisOwnKeepsIt() async throws {
        let cloud = NovaSteps.cloud()
        let step = NovaSteps.evacuate()
        let prior = try #require(await cloud.prior(step))
        #expect(await cloud.failure(cloud.evacuation, step, prior: prior) == nil)
        cloud.change { Self.disable(&$0, "do not touch") }
        let failure = await cloud.failure(cloud.homecoming, NovaSteps.bringHome(), prior: prior)
        #expect(failure?.code == .drift && failure?.message.contains("disabled (do not touch)") == true)
        #expect(cloud.now.hosts["cmp1"]?.reason == "do not touch" && cloud.places["web-1"] == "cmp2")
    }

    // MARK: In another run's place

    private static func context(
        _ step: Step, replacing run: RunID = "run-0", taken: ResourceID = "cmp1", prior: PriorState? = nil
    ) -> StepContext {
        var context = NovaSteps.context(step, prior: prior)
        context.plan.supersedes = Supersession(
            run: run, sequence: 9, taken: [TakenHost(resource: taken, obligations: [], isQuarantined: false)])
        return context
    }

    /// The run that began it has ended, and nobody else would enable it.
    @Test(arguments: [true, false]) func whatTheReplacedRunDisabledThisOneEnables(isEmptied: Bool) async {
        let cloud = NovaSteps.cloud { state in
            if isEmptied { state.servers = [:] }
            Self.disable(&state, "Fettle run run-0: cmp1 is emptied to be patched")
        }
        let moves = isEmptied ? [] : NovaSteps.moves
        let away = NovaSteps.evacuate(moves)
        #expect(await PoolSteps.failure(cloud.evacuation, away, Self.context(away)) == nil)
        // In its own name from now on: the run that replaces this one knows it by that.
        #expect(cloud.now.hosts["cmp1"]?.isEnabled == false)
        #expect(cloud.now.hosts["cmp1"]?.reason == "Fettle run run-1: cmp1 is emptied to be patched")
        let home = NovaSteps.bringHome(moves)
        #expect(await PoolSteps.failure(cloud.homecoming, home, Self.context(home)) == nil)
        #expect(cloud.now.hosts["cmp1"]?.isEnabled == true)
    }

    /// It is put back without having been emptied anew.
    @Test func whatTheReplacedRunDisabledIsEnabledOnTheWayBackToo() async {
        let cloud = NovaSteps.cloud { Self.disable(&$0, "Fettle run run-0: cmp1 is emptied to be patched") }
        let home = NovaSteps.bringHome([])
        #expect(await PoolSteps.failure(cloud.homecoming, home, Self.context(home)) == nil)
        #expect(cloud.now.hosts["cmp1"]?.isEnabled == true)
    }

    @Test(arguments: [
        ("run-0", "cmp2", "Fettle run run-0: x"), ("run-0", "cmp1", "Fettle run run-00: x"),
        ("run-0", "cmp1", "Fettle run run-2: x"), ("run-0", "cmp1", "repair"),
    ]) func whatNeitherOfTheTwoRunsDisabledStaysDisabled(run: String, taken: String, reason: String) async {
        let cloud = NovaSteps.cloud { Self.disable(&$0, reason) }
        let (away, home) = (NovaSteps.evacuate(), NovaSteps.bringHome([]))
        func context(_ step: Step) -> StepContext {
            Self.context(step, replacing: RunID(run), taken: ResourceID(taken))
        }
        let failure = await PoolSteps.failure(cloud.evacuation, away, context(away))
        #expect(failure?.code == .drift && failure?.message.contains("not by this run (\(reason))") == true)
        #expect(await PoolSteps.failure(cloud.homecoming, home, context(home)) == nil)
        #expect(cloud.now.hosts["cmp1"]?.reason == reason && cloud.now.acts.isEmpty)
    }

    @Test func aReasonFitsWhatNovaKeepsAndIsStillKnown() async throws {
        let cloud = NovaSteps.cloud()
        for step in [NovaSteps.evacuate(), NovaSteps.bringHome()] {
            let driver: any StepDriver = step.action.name == "evacuate" ? cloud.evacuation : cloud.homecoming
            var context = NovaSteps.context(step)
            context.run = RunID(String(repeating: "r", count: 300))
            guard case .ready(let prior) = await driver.check(step, in: context) else {
                Issue.record("not ready")
                return
            }
            context.prior = prior
            try await driver.perform(step, in: context)
            #expect((cloud.now.hosts["cmp1"]?.reason ?? "").count <= 255)
        }
        #expect(cloud.now.hosts["cmp1"]?.isEnabled == true && cloud.places["web-1"] == "cmp1")
    }
}
