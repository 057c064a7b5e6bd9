import FettleModel
import FettleStore
import Testing

@testable import FettleExecution

/// A machine by hand: every step that it performs is done, unless it is told otherwise here.
struct Hand {
    var machine: RunMachine
    var time: Int64 = 1_000_000
    var done: [StepID] = []
    var failures: [StepID: StepFailure] = [:]
    var lost: Set<StepID> = []
    /// What a step sees, if not that all is well.
    var verdicts: [StepID: GateVerdict] = [:]
    /// Under way as long as anybody waits for them.
    var endless: Set<StepID> = []
    /// No capacity is granted for them.
    var refused: Set<StepID> = []
    /// What the machine has not heard yet: one after the other, as in a session.
    private var reports: [Report] = []
    private var epoch = 1
    private(set) var journal: [JournalRecord] = []
    let plan: Plan

    init(_ plan: Plan) throws {
        machine = try RunMachine(run: "run-1", plan: plan)
        self.plan = plan
        let plan = StageReference(id: "plan-1", digest: Digest(rawValue: "00"))
        try write(.started(change: "change-1", plan: plan, by: "alice"))
        try write(.claimed(executor: "one"))
    }

    mutating func write(_ event: RunEvent) throws {
        let record = JournalRecord(
            sequence: machine.sequence + 1, epoch: epoch, at: Timestamp(milliseconds: time), event: event)
        try machine.apply(record)
        journal.append(record)
        if case .stepDone(let step, _, _) = event { done.append(step) }
    }

    /// Its executor dies when it has just written that it begins the step; another takes over.
    mutating func crash(beginning step: StepID, holding resources: Set<ResourceID> = []) throws {
        machine = try RunMachine(run: "run-1", plan: plan)
        reports = []
        for record in journal { try machine.apply(record) }
        try write(.stepIntended(step: step, attempt: 1, prior: nil))
        epoch += 1
        try write(.claimed(executor: "another"))
        machine.begin(holding: resources)
    }

    /// Until it ends, waits for a person, or `stop` says so.
    mutating func play(until stop: (Hand) -> Bool = { _ in false }) throws {
        for _ in 0..<3_000 {
            time += 500
            let now = Timestamp(milliseconds: time)
            if !reports.isEmpty { machine.receive(reports.removeFirst(), at: now) }
            for command in machine.next(at: now) {
                switch command {
                case .append(let events): for event in events { try write(event) }
                case .check(let order, let confirming): check(order, confirming)
                case .observeAndReserve(let order):
                    let isRefused = refused.contains(order.step.id)
                    reports.append(.reserved(order.step.id, isRefused ? .refused(reason: "too few") : .granted))
                case .perform(let order, _):
                    if endless.contains(order.step.id) { continue }
                    let seen = Observation(
                        verdict: verdicts[order.step.id] ?? .pass, summary: "", observedAt: now)
                    reports.append(.performed(order.step.id, attempt: order.attempt, .success(seen)))
                case .release(let resource): reports.append(.released(resource))
                case .quarantine(let entry): reports.append(.quarantineFiled(entry.resource))
                case .wait: break
                case .stop: return
                }
            }
            if machine.awaitingHuman != nil || stop(self) { return }
        }
    }

    private mutating func check(_ order: StepOrder, _ confirming: [StepOrder]) {
        var answer = StepAnswer.ready(prior: PriorState(alreadySo: false, details: [:]))
        if let drain = confirming.first(where: { lost.contains($0.step.id) }) { answer = .drainLost(drain.step.id) }
        if let failure = failures[order.step.id] { answer = .unknown(failure) }
        reports.append(.checked(order.step.id, attempt: order.attempt, answer))
    }
}
