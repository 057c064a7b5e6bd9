import FettleAssessment
import FettleModel
import FettleReporting

/// Who patches which layer of what, and which layers nobody answers for.
enum OwnershipDocument {
    static func make(
        _ resources: [Resource], obligations: [PatchObligation], at time: Timestamp
    ) -> ReportDocument {
        let rows = resources.map { ResponsibilityMatrix.row(of: $0) }
        let environments = resources.map(\.environment)
        let gaps = zip(rows, environments).flatMap { row, environment in row.gaps.map { ($0, environment) } }
            .sorted { (rank($0.0.kind), $0.0.resource) < (rank($1.0.kind), $1.0.resource) }
        let unowned = rows.count { row in row.gaps.contains { rank($0.kind) < 2 } }
        let overdue = obligations.filter { $0.state == .overdue }
        return ReportDocument(
            kind: "ownership", title: "Who patches what, and what nobody does",
            summary: """
                Each system has layers, from the hardware up to access, and each layer has somebody who has to patch it: us, a \
                provider, a vendor. \(unowned) of \(resources.count) systems have a layer for which no person or team answers.
                """,
            madeAt: time,
            verdict: unowned > 0
                ? .init("\(unowned.counted("system")) with unowned layers", .bad)
                : .init("every layer has an owner", .good),
            figures: [
                .init("systems", "Systems", .count(resources.count)),
                .init("unowned", "With an unowned layer", .mark("\(unowned)", unowned > 0 ? .bad : .good)),
                .init(
                    "unnamed", "With a provider or vendor who is not named",
                    .count(rows.count { row in row.gaps.contains { rank($0.kind) >= 2 } })),
                .init("obligations_overdue", "Owed by others, overdue", .count(overdue.count)),
            ],
            charts: [chart(rows)],
            tables: [table(gaps), owed(obligations), matrix(rows)],
            basis: [
                "What the fleet file declares; where it is silent, the model of shared responsibility of each kind of service"
            ])
    }

    private static func rank(_ kind: ResponsibilityGap.Kind) -> Int {
        ResponsibilityGap.Kind.allCases.firstIndex(of: kind) ?? 0
    }

    private static func chart(_ rows: [ResponsibilityRow]) -> ReportChart {
        func counts(_ isMeant: (ResponsibilityRow.Cell) -> Bool) -> [Int?] {
            ResourceLayer.allCases.map { layer in
                rows.count { row in row.cells.contains { $0.layer == layer && isMeant($0) } }
            }
        }
        func isOurs(_ cell: ResponsibilityRow.Cell) -> Bool { cell.party == .us || cell.party == .shared }
        return ReportChart(
            "By layer", note: "For how many systems each layer has somebody who patches it.", .bars,
            labels: ResourceLayer.allCases.map(\.words),
            series: [
                .init("nobody", .bad, counts { $0.party == .nobody }),
                .init("ours, no team named", .warn, counts { isOurs($0) && $0.owner == nil }),
                .init("others', not named", .neutral, counts { !isOurs($0) && $0.party != .nobody && $0.owner == nil }),
                .init("named", .good, counts { $0.party != .nobody && $0.owner != nil }),
            ])
    }

    private static func table(_ gaps: [(ResponsibilityGap, EnvironmentID)]) -> ReportTable {
        ReportTable(
            "gaps", title: "Layers without an owner",
            note:
                "What is unowned is patched by nobody until somebody is named. The last column is what to write into fleet.yaml.",
            ifEmpty: "Every layer has an owner who is named.",
            columns: [
                .init("system", "System"), .init("environment", "Environment"), .init("what", "What is missing"),
                .init("layers", "Layers"), .init("remedy", "In fleet.yaml"),
            ], of: gaps
        ) { gap, environment in
            [
                .text(gap.resource.rawValue), .text(environment.rawValue),
                .mark(gap.kind.reportWords, rank(gap.kind) < 2 ? .bad : .warn),
                .text(gap.layers.map(\.words).joined(separator: ", ")), .text(gap.remedy),
            ]
        }
    }

    private static func owed(_ obligations: [PatchObligation]) -> ReportTable {
        ReportTable(
            "owed", title: "What providers and vendors owe",
            note: "What we cannot patch ourselves, and what shows that they did.",
            ifEmpty: "Nobody else owes anything.",
            columns: [
                .init("due", "Due"), .init("state", "State"), .init("who", "Who"), .init("what", "What"),
                .init("evidence", "Evidence asked for"), .init("obligation", "Obligation", isAside: true),
            ], of: obligations
        ) { debt in
            [
                .day(debt.dueAt),
                .mark(debt.state.rawValue, debt.state == .overdue ? .bad : debt.state == .evidenced ? .good : .warn),
                .text(debt.owner ?? debt.party.rawValue), .text(debt.subject),
                .text(debt.asked.map(\.words).joined(separator: ", ")), .text(debt.id),
            ]
        }
    }

    private static func matrix(_ rows: [ResponsibilityRow]) -> ReportTable {
        ReportTable(
            "matrix", title: "All systems and layers",
            columns: [.init("system", "System"), .init("model", "Service model")]
                + ResourceLayer.allCases.map { .init($0.rawValue, $0.words.capitalisedFirst) }, of: rows, shown: 100
        ) { row in
            [.text(row.resource.rawValue), .text(row.serviceModel.rawValue)]
                + row.cells.map { cell in
                    .text(cell.owner.map { "\(cell.party.rawValue): \($0)" } ?? cell.party.rawValue)
                }
        }
    }
}

extension ResponsibilityGap.Kind {
    var reportWords: String {
        switch self {
        case .nobody: "nobody patches it"
        case .noOwner: "ours, no team named"
        case .unnamedProvider: "a provider's, not named"
        case .unnamedVendor: "a vendor's, not named"
        }
    }
}
