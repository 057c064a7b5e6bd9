import FettleControl
import FettleExecution
import FettleModel
import FettleStore
import Foundation
import Synchronization

/// Ctrl-C while a run is carried out here: the run is paused in its journal, what is under way is finished, hosts that are out are
/// brought to their next safe point, and then this process leaves. Nothing is cut off in the middle; a run that is on its way back
/// goes on until that is done.
final class RunStop: Sendable {
    private struct State {
        var work: Task<RunExecutionResult, any Error>?
        var isAsked = false
        var isPaused = false
    }

    private let run: RunID
    private let person: Person
    private let runs: RunService
    private let printer: RunPrinter
    private let state = Mutex(State())

    init(run: RunID, session: Session, printer: RunPrinter) {
        self.run = run
        person = session.person
        runs = session.runs
        self.printer = printer
    }

    /// It was left because it is paused and nothing is under way.
    var isPaused: Bool { state.withLock { $0.isPaused } }

    /// Does the work; meanwhile the first signal asks the run to pause.
    func carryOut(
        _ work: @escaping @Sendable () async throws -> RunExecutionResult
    ) async throws -> RunExecutionResult {
        let task = Task { try await work() }
        state.withLock { $0.work = task }
        Interruption.tidies { [printer] in printer.tidy() }
        Interruption.next(goesTo: { [self] _ in ask() })
        defer {
            Interruption.next(goesTo: nil)
            Interruption.tidies(with: nil)
            printer.tidy()
        }
        return try await task.value
    }

    private func ask() {
        state.withLock { $0.isAsked = true }
        printer.notice(
            "stopping: what is under way is finished first, then the run is paused; Ctrl-C again ends at once")
        Task { [self] in
            do throws(ControlError) {
                try await runs.pause(
                    run, carriedOutBy: ExecutorName.own, by: person, reason: "interrupted at its terminal")
                // It may have been paused before: then nothing more is journaled that `follow` could see.
                follow(try await runs.story(of: run).state)
            } catch {
                printer.notice("it cannot be paused: \(error.message.printable); Ctrl-C again ends at once")
            }
        }
    }

    /// Leaves the run once nothing of it is under way any more.
    func follow(_ run: RunState) {
        guard run.pause != nil, run.outcome == nil, run.isQuiet else { return }
        state.withLock { state in
            guard state.isAsked else { return }
            state.isPaused = true
            state.work?.cancel()
        }
    }

    func refused(_ request: RunRequest, _ reason: String) {
        printer.notice("not granted: \(reason.printable)")
    }
}

extension RunState {
    /// Nothing is being done and, as long as the pause lasts, nothing will be.
    fileprivate var isQuiet: Bool {
        guard case .forward = phase, finishing.isEmpty else { return false }
        let steps = resources.flatMap { $0.steps + $0.rollback } + waveSteps
        return !steps.contains { $0.status == .underWay }
    }
}
