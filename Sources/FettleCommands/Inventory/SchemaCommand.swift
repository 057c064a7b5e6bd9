import ArgumentParser
import FettleControl
import FettleInventory
import Foundation

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "JSON Schemas of the files that people and Fettle write.",
        discussion: "fleet, policy and feeds are for editors. The others are what `fettle export` and `-o json` write.")

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case fleet, policy, feeds, problems, facts, findings, selection, plan, journal, report

        var json: Data {
            switch self {
            case .fleet: FleetSchema.json
            case .policy: PolicySchema.json
            case .feeds: FeedsSchema.json
            case .problems: ProblemsSchema.json
            case .facts: StageSchema.facts.json
            case .findings: StageSchema.findings.json
            case .selection: StageSchema.selection.json
            case .plan: StageSchema.plan.json
            case .journal: StageSchema.journal.json
            case .report: ReportSchema.json
            }
        }
    }

    @OptionGroup var form: OutputOptions
    @Argument(help: "fleet, policy, feeds, problems, facts, findings, selection, plan, journal or report.") var kind:
        Kind

    func run() throws {
        Output.writeLine(String(decoding: kind.json, as: UTF8.self))
    }
}
