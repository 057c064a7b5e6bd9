import ArgumentParser

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Reports for people and programs: of a run, and of how the fleet stands.",
        discussion: """
            `fettle report run-1` is short for `fettle report run run-1`. Each report is shown, or written as a page (--html), a \
            workbook (--xlsx) or CSV (--csv), and answers with -o json, csv or ndjson. All but a run's are made from what is kept, and \
            look at no host.
            """,
        subcommands: [
            ReportRun.self, ReportCompliance.self, ReportAge.self, ReportExceptions.self, ReportOwnership.self,
            ReportAlignment.self, ReportTrend.self,
        ], defaultSubcommand: ReportRun.self)
}
