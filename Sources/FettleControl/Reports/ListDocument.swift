import FettleAssessment
import FettleModel
import FettleReporting

/// A team's own list, held against what was observed.
enum ListDocument {
    static func make(_ standing: Standing, list: SystemList, _ comparison: ListComparison) -> ReportDocument {
        func count(_ verdict: ListComparison.Verdict) -> Int { comparison.lines.count { $0.verdict == verdict } }
        let differing = comparison.lines.count - count(.agrees) - count(.notKnown)
        let missing = comparison.notInFleet.count + comparison.notInList.count
        return ReportDocument(
            kind: "list", title: "\(list.file): is what the list says what is there?",
            summary: """
                The list says \(comparison.lines.count.counted("thing")) of \(comparison.found.counted("system")): \
                \(count(.agrees)) as they were observed, \(differing) otherwise, \(count(.notKnown)) not known. \
                \(comparison.notInFleet.count.counted("system stands", "systems stand")) only in the list, \
                \(comparison.notInList.count) only in the fleet.
                """,
            madeAt: standing.now, verdict: verdict(comparison, differing: differing, missing: missing),
            figures: [
                .init("agree", "Agree", .count(count(.agrees))),
                .init("differ", "Differ", .mark("\(differing)", differing > 0 ? .bad : .good)),
                .init("not_known", "Could not be compared", .count(count(.notKnown))),
                .init("only_in_list", "Systems only in the list", .count(comparison.notInFleet.count)),
                .init("only_in_fleet", "Systems only in the fleet", .count(comparison.notInList.count)),
            ],
            cautions: standing.cautions.filter { _ in count(.notKnown) > 0 },
            charts: [
                ReportChart(
                    "What the list says", note: "Each thing that the list says of a system, by how it compares.", .bars,
                    labels: ListComparison.Verdict.allCases.map(\.reportWords),
                    series: [.init("things said", .accent, ListComparison.Verdict.allCases.map(count))])
            ],
            tables: [
                lines(
                    "differences", "What differs", comparison.differences,
                    "Either the list is to be corrected, or the system.", "Everything that could be compared agrees."),
                strangers(comparison.notInFleet), absent(comparison.notInList, standing),
                lines(
                    "agrees", "What agrees", comparison.lines.filter { $0.verdict == .agrees }, "", "Nothing.",
                    shown: 30),
            ], basis: ["The list \(list.file): \(list.rows.count) rows"] + standing.basis.prefix(1))
    }

    private static func verdict(
        _ comparison: ListComparison, differing: Int, missing: Int
    ) -> ReportDocument.Verdict {
        if comparison.isAligned { return .init("the list is right", .good) }
        if differing + missing > 0 { return .init("\((differing + missing).counted("difference"))", .bad) }
        return .init("right, as far as is known", .warn)
    }

    private static func lines(
        _ name: String, _ title: String, _ lines: [ListComparison.Line], _ note: String, _ ifEmpty: String,
        shown: Int = ReportTable.shownRows
    ) -> ReportTable {
        ReportTable(
            name, title: title, note: note, ifEmpty: ifEmpty,
            columns: [
                .init("system", "System"), .init("what", "What"), .init("listed", "The list says"),
                .init("observed", "It is"), .init("verdict", "So"), .init("reason", "Why not known"),
                .init("line", "Line", isNumber: true),
            ], of: lines, shown: shown
        ) { line in
            [
                .text(line.resource.rawValue), .text(line.subject.words), .text(line.listed), .optional(line.observed),
                .mark(line.verdict.reportWords, line.verdict.reportTone), .optional(line.reason), .count(line.line),
            ]
        }
    }

    private static func strangers(_ strangers: [ListComparison.Stranger]) -> ReportTable {
        ReportTable(
            "only_in_list", title: "Only in the list",
            note: "Perhaps they are gone, perhaps fleet.yaml lacks them, perhaps they are called otherwise there.",
            ifEmpty: "The fleet has every system of the list.",
            columns: [
                .init("system", "System"), .init("could_be", "Could be"), .init("line", "Line", isNumber: true),
            ], of: strangers
        ) { stranger in
            let names = stranger.candidates.prefix(10).map(\.rawValue).joined(separator: " ")
            return [.text(stranger.system), .optional(names.isEmpty ? nil : names), .count(stranger.line)]
        }
    }

    private static func absent(_ resources: [ResourceID], _ standing: Standing) -> ReportTable {
        let known = standing.resources.reduce(into: [ResourceID: Resource]()) { $0[$1.id] = $1 }
        return ReportTable(
            "only_in_fleet", title: "Only in the fleet", note: "Nobody's list speaks of them.",
            ifEmpty: "The list has every system of the fleet.",
            columns: [.init("system", "System"), .init("environment", "Environment"), .init("owner", "Owner")],
            of: resources
        ) { id in
            [.text(id.rawValue), .optional(known[id]?.environment.rawValue), .optional(known[id]?.owner)]
        }
    }
}

extension ListComparison.Verdict {
    var reportWords: String {
        switch self {
        case .agrees: "agrees"
        case .listIsBehind: "the list is behind"
        case .systemIsBehind: "the system is behind"
        case .differs: "differs"
        case .notInstalled: "not installed"
        case .notKnown: "not known"
        }
    }

    var reportTone: HTMLPage.Tone {
        switch self {
        case .agrees: .good
        case .listIsBehind, .notKnown: .warn
        case .systemIsBehind, .differs, .notInstalled: .bad
        }
    }
}
