import ArgumentParser
import FettleControl
import FettleModel
import FettleReporting

/// What the reports of the fleet share.
protocol FleetReport: AsyncParsableCommand, ListAnswering {
    static var kind: ReportService.Kind { get }
    var options: GlobalOptions { get }
    var scope: ScopeArguments { get }
    var forms: ReportForms { get }
}

extension FleetReport {
    func run() async throws {
        let session = try Session(options)
        let reports = session.reports
        // Of a large fleet both take seconds.
        async let look = reports.look(for: Self.kind)
        let fleet = try session.fleet
        let (resources, policy) = (try scope.resources(of: fleet), try session.policy)
        let document = try await reports.report(Self.kind, of: look, on: resources, fleet: fleet, policy: policy)
        try forms.write(document, saying: options.output == .table)
        try forms.answer(document, as: options.output)
    }
}

struct ReportCompliance: FleetReport {
    static let configuration = CommandConfiguration(
        commandName: "compliance",
        abstract: "Whether fixes are in place on time, by environment and group, and all that is overdue.",
        discussion: "`fettle compliance` answers with a code that tells whether anything is overdue; this one does not."
    )
    static let kind = ReportService.Kind.compliance

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @OptionGroup var forms: ReportForms
}

struct ReportAge: FleetReport {
    static let configuration = CommandConfiguration(
        commandName: "age", abstract: "How long fixes have been missing, against how long policy allows.")
    static let kind = ReportService.Kind.age

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @OptionGroup var forms: ReportForms
}

struct ReportExceptions: FleetReport {
    static let configuration = CommandConfiguration(
        commandName: "exceptions", abstract: "Exceptions (waivers): of what, why, by whom, and until when.")
    static let kind = ReportService.Kind.exceptions

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @OptionGroup var forms: ReportForms
}

struct ReportOwnership: FleetReport {
    static let configuration = CommandConfiguration(
        commandName: "ownership", abstract: "Who patches which layer, which layers nobody owns, what others owe.")
    static let kind = ReportService.Kind.ownership

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @OptionGroup var forms: ReportForms
}

struct ReportTrend: FleetReport {
    static let configuration = CommandConfiguration(
        commandName: "trend", abstract: "Week by week: what was open, overdue, new and closed, and the runs.")
    static let kind = ReportService.Kind.trend

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @OptionGroup var forms: ReportForms
}
