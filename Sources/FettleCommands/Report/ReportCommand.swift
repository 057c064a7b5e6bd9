import ArgumentParser
import FettleControl
import FettleDrivers
import FettleModel
import FettleReporting
import Foundation

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "The report of a run: hosts before and after, timeline, approvals, gates, failures.",
        discussion: "What was gathered when the run ended is shown; `--fresh` looks at the hosts again.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The run, such as run-1.") var run: String
    @Option(help: "Write the HTML page here.") var html: String?
    @Option(help: "A file or folder with advisory feeds (or FETTLE_FEEDS).") var feeds: String?
    @Flag(help: "Look at the hosts again.") var fresh = false

    func run() async throws {
        let session = try Session(options)
        var evidence = fresh ? nil : try await session.evidence.kept(RunID(run))
        if evidence == nil {
            evidence = try await session.evidence.gather(
                for: RunID(run), fleet: session.fleet, policy: session.policy, feeds: session.feeds(feeds))
            await session.close()
        }
        guard let evidence else { return }
        let judgement = try await session.judgements.judgement(
            before: evidence, fleet: session.fleet, policy: session.policy, feeds: session.feeds(feeds))
        let report = EvidenceService.report(evidence, judgement: judgement)
        if let html {
            try Data(HTMLReport.page(report).utf8).write(to: URL(fileURLWithPath: html), options: .atomic)
            if options.output == .table { session.print("wrote \(html)") }
        }
        if options.output == .json { return try session.printJSON(report) }
        session.print(RunResultView(report: report).lines())
    }
}
