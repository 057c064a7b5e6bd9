import FettleExecution
import FettleModel
import FettleReporting
import Foundation
import Synchronization

/// The live view of a run: a line for each thing that happened, and below them, on a terminal, a line that says how it stands.
final class RunPrinter: Sendable {
    private let terminal: Terminal
    private let isQuiet: Bool
    private let start = Mutex<Timestamp?>(nil)

    init(terminal: Terminal = .standard, isQuiet: Bool) {
        self.terminal = terminal
        self.isQuiet = isQuiet
    }

    func show(_ record: JournalRecord, _ state: RunState) {
        guard !isQuiet else {
            if case .awaitingHuman(let reason) = record.event { notice("waits for a person: \(reason.printable)") }
            return
        }
        let began = start.withLock { start in
            if start == nil { start = state.startedAt ?? record.at }
            return start ?? record.at
        }
        if let text = describe(record, state) {
            let seconds = String(format: "%6.1f s", record.at.seconds(since: began))
            line("\(TextStyle.dim.apply(seconds, in: terminal))  \(text)")
        }
        drawStatus(state)
    }

    func line(_ text: String) {
        guard !isQuiet else { return }
        write((terminal.isInteractive ? "\r\u{1b}[K" : "") + text + "\n")
    }

    /// Said to whoever is at the terminal, JSON or not.
    func notice(_ text: String) {
        if isQuiet { return Output.note(text) }
        line(TextStyle.yellow.apply(text, in: terminal))
    }

    /// Takes the status line away.
    func tidy() {
        guard !isQuiet, terminal.isInteractive else { return }
        _ = Output.write(Array("\r\u{1b}[K".utf8), to: STDOUT_FILENO)
    }

    private func describe(_ record: JournalRecord, _ state: RunState) -> String? {
        switch record.event {
        case .started(_, _, let person): return "started by \(person)"
        case .claimed: return record.epoch > 1 ? "went on from the journal (epoch \(record.epoch))" : nil
        case .stepIntended: return nil
        case .stepDone(let step, _, let observation):
            return
                "\(TextStyle.green.apply("✓", in: terminal)) \(name(step))  \(TextStyle.dim.apply(observation.summary.printable, in: terminal))"
        case .stepFailed(let step, let attempt, let failure):
            let tries = attempt > 1 ? " (attempt \(attempt))" : ""
            return "\(TextStyle.red.apply("✗", in: terminal)) \(name(step))\(tries)  \(failure.message.printable)"
        case .stepSkipped(let step, let person, let reason):
            return "- \(name(step)) skipped by \(person): \(reason.printable)"
        case .gateAnswered(let step, let person, let verdict, let reason):
            return "\(name(step)) answered by \(person) with \(verdict.rawValue): \(reason.printable)"
        case .paused(let person, let reason):
            return TextStyle.yellow.apply("paused by \(person): \(reason.printable)", in: terminal)
        case .resumed(let person): return "resumed by \(person)"
        case .retried(let person): return "\(person) tries again"
        case .failedRetried(let resources, let person):
            return "\(person) tries again: \(PlanView.list(resources.map(\.rawValue)).printable)"
        case .superseded(let other, _, let person):
            return TextStyle.bold.apply("superseded by \(other), started by \(person)", in: terminal)
        case .handOverRequested(let person, let reason):
            return TextStyle.yellow.apply("handed over by \(person): \(reason.printable)", in: terminal)
        case .partRollbackRequested(let resources, let person, let reason):
            let names = PlanView.list(resources.map(\.rawValue)).printable
            return TextStyle.red.apply("\(names) going back, asked for by \(person): \(reason.printable)", in: terminal)
        case .abortRequested(let person, let reason):
            return TextStyle.red.apply("abort, asked for by \(person): \(reason.printable)", in: terminal)
        case .rollbackRequested(let person, let reason):
            let who = person.map { "asked for by \($0)" } ?? "the failure budget is used up"
            return TextStyle.red.apply("going back, \(who): \(reason.printable)", in: terminal)
        case .quarantined(let entry):
            return TextStyle.red.apply(
                "\(entry.resource) stays out of traffic: \(entry.reason.printable)", in: terminal)
        case .awaitingHuman(let reason):
            return TextStyle.yellow.apply("waits for a person: \(reason.printable)", in: terminal)
        case .ended(let outcome): return TextStyle.bold.apply(outcome.words.printable, in: terminal)
        }
    }

    private func name(_ step: StepID) -> String {
        step.rawValue.padding(toLength: max(22, step.rawValue.count), withPad: " ", startingAt: 0).printable
    }

    private func drawStatus(_ state: RunState) {
        guard terminal.isInteractive, state.outcome == nil else { return }
        write("\r\u{1b}[K" + RunStatusLine(state).text(width: (terminal.width ?? 80) - 1))
    }

    private func write(_ text: String) { Output.write(text) }
}
