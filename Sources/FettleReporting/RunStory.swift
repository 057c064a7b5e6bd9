public import FettleModel

/// A run's journal as people ask about it: what happened to each host and when, who decided what, what failed.
public struct RunStory: Codable, Sendable, Equatable {
    public var startedAt: Timestamp?
    public var endedAt: Timestamp?
    public var outcome: RunOutcome?
    /// In the order in which they were first intended. A step that was done and then taken anew stands here once for each time.
    public var steps: [StepStory] = []
    /// Pauses, requests, take-overs: everything that is not a step, in order.
    public var moments: [Moment] = []
    public var quarantined: [QuarantineEntry] = []
    /// What the run stands still for; nil unless it does.
    public var awaiting: String?

    public struct StepStory: Codable, Sendable, Equatable {
        public var step: StepID
        public var resource: ResourceID
        public var name: String
        public var isRollback: Bool
        public var attempts: Int
        public var startedAt: Timestamp
        /// nil while no result is journaled.
        public var endedAt: Timestamp?
        public var observation: Observation?
        public var failure: StepFailure?
        public var skipped: String?
    }

    public struct Moment: Codable, Sendable, Equatable {
        public var at: Timestamp
        public var text: String
        /// Something went other than planned.
        public var isTrouble: Bool
    }

    public init(plan: Plan, journal: [JournalRecord]) {
        let forward = Dictionary(plan.steps.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let rollback = Dictionary(plan.rollback.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var position: [StepID: Int] = [:]
        for record in journal {
            tell(record, forward: forward, rollback: rollback, position: &position)
        }
    }

    private mutating func tell(
        _ record: JournalRecord, forward: [StepID: Step], rollback: [StepID: Step], position: inout [StepID: Int]
    ) {
        switch record.event {
        case .started(_, _, let person):
            startedAt = record.at
            moment(record, "started by \(person)")
        case .claimed(let executor):
            if record.epoch > 1 { moment(record, "taken over by \(executor) (epoch \(record.epoch))", trouble: true) }
        case .stepIntended(let id, let attempt, _):
            let step = forward[id] ?? rollback[id]
            // Done before, and taken anew after its host was put back for a pause: another time of its own.
            if let known = position[id], steps[known].observation == nil {
                steps[known].attempts = attempt
                steps[known].endedAt = nil
                steps[known].failure = nil
            } else {
                begin(step, id, isRollback: rollback[id] != nil, attempt, at: record.at, &position)
            }
        case .stepDone(let id, _, let observation):
            update(id, position) {
                $0.endedAt = record.at
                $0.observation = observation
                $0.failure = nil
            }
        case .stepFailed(let id, _, let failure):
            update(id, position) {
                $0.endedAt = record.at
                $0.failure = failure
            }
            moment(record, "\(id) failed: \(failure.message)", trouble: true)
        case .stepSkipped(let id, let person, let reason):
            update(id, position) { $0.skipped = reason }
            moment(record, "\(person) skipped \(id): \(reason)", trouble: true)
        case .gateAnswered(let id, let person, .fail, let reason):
            // A no is the gate's failure, and the machine writes no other line of it.
            if position[id] == nil {
                let step = forward[id] ?? rollback[id]
                begin(step, id, isRollback: rollback[id] != nil, 1, at: record.at, &position)
            }
            update(id, position) {
                $0.endedAt = record.at
                $0.failure = StepFailure(code: .unhealthy, message: "\(person) answered no: \(reason)")
            }
            tellDecision(record)
        default:
            tellDecision(record)
        }
    }

    /// - Parameter step: nil: the plan has none of that id.
    private mutating func begin(
        _ step: Step?, _ id: StepID, isRollback: Bool, _ attempt: Int, at time: Timestamp,
        _ position: inout [StepID: Int]
    ) {
        position[id] = steps.count
        steps.append(
            StepStory(
                step: id, resource: step?.resource ?? ResourceID(""), name: step?.action.name ?? id.rawValue,
                isRollback: isRollback, attempts: attempt, startedAt: time))
    }

    private mutating func tellDecision(_ record: JournalRecord) {
        switch record.event {
        case .gateAnswered(let id, let person, let verdict, let reason):
            awaiting = nil
            moment(
                record, "\(person) answered \(id) with \(verdict.rawValue): \(reason)", trouble: verdict != .pass)
        case .paused(let person, let reason): moment(record, "paused by \(person): \(reason)")
        case .resumed(let person):
            awaiting = nil
            moment(record, "resumed by \(person)")
        case .retried(let person):
            awaiting = nil
            moment(record, "\(person) tries again")
        case .abortRequested(let person, let reason):
            awaiting = nil
            moment(record, "abort asked for by \(person): \(reason)", trouble: true)
        case .rollbackRequested(let person, let reason):
            awaiting = nil
            let who = person.map { "asked for by \($0)" } ?? "decided by the failure budget"
            moment(record, "rollback \(who): \(reason)", trouble: true)
        case .partRollbackRequested(let resources, let person, let reason):
            awaiting = nil
            let names = resources.prefix(10).map(\.rawValue).joined(separator: ", ")
            let more = resources.count > 10 ? " and \(resources.count - 10) more" : ""
            moment(record, "rollback of \(names)\(more) asked for by \(person): \(reason)", trouble: true)
        case .failedRetried(let resources, let person):
            awaiting = nil
            moment(record, "\(person) tries again: \(resources.map(\.rawValue).joined(separator: ", "))")
        case .superseded(let other, let hosts, let person):
            awaiting = nil
            endedAt = record.at
            outcome = .failed(reason: "superseded by \(other)")
            // What is in quarantine by it and was not taken over stays so.
            quarantined.removeAll { hosts.contains($0.resource) }
            moment(record, "superseded by \(other), started by \(person)", trouble: true)
        case .handOverRequested(let person, let reason):
            moment(record, "handed over by \(person): \(reason)")
        case .quarantined(let entry):
            quarantined.append(entry)
            moment(record, "\(entry.resource) stays out of traffic: \(entry.reason)", trouble: true)
        case .awaitingHuman(let reason):
            awaiting = reason
            moment(record, "waits for a person: \(reason)", trouble: true)
        case .ended(let outcome):
            endedAt = record.at
            self.outcome = outcome
            moment(record, outcome.words, trouble: outcome != .succeeded)
        default: break
        }
    }

    private mutating func moment(_ record: JournalRecord, _ text: String, trouble: Bool = false) {
        moments.append(Moment(at: record.at, text: text, isTrouble: trouble))
    }

    private mutating func update(_ id: StepID, _ position: [StepID: Int], _ change: (inout StepStory) -> Void) {
        guard let index = position[id] else { return }
        change(&steps[index])
    }
}

extension RunOutcome {
    /// As a sentence says it.
    public var words: String {
        switch self {
        case .succeeded: "succeeded"
        case .rolledBack(let reason): "rolled back: \(reason)"
        case .failed(let reason): "failed: \(reason)"
        }
    }
}
