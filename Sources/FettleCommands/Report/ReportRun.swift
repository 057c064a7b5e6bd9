import ArgumentParser
import FettleControl
import FettleDrivers
import FettleModel
import FettleReporting
import Foundation

struct ReportRun: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "The report of a run: hosts before and after, timeline, approvals, gates, failures.",
        discussion: "What was gathered when the run ended is shown; `--fresh` looks at the hosts again.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var forms: ReportForms
    @Argument(help: "The run, such as run-1.") var run: String
    @OptionGroup var advisories: AdvisoryOptions
    @Flag(help: "Look at the hosts again.") var fresh = false

    func run() async throws {
        let session = try Session(options)
        var evidence = fresh ? nil : try await session.evidence.kept(RunID(run))
        if evidence == nil {
            evidence = try await session.evidence.gather(
                for: RunID(run), fleet: session.fleet, policy: session.policy, feeds: session.feeds(advisories.source)
            ).evidence
            await session.close()
        }
        guard let evidence else { return }
        let judgement = try await session.judgements.judgement(
            before: evidence, fleet: session.fleet, policy: session.policy, feeds: session.feeds(advisories.source))
        let report = EvidenceService.report(evidence, judgement: judgement)
        let document = RunDocument.make(report, at: session.tools.now())
        try forms.write(document, page: HTMLReport.page(report), saying: options.output == .table)
        switch options.output {
        case .json: try session.printJSON(report)
        case .csv, .ndjson: try forms.answer(document, as: options.output)
        case .table, .ics: session.print(RunResultView(report: report).lines())
        }
    }
}
