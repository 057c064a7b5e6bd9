import FettleExecution
import FettleModel
import FettleStore

extension DisasterPlay {
    /// Of what goes wrong, and of what became of it.
    mutating func tell(_ words: String) {
        story.append("\(Self.clock(now.milliseconds - beganAt.milliseconds)) [\(store.journal.count)] \(words)")
    }

    /// Of everything else, when a person wants to read it.
    mutating func narrate(_ words: @autoclosure () -> String) {
        if tellsAll { tell(words()) }
    }

    /// Since the play began, such as `0:01:23.456`.
    private static func clock(_ milliseconds: Int64) -> String {
        func padded(_ number: Int64, _ digits: Int) -> String {
            String(repeating: "0", count: max(0, digits - "\(number)".count)) + "\(number)"
        }
        let seconds = milliseconds / 1_000
        return
            "\(seconds / 3_600):\(padded(seconds % 3_600 / 60, 2)):\(padded(seconds % 60, 2)).\(padded(milliseconds % 1_000, 3))"
    }
}

extension DisasterResult {
    /// The story with what lies in the middle left out where it is longer than `lines`.
    public func story(lines: Int) -> [String] {
        guard story.count > max(2, lines) else { return story }
        let first = max(1, lines / 4)
        let last = max(1, lines - first)
        return story.prefix(first) + ["… \(story.count - first - last) lines are left out …"] + story.suffix(last)
    }
}

extension RunEvent {
    /// For a story.
    var words: String {
        switch self {
        case .started: "the run is started"
        case .claimed(let executor): "\(executor) has the run"
        case .stepIntended(let step, let attempt, let prior):
            prior?.alreadySo == true
                ? "\(step) is so already (attempt \(attempt))" : "\(step) is to be done (attempt \(attempt))"
        case .stepDone(let step, let attempt, let observation):
            "\(step) is done (attempt \(attempt)): \(observation.summary)"
        case .stepFailed(let step, let attempt, let failure):
            "\(step) has failed (attempt \(attempt)): \(failure.message)"
        case .stepSkipped(let step, let person, let reason): "\(step) is skipped by \(person): \(reason)"
        case .paused(let person, let reason): "paused by \(person): \(reason)"
        case .resumed(let person): "\(person) ends the pause"
        case .retried(let person): "\(person) has it tried again"
        case .failedRetried(let resources, let person): "\(person) has \(resources) tried again"
        case .gateAnswered(let step, let person, let verdict, let reason):
            "\(person) says \(verdict) to \(step): \(reason)"
        case .partRollbackRequested(let resources, let person, let reason):
            "\(resources) go back, asked by \(person): \(reason)"
        case .handOverRequested(let person, let reason): "\(person) wants another executor: \(reason)"
        case .superseded(let run, let hosts, let person): "\(run) takes \(hosts) over, started by \(person)"
        case .abortRequested(let person, let reason): "\(person) stops the run: \(reason)"
        case .rollbackRequested(let person, let reason):
            "everything goes back\(person.map { ", asked by \($0)" } ?? ""): \(reason)"
        case .quarantined(let entry): "\(entry.resource) goes into quarantine: \(entry.reason)"
        case .awaitingHuman(let reason): "waits for a person: \(reason)"
        case .ended(let outcome): "the end: \(outcome)"
        }
    }
}

extension Report {
    var words: String {
        switch self {
        case .checked(let step, let attempt, let answer):
            switch answer {
            case .ready: "\(step) can be done (attempt \(attempt))"
            case .alreadyDone(let observation): "\(step): \(observation.summary)"
            case .blocked(let reason): "\(step) is blocked: \(reason)"
            case .unknown(let failure): "of \(step) nothing can be told: \(failure.message)"
            case .drainLost(let drain): "\(step) has to wait, \(drain) no longer holds"
            }
        case .reserved(let step, .granted): "\(step) may take its host out"
        case .reserved(let step, .refused(reason: let reason)): "\(step) may not: \(reason)"
        case .performed(let step, let attempt, .success(let observation)):
            "\(step) (attempt \(attempt)): \(observation.verdict.rawValue), \(observation.summary)"
        case .performed(let step, let attempt, .failure(let failure)):
            "\(step) (attempt \(attempt)) fails: \(failure.message)"
        case .released(let resource): "\(resource) has been given back"
        case .quarantineFiled(let resource): "\(resource) stands in the quarantine ledger"
        }
    }
}
