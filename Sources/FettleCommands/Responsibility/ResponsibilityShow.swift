import ArgumentParser
import FettleAssessment
import FettleControl
import FettleModel

struct ResponsibilityShow: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "The matrix of resources and layers, layers that nobody owns, and what providers and vendors owe.",
        discussion: "Looks at no host. What others owe for findings comes from the newest scan.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @Argument(help: "Only these resources.") var resources: [String] = []

    struct Answer: Codable {
        var matrix: [ResponsibilityRow]
        var gaps: [ResponsibilityGap]
        var obligations: [PatchObligation]
    }

    func run() async throws {
        let session = try Session(options)
        var scope = scope
        scope.hosts += resources
        let resources = try scope.resources(of: session.fleet)
        let rows = resources.map { ResponsibilityMatrix.row(of: $0) }
        let answer = Answer(
            matrix: rows, gaps: rows.flatMap(\.gaps),
            obligations: try await session.governance.obligations(resources, policy: try session.policy))
        if options.output == .json { return try session.printJSON(answer) }
        if options.output.isLines {
            try Output.writeLines(ListAnswer.responsibility(rows), as: options.output)
            guard !answer.obligations.isEmpty else { return }
            return session.note("\(answer.obligations.count) obligations of others have no lines: -o json has them")
        }
        guard !rows.isEmpty else { return session.print("The fleet has no resources.") }
        session.print(matrix(rows))
        if !answer.gaps.isEmpty {
            session.print("\nLayers without an owner:")
            session.print(gaps(answer.gaps))
        }
        if !answer.obligations.isEmpty {
            session.print("\nWhat others owe:")
            session.print(obligations(answer.obligations))
            session.next("fettle responsibility evidence add OBLIGATION --kind providerStatement --note '…'")
        }
    }

    private func matrix(_ rows: [ResponsibilityRow]) -> Table {
        var table = Table(
            [.init(title: "RESOURCE"), .init(title: "MODEL")]
                + ResourceLayer.allCases.map { layer in
                    .init(title: layer == .operatingSystem ? "OS" : layer.rawValue.uppercased(), shrinks: 1)
                } + [.init(title: "OWNER", shrinks: 2)])
        for row in rows {
            let owners = Set(row.cells.filter { $0.party == .us }.compactMap(\.owner)).sorted()
            table.rows.append(
                [.init(row.resource.rawValue, .bold), .init(row.serviceModel.rawValue)] + row.cells.map(Self.cell)
                    + [
                        .init(
                            owners.isEmpty ? "nobody" : owners.joined(separator: ", "), owners.isEmpty ? .red : .plain)
                    ])
        }
        return table
    }

    /// The party; one that others own with its name.
    private static func cell(_ cell: ResponsibilityRow.Cell) -> Table.Cell {
        let isOurs = cell.party == .us || cell.party == .shared
        let name = isOurs ? nil : cell.owner
        return .init(
            cell.party.rawValue + (name.map { " (\($0))" } ?? ""), cell.party == .nobody ? .red : isOurs ? .plain : .dim
        )
    }

    private func gaps(_ gaps: [ResponsibilityGap]) -> Table {
        var table = Table([
            .init(title: "RESOURCE"), .init(title: "WHAT", shrinks: 1), .init(title: "IN FLEET.YAML", shrinks: 2),
        ])
        for gap in gaps {
            let layers = gap.layers.map(\.words).joined(separator: ", ")
            table.add(
                .init(gap.resource.rawValue, .bold), .init("\(gap.words): \(layers)", .yellow), .init(gap.remedy))
        }
        return table
    }

    private func obligations(_ obligations: [PatchObligation]) -> Table {
        var table = Table([
            .init(title: "DUE"), .init(title: "STATE"), .init(title: "WHO"), .init(title: "WHAT", shrinks: 1),
            .init(title: "EVIDENCE ASKED FOR", shrinks: 2), .init(title: "OBLIGATION", shrinks: 3),
        ])
        for debt in obligations {
            let style: TextStyle = debt.state == .overdue ? .red : debt.state == .evidenced ? .green : .plain
            table.add(
                .init(String(debt.dueAt.description.prefix(10))), .init(debt.state.rawValue, style),
                .init(debt.owner ?? debt.party.rawValue), .init(debt.subject),
                .init(debt.asked.map(\.words).joined(separator: ", ")), .init(debt.id, .bold))
        }
        return table
    }
}
