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
        let isTable = session.options.output == .table
        if isTable {
            session.print(
                "\(TextStyle.bold.apply(run.rawValue, in: .standard)) started; `fettle run pause|abort|rollback \(run)` reaches it from elsewhere"
            )
        }
        let printer = RunPrinter(isQuiet: !isTable)
        let options = RunService.Options(
            executor: ExecutorName.own, takesOver: takesOver,
            progress: { record, state in printer.show(record, state) },
            refused: { _, reason in printer.line("not granted: \(reason)") })
        let result = try await session.runs.carryOut(run, startedBy: session.person, options: options)
        let outcome = try await finish(run, result)
        await session.close()
        throw outcome.code
    }

    private func finish(_ run: RunID, _ result: RunExecutionResult) async throws -> ExitStatus {
        let (_, _, state) = try await session.runs.story(of: run)
        let isTable = session.options.output == .table
        if !display.noVerify {
            if isTable { session.print("looking at the hosts again …") }
            let evidence = try await session.evidence.gather(
                for: run, fleet: session.fleet, policy: session.policy, feeds: session.feeds(display.feeds))
            let report = EvidenceService.report(evidence)
            if isTable { session.print(RunResultView(report: report).lines()) }
            if !isTable { try session.printJSON(report) }
            if let path = display.report {
                try Data(HTMLReport.page(report).utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
                session.print("report: \(path)")
            }
        }
        for entry in state.quarantined where isTable {
            session.print(
                TextStyle.red.apply("\(entry.resource) stays out of traffic: \(entry.reason)", in: .standard))
        }
        if !state.quarantined.isEmpty { session.next("fettle quarantine list") }
        switch result {
        case .ended(.succeeded): return .ok
        case .ended(.rolledBack): return .rolledBack
        case .ended(.failed): return .failure
        case .awaitingHuman(let reason):
            if isTable { session.print(TextStyle.yellow.apply("The run waits for a person: \(reason)", in: .standard)) }
            session.next(
                "fettle run retry \(run) && fettle run resume \(run)",
                "fettle run rollback \(run) --reason '…' && fettle run resume \(run)")
            return .partial
        }
    }
}
