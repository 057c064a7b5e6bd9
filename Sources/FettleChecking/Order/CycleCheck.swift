import FettleModel

/// Orders, chains and bakes together must leave somebody who can be first, on both ways.
struct CycleCheck {
    let tables: PlanTables
    let table: StepTable
    let precedence: Precedence

    /// Links of a cycle that are told in words.
    static let mostLinks = 12

    func judge(_ cycle: [Int], _ found: inout ViolationList) {
        guard !cycle.isEmpty else { return }
        let links = links(of: cycle)
        var told = links.prefix(Self.mostLinks).map { link in
            "\(link.waiting) waits for \(link.awaited)\(link.reason.map { " (\($0))" } ?? "")"
        }
        if links.count > told.count { told.append("and so on over \(links.count - told.count) more") }
        let way = table.isRollback ? "on the way back " : ""
        found.add(
            .form, way + told.joined(separator: ", ") + ": nobody can be first",
            steps: cycle.lazy.filter(precedence.isStep).prefix(Self.mostLinks).map(table.id))
    }

    private struct Link {
        var waiting: String
        var awaited: String
        var reason: String?
    }

    /// A link for each change of the resource; what lies between, in the chain of one resource, goes without saying.
    private func links(of cycle: [Int]) -> [Link] {
        guard let start = cycle.firstIndex(where: precedence.isStep) else { return [] }
        var links: [Link] = []
        var step = cycle[start]
        var reason: String?
        for offset in 1...cycle.count {
            let node = cycle[(start + offset) % cycle.count]
            guard precedence.isStep(node) else {
                reason = String(tables.plan.order[precedence.order(of: node)].reason.prefix(100))
                continue
            }
            let (waiting, awaited) = (table.target(step), table.target(node))
            if let why = reason {
                links.append(
                    Link(
                        waiting: tables.targets.name(waiting).rawValue, awaited: tables.targets.name(awaited).rawValue,
                        reason: why))
            } else if waiting != awaited {
                links.append(Link(waiting: table.id(step).rawValue, awaited: table.id(node).rawValue))
            }
            step = node
            reason = nil
        }
        return links
    }
}
