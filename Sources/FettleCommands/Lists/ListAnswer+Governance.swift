import FettleAssessment
import FettleModel
import FettleReporting

extension ListAnswer {
    /// A line for each waiver.
    static func waivers(_ waivers: [WaiverLine]) -> ReportTable {
        table(
            "waivers",
            [
                ("waiver", "Its name"), ("state", "`active`, `expired` or `ended`"),
                ("kind", "`accepted`, `mitigated` or `notAffected`"),
                ("of", "Of what: `advisory`, `source` or `finding`"), ("subject", "The name of that"),
                ("aliases", "Other names of the same advisory, a space between them"),
                ("resources", "Only on these, names or globs; empty: on all"), ("groups", "Only in these groups"),
                ("environments", "Only in these environments"), ("owner", "Who answers for it"),
                ("expiresAt", "When it ends by itself"), ("createdAt", "When it was granted"),
                ("createdBy", "By whom"), ("reason", "Why"),
                ("justification", "Of `notAffected`: why, in the words of VEX"),
                ("endedAt", "When somebody ended it before its time"), ("endedBy", "Who"), ("endedBecause", "Why"),
            ], of: waivers
        ) { waiver in
            [
                .text(waiver.id.rawValue), .text(waiver.state.rawValue), .text(waiver.kind.rawValue),
                .text(waiver.scope.kind), .text(waiver.scope.name),
                cell((waiver.scope.aliases ?? []).map(\.rawValue)), cell(waiver.scope.resources),
                cell(waiver.scope.groups), cell(waiver.scope.environments), .text(waiver.owner.rawValue),
                .moment(waiver.expiresAt), .moment(waiver.createdAt), .text(waiver.createdBy.rawValue),
                .text(waiver.reason), .optional(waiver.justification?.rawValue), .optional(waiver.ending?.at),
                .optional(waiver.ending?.by.rawValue), .optional(waiver.ending?.reason),
            ]
        }
    }

    /// A line for each environment and group, and one for the whole.
    static func compliance(_ report: ComplianceReport) -> ReportTable {
        let parts =
            report.environments.map { ("environment", $0) } + report.groups.map { ("group", $0) }
            + [("total", report.total)]
        return table(
            "compliance",
            [
                ("part", "`environment`, `group` or `total`"), ("name", "Which one"), ("resources", "How many it has"),
                ("notJudged", "Of these: nothing is known, or not all; not to be read as compliant"),
                ("open", "Findings that are left to do and not waived"), ("withinDue", "Of these: within their time"),
                ("overdue", "Of these: over it"),
                ("overdueWithoutFix", "Of the overdue: no fix is published or offered"),
                ("mostDaysOverdue", "By how many days the most overdue is over; empty: none is"),
                ("waived", "Findings that a waiver covers"),
                ("closedInTime30Days", "Closed within their time, in the last 30 days"),
                ("closedLate30Days", "Closed after it"),
                ("meanDays30Days", "From first seen to gone, on average; empty: none was closed"),
                ("closedInTime90Days", "The same three of the last 90 days"), ("closedLate90Days", ""),
                ("meanDays90Days", ""),
            ], of: parts
        ) { kind, part in
            [
                .text(kind), .text(part.name), .count(part.resources), .count(part.notJudged),
                .count(part.open.values.reduce(0, +)), .count(part.withinDue), .count(part.overdue),
                .count(part.overdueWithoutFix), .optional(part.mostDaysOverdue), .count(part.waived),
                .count(part.closedIn30Days.inTime), .count(part.closedIn30Days.late),
                part.closedIn30Days.meanDays.map { .decimal($0) } ?? .none, .count(part.closedIn90Days.inTime),
                .count(part.closedIn90Days.late), part.closedIn90Days.meanDays.map { .decimal($0) } ?? .none,
            ]
        }
    }

    /// A line for each rule.
    static func policy(_ adherence: PolicyAdherence) -> ReportTable {
        table(
            "policy",
            [
                ("topic", "What the rule is about"), ("question", "`who`, `what`, `when` or `howFast`"),
                ("statement", "What holds, in words"),
                ("developed", "Whether it is written: `yes`, `partly`, `no`, `unknown` or `notApplicable`"),
                ("implemented", "Whether the fleet has what it needs"), ("followed", "Whether it is kept"),
                ("gaps", "What is missing, in words; a semicolon between them"),
            ], of: adherence.rules
        ) { rule in
            [
                .text(rule.topic), .text(rule.question.rawValue), .text(rule.statement), .text(rule.developed.rawValue),
                .text(rule.implemented.rawValue), .text(rule.followed.rawValue),
                rule.gaps.isEmpty ? .none : .text(rule.gaps.map(\.what).joined(separator: "; ")),
            ]
        }
    }

    /// A line for each layer of each resource.
    static func responsibility(_ rows: [ResponsibilityRow]) -> ReportTable {
        table(
            "responsibility",
            [
                ("resource", "The resource"), ("serviceModel", "Such as `onPremises`, `iaas` or `saas`"),
                ("layer", "From `hardware` up to `data`"),
                ("party", "`us`, `provider`, `vendor`, `shared` or `nobody`"),
                ("owner", "The team, provider or vendor by name; empty: nobody has named it"),
                ("contact", "How they are reached"),
                ("isDeclared", "Whether fleet.yaml says so; otherwise it is the service model's default"),
            ], of: rows.flatMap { row in row.cells.map { (row, $0) } }
        ) { row, cell in
            [
                .text(row.resource.rawValue), .text(row.serviceModel.rawValue), .text(cell.layer.rawValue),
                .text(cell.party.rawValue), .optional(cell.owner), .optional(cell.contact), .flag(cell.isDeclared),
            ]
        }
    }

    /// A line for each evidence.
    static func evidence(_ evidence: [ObligationEvidence]) -> ReportTable {
        table(
            "evidence",
            [
                ("evidence", "Its name"), ("at", "When it was recorded"), ("obligation", "For which obligation"),
                ("kind", "`providerStatement`, `vendorAdvisory` or `versionReportedByAPI`"), ("by", "Who recorded it"),
                ("note", "What was said, or where it can be read"),
            ], of: evidence
        ) { entry in
            [
                .text(entry.id), .moment(entry.at), .text(entry.obligation), .text(entry.kind.rawValue),
                .text(entry.by.rawValue), .text(entry.note),
            ]
        }
    }
}
