import ArgumentParser
import FettleAssessment
import FettleControl
import FettleModel
import FettleReporting

struct ComplianceCommand: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "compliance",
        abstract: "Whether findings are settled in time: age since first seen against policy.",
        discussion: """
            Due is what policy says (dueInDays, from when a finding was first seen) or the list of exploited weaknesses, whichever is \
            sooner. Waived findings are counted apart. Ends with 0 (all within their time), 101 (security findings are overdue), 100 \
            (only others are), 4 (none is, but some resources could not be judged), 1 or 2.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments

    func run() async throws {
        let session = try Session(options)
        let fleet = try session.fleet
        let report = try await session.compliance.report(
            on: scope.resources(of: fleet), fleet: fleet, policy: session.policy)
        switch options.output {
        case .json: try session.printJSON(report)
        case .csv, .ndjson:
            try Output.writeLines(ListAnswer.compliance(report), as: options.output)
            // What was not judged has no line of its own there, and is not to be lost.
            if !report.advisoriesChecked { session.note("advisories not checked: no feed was given") }
            for gap in report.notJudged { session.note("not judged: \(gap.resource): \(gap.reason)") }
        case .table, .ics: session.print(ComplianceView(report: report).lines())
        }
        throw Self.status(of: report).code
    }

    /// The codes of `scan`: overdue is what needs an update most. Not judged is not compliant.
    static func status(of report: ComplianceReport) -> ExitStatus {
        if report.securityOverdue > 0 { return .securityUpdatesNeeded }
        if report.total.overdue > 0 { return .updatesNeeded }
        return report.total.notJudged > 0 ? .partial : .ok
    }
}

struct ComplianceView {
    var report: ComplianceReport

    func lines(in terminal: Terminal = .standard) -> String {
        var text: [String] = []
        var table = Table([
            .init(title: "WHERE"), .init(title: "HOSTS", alignsRight: true), .init(title: "OPEN", alignsRight: true),
            .init(title: "IN TIME", alignsRight: true), .init(title: "OVERDUE", alignsRight: true),
            .init(title: "BY AT MOST", alignsRight: true), .init(title: "NO FIX", alignsRight: true),
            .init(title: "WAIVED", alignsRight: true), .init(title: "CLOSED 30 D"), .init(title: "CLOSED 90 D"),
            .init(title: "NOT JUDGED", alignsRight: true),
        ])
        for part in report.environments { add(part, "environment", to: &table) }
        for part in report.groups { add(part, "group", to: &table) }
        add(report.total, "", to: &table)
        text.append(table.render(in: terminal))
        if !report.worst.isEmpty { text += ["", "The most overdue:", worst.render(in: terminal)] }
        text.append("")
        if let gap = report.advisoriesGap {
            text.append(TextStyle.yellow.apply("Advisories not checked: \(gap) (`--feeds DIR`).", in: terminal))
        }
        for gap in report.notJudged.prefix(20) {
            text.append(TextStyle.yellow.apply("not judged: \(gap.resource): \(gap.reason.printable)", in: terminal))
        }
        text.append("Judged at \(report.assessedAt).")
        return text.joined(separator: "\n")
    }

    private func add(_ part: ComplianceReport.Part, _ kind: String, to table: inout Table) {
        let open = part.open.values.reduce(0, +)
        table.add(
            .init(kind.isEmpty ? part.name : "\(kind) \(part.name)", .bold), .init("\(part.resources)"),
            .init("\(open)"), .init("\(part.withinDue)"),
            .init("\(part.overdue)", part.overdue > 0 ? .red : .green),
            .init(part.mostDaysOverdue.map { "\($0) d" } ?? "-"), .init("\(part.overdueWithoutFix)"),
            .init("\(part.waived)"), .init(words(part.closedIn30Days)), .init(words(part.closedIn90Days)),
            .init("\(part.notJudged)", part.notJudged > 0 ? .yellow : .plain))
    }

    private func words(_ closed: ComplianceReport.Closed) -> String {
        guard closed.inTime + closed.late > 0 else { return "none" }
        let mean = closed.meanDays.map { ", \($0) d on average" } ?? ""
        return "\(closed.inTime) in time, \(closed.late) late\(mean)"
    }

    private var worst: Table {
        var table = Table([
            .init(title: "SOURCE"), .init(title: "HOST"), .init(title: "WHEN"), .init(title: "FIRST SEEN"),
            .init(title: "DUE"), .init(title: "OVERDUE", alignsRight: true), .init(title: "EXPLOITED"),
            .init(title: "FIX"), .init(title: "WHOSE JOB"),
        ])
        for line in report.worst {
            table.add(
                .init(line.source, .bold), .init(line.resource.rawValue),
                .init(line.outcome.words, line.outcome.style),
                .init(String(line.firstSeenAt.description.prefix(10))),
                .init(String(line.dueAt.description.prefix(10))),
                .init("\(line.daysOverdue) d", .red), .init(line.isExploited ? "yes" : "no"),
                .init(line.hasFix ? "yes" : "none offered"), .init(line.owner.words))
        }
        return table
    }
}
