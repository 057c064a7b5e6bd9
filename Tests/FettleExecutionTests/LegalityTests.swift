import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// One function says what may follow what. Whatever it refuses leaves the machine as it was.
@Suite struct LegalityTests {
    static let plan = PoolPlan(waves: [1, 1], minimumAvailable: 1).plan()
    static let started = RunEvent.started(
        change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "00")), by: "alice")

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var before: [RunEvent]
        var event: RunEvent
        var reason: String

        init(_ name: String, after before: [RunEvent], _ event: RunEvent, _ reason: String) {
            testDescription = name
            self.before = before
            self.event = event
            self.reason = reason
        }
    }

    private static func done(_ step: StepID, _ attempt: Int = 1, _ verdict: GateVerdict = .pass, at: Int = 0)
        -> RunEvent
    {
        .stepDone(
            step: step, attempt: attempt,
            observation: Observation(
                verdict: verdict, summary: "", observedAt: Timestamp(milliseconds: 1000).adding(seconds: at)))
    }

    private static func intended(_ step: StepID, _ attempt: Int = 1) -> RunEvent {
        .stepIntended(step: step, attempt: attempt, prior: nil)
    }

    private static func failed(_ step: StepID, _ attempt: Int = 1) -> RunEvent {
        .stepFailed(step: step, attempt: attempt, failure: StepFailure(code: .locked, message: "locked"))
    }

    private static let running: [RunEvent] = [started, .claimed(executor: "one")]
    private static let drained: [RunEvent] =
        running + [intended("web-1/preflight"), done("web-1/preflight"), intended("web-1/drain"), done("web-1/drain")]

    static let cases: [Case] = [
        Case("nothing before the start", after: [], .claimed(executor: "one"), "not been started"),
        Case("a second start", after: running, started, "started before"),
        Case("an unknown step", after: running, intended("web-9/drain"), "not in the plan"),
        Case("a step out of its order", after: running, intended("web-1/drain"), "waits for web-1/preflight (I3)"),
        Case("an attempt that is no successor", after: running, intended("web-1/preflight", 2), "attempt 1 of"),
        Case(
            "a return while a lost drain is being taken again",
            after: drained
                + ["patch", "restart", "gate", "verify"].flatMap { name -> [RunEvent] in
                    let step = StepID("web-1/\(name)")
                    return [intended(step), done(step)]
                } + [intended("web-1/drain", 2)], intended("web-1/restore"), "web-1/drain is under way"),
        Case(
            "a second attempt beside the first", after: running + [intended("web-1/preflight")],
            intended("web-1/preflight", 2), "under way"),
        Case("a result without an intent", after: running, done("web-1/preflight"), "no attempt"),
        Case(
            "a result of another attempt", after: running + [intended("web-1/preflight")], done("web-1/preflight", 2),
            "attempt 1 of web-1/preflight is under way"),
        Case(
            "a late failure of a step that is done", after: drained, failed("web-1/drain"), "settled"),
        Case(
            "an observation that doesn't pass", after: running + [intended("web-1/preflight")],
            done("web-1/preflight", 1, .inconclusive), "(I6)"),
        Case(
            "an observation older than its act", after: running + [intended("web-1/preflight")],
            done("web-1/preflight", 1, .pass, at: -60), "older than the act"),
        Case("a rollback step on the way forward", after: drained, intended("web-1/rollback/drain"), "not wanted"),
        Case(
            "a start in a pause", after: running + [.paused(by: "bob", reason: "")], intended("web-1/preflight"),
            "paused"),
        Case(
            "a change of what is put back for a pause", after: drained + [.paused(by: "bob", reason: "")],
            intended("web-1/patch"), "not wanted"),
        Case("a resume without a pause", after: running, .resumed(by: "bob"), "not paused"),
        Case(
            "an abort of what goes back", after: running + [.rollbackRequested(by: nil, reason: "")],
            .abortRequested(by: "bob", reason: ""), "rolled back already"),
        Case("an end that leaves a host out", after: drained, .ended(outcome: .succeeded), "web-1 is still out"),
        Case(
            "an end in the middle of a step", after: running + [intended("web-1/preflight")],
            .ended(outcome: .succeeded), "under way"),
        Case(
            "skipping a gate", after: drained, .stepSkipped(step: "web-1/gate", by: "bob", reason: ""),
            "cannot be skipped"),
        Case(
            "skipping the proof before the return", after: drained,
            .stepSkipped(step: "web-1/verify", by: "bob", reason: ""), "cannot be skipped"),
        // spinnaker#7921: redelivery turned a success back to running.
        Case(
            "anything after the end",
            after: running + [.abortRequested(by: "bob", reason: ""), .ended(outcome: .failed(reason: ""))],
            .retried(by: "bob"), "has ended"),
    ]

    @Test(arguments: cases)
    func whatCannotFollowIsRefused(example: Case) throws {
        var machine = try RunMachine(run: "run-1", plan: Self.plan)
        for event in example.before { try machine.apply(Self.record(event, after: machine)) }
        let before = machine.fold
        let error = #expect(throws: IllegalTransition.self) {
            try machine.apply(Self.record(example.event, after: machine))
        }
        #expect(error?.reason.contains(example.reason) == true, "\(error?.reason ?? "")")
        #expect(machine.fold == before)
    }

    /// The rules of turns hold for a journal that is read again as for one that is written.
    @Test func whoIsOutOfTurnIsRefused() throws {
        var pool = PoolPlan(waves: [1, 1], minimumAvailable: 1)
        pool.bakes = false
        pool.limits.failureBudget = 1
        let plan = pool.plan()
        func whole(_ host: String, _ steps: String..., attempt: Int = 1) -> [RunEvent] {
            steps.flatMap { step -> [RunEvent] in
                let id = StepID("\(host)/\(step)")
                return [Self.intended(id, attempt), Self.done(id, attempt)]
            }
        }
        func expect(_ before: [RunEvent], _ event: RunEvent, _ reason: String?) throws {
            var machine = try RunMachine(run: "run-1", plan: plan)
            for event in before { try machine.apply(Self.record(event, after: machine)) }
            let record = Self.record(event, after: machine)
            guard let reason else { return try machine.apply(record) }
            let error = #expect(throws: IllegalTransition.self) { try machine.apply(record) }
            #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
        }
        let prepared = Self.running + whole("web-1", "preflight") + whole("web-2", "preflight")
        let firstDone =
            prepared + whole("web-1", "drain", "patch", "restart", "gate", "verify", "restore")
        try expect(prepared, Self.intended("web-2/drain"), "web-2 waits for web-1: pool web: wave after wave (I3)")
        try expect(prepared, Self.intended("web-1/drain"), nil)
        try expect(firstDone, Self.intended("web-2/drain"), nil)

        let drift = RunEvent.stepFailed(
            step: "web-1/preflight", attempt: 1, failure: StepFailure(code: .drift, message: "changed"))
        let passed =
            Self.running + whole("web-2", "preflight") + [Self.intended("web-1/preflight"), drift]
            + whole("web-2", "drain") + [.retried(by: "bob")] + whole("web-1", "preflight", attempt: 2)
        try expect(passed, Self.intended("web-1/drain"), "web-1 may not be out together with web-2 (I1)")

        let bothDone = firstDone + whole("web-2", "drain", "patch", "restart", "gate", "verify", "restore")
        let back = bothDone + [.rollbackRequested(by: "bob", reason: "bad")]
        try expect(back, Self.intended("web-1/rollback/drain"), "web-1 waits for web-2")
        try expect(back, Self.intended("web-2/rollback/drain"), nil)
        let secondBack =
            back + whole("web-2/rollback", "drain", "return", "restart", "gate", "verify", "restore")
        try expect(secondBack, Self.intended("web-1/rollback/drain"), nil)
    }

    @Test func aJournalWithAGapOrAnOldEpochIsDamaged() throws {
        var machine = try RunMachine(run: "run-1", plan: Self.plan)
        try machine.apply(JournalRecord(sequence: 1, epoch: 2, at: Self.time, event: Self.started))
        for (sequence, epoch) in [(1, 2), (3, 2), (2, 1)] {
            #expect(throws: IllegalTransition.self) {
                try machine.apply(
                    JournalRecord(sequence: sequence, epoch: epoch, at: Self.time, event: .claimed(executor: "one")))
            }
        }
        // Only a claim begins an epoch.
        #expect(throws: IllegalTransition.self) {
            try machine.apply(JournalRecord(sequence: 2, epoch: 3, at: Self.time, event: .paused(by: "a", reason: "")))
        }
    }

    @Test func aReportThatNobodyWaitsForChangesNothing() throws {
        var machine = try RunMachine(run: "run-1", plan: Self.plan)
        for event in Self.running { try machine.apply(Self.record(event, after: machine)) }
        _ = machine.next(at: Self.time)
        let observation = Observation(verdict: .pass, summary: "", observedAt: Self.time)
        machine.receive(.performed("web-1/preflight", attempt: 1, .success(observation)), at: Self.time)
        machine.receive(.checked("web-2/preflight", attempt: 1, .ready(prior: nil)), at: Self.time)
        machine.receive(.checked("web-1/preflight", attempt: 7, .ready(prior: nil)), at: Self.time)
        machine.receive(.reserved("web-1/drain", .granted), at: Self.time)
        #expect(machine.next(at: Self.time) == [.wait(until: nil)])
        machine.receive(.checked("web-1/preflight", attempt: 1, .ready(prior: nil)), at: Self.time)
        #expect(machine.next(at: Self.time) == [.append([Self.intended("web-1/preflight")])])
    }

    @Test func aMalformedPlanIsRefused() throws {
        var twice = Self.plan
        twice.steps.append(twice.steps[0])
        #expect(throws: PlanDefect.self) { try RunMachine(run: "run-1", plan: twice) }
        var unknown = Self.plan
        unknown.steps[0].after = ["nowhere"]
        #expect(throws: PlanDefect.self) { try RunMachine(run: "run-1", plan: unknown) }
        var oneWay = Self.plan
        oneWay.rollback = []
        oneWay.steps.removeAll { $0.availability == .bringsBack }
        #expect(throws: PlanDefect.self) { try RunMachine(run: "run-1", plan: oneWay) }
    }

    @Test func aMalformedOrderOrWindowIsRefused() throws {
        func defect(_ change: (inout Plan) -> Void) throws -> PlanDefect? {
            var plan = Self.plan
            change(&plan)
            return #expect(throws: PlanDefect.self) { try RunMachine(run: "run-1", plan: plan) }
        }
        let twice = try defect { $0.order[0].turns = [["web-1", "web-2"], ["web-1"]] }
        #expect(twice?.code == .malformedOrder && twice?.message.contains("names web-1 twice") == true)
        let beside = try defect { $0.order[0].turns = [["web-2", "web-2"]] }
        #expect(beside?.message.contains("names web-2 twice") == true)
        let empty = try defect { $0.order[0].turns = [["web-1"], [], ["web-2"]] }
        #expect(empty?.code == .malformedOrder && empty?.message.contains("turn 2") == true)
        for window in [-1, 1, Int.max] {
            #expect(try defect { $0.targets[0].window = window }?.code == .unknownWindow)
        }
    }

    private static let time = Timestamp(milliseconds: 1000)

    private static func record(_ event: RunEvent, after machine: RunMachine) -> JournalRecord {
        JournalRecord(sequence: machine.sequence + 1, epoch: 1, at: time, event: event)
    }
}
