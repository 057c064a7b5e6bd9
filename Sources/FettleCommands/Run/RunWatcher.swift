import FettleControl
import FettleDrivers
import FettleExecution
import FettleModel
import FettleReporting
import Foundation

/// Carries a run out in this process and shows it, then proves what became of it.
struct RunWatcher {
    let session: Session
    let display: RunDisplayArguments

    func carryOut(_ run: RunID, takesOver: Bool) async throws {
        if isTable {
            session.print(
                "\(TextStyle.bold.apply(run.rawValue, in: .standard)) started; `fettle run pause|abort|rollback \(run)` reaches it from elsewhere"
            )
        }
        Output.goOnWithoutReader()
        let printer = RunPrinter(isQuiet: !isTable)
        let options = RunService.Options(
            executor: ExecutorName.own, takesOver: takesOver,
            progress: { record, state in printer.show(record, state) },
            refused: { _, reason in printer.line("not granted: \(reason.printable)") })
        let result = try await session.runs.carryOut(run, startedBy: session.person, options: options)
        let outcome = try await finish(run, result)
        await session.close()
        throw outcome.code
    }

    private var isTable: Bool { session.options.output == .table }

    private func finish(_ run: RunID, _ result: RunExecutionResult) async throws -> ExitStatus {
        var isComplete = true
        if !display.noVerify {
            do {
                try await look(at: run)
            } catch {
                // What became of the run is known all the same, and is what the exit code tells.
                session.note("the hosts could not be looked at again: \(FettleCommand.words(for: error))")
                session.note("`fettle report \(run)` tries it once more")
                isComplete = false
            }
        }
        let (_, _, state) = try await session.runs.story(of: run)
        for entry in state.quarantined where isTable {
            session.print(
                TextStyle.red.apply("\(entry.resource) stays out of traffic: \(entry.reason.printable)", in: .standard))
        }
        if !state.quarantined.isEmpty { session.next("fettle quarantine list") }
        let status = status(run, result)
        return status == .ok && !isComplete ? .partial : status
    }

    /// Looks at the hosts by other means than the run's own steps, and reports.
    private func look(at run: RunID) async throws {
        if isTable { session.print("looking at the hosts again …") }
        let evidence = try await session.evidence.gather(
            for: run, fleet: session.fleet, policy: session.policy, feeds: session.feeds(display.feeds))
        let report = EvidenceService.report(evidence)
        if isTable { session.print(RunResultView(report: report).lines()) }
        if !isTable { try session.printJSON(report) }
        if let path = display.report {
            try Data(HTMLReport.page(report).utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            if isTable { session.print("report: \(path)") }
        }
    }

    private func status(_ run: RunID, _ result: RunExecutionResult) -> ExitStatus {
        switch result {
        case .ended(.succeeded): return .ok
        case .ended(.rolledBack): return .rolledBack
        case .ended(.failed): return .failure
        case .awaitingHuman(let reason):
            if isTable {
                session.print(TextStyle.yellow.apply("The run waits for a person: \(reason.printable)", in: .standard))
            }
            session.next(
                "fettle run retry \(run) && fettle run resume \(run)",
                "fettle run rollback \(run) --reason '…' && fettle run resume \(run)")
            return .partial
        }
    }
}
