import FettleModel

/// I3, I7, I6 within one resource: it is taken out before it is changed, it comes back, and not before something proved it well.
struct OutageCheck {
    let graph: StepGraph
    /// For messages: the plan's own steps, or its rollback.
    let isRollback: Bool

    /// - Returns: the outages of all resources whose order could be understood.
    func outages(_ violations: inout [Violation]) -> [ResourceID: Outage] {
        var result: [ResourceID: Outage] = [:]
        let byResource = Dictionary(grouping: graph.steps.indices) { graph.steps[$0].resource }
        for (resource, positions) in byResource.sorted(by: { $0.key < $1.key }) {
            let taking = positions.filter { graph.steps[$0].availability == .takesOut }
            let bringing = positions.filter { graph.steps[$0].availability == .bringsBack }
            let inside = positions.filter { graph.steps[$0].availability == .requiresOut }
            let changing = positions.filter { graph.steps[$0].action.changesTheResource }
            if taking.isEmpty && bringing.isEmpty && inside.isEmpty && changing.isEmpty { continue }
            guard !taking.isEmpty else {
                violations.append(
                    Violation(
                        .order, "\(resource) is changed or brought back without being taken out first",
                        steps: names(Array(Set(inside + bringing + changing)))))
                continue
            }
            guard !bringing.isEmpty else {
                violations.append(
                    Violation(
                        .ownership, "\(resource) is taken out and never brought back", steps: names(taking)))
                continue
            }
            guard let begin = taking.first(where: { first in taking.allSatisfy { isAtOrBefore(first, $0) } }),
                let end = bringing.first(where: { last in bringing.allSatisfy { isAtOrBefore($0, last) } })
            else {
                violations.append(
                    Violation(
                        .order, "it is open which step takes \(resource) out first, or which brings it back last",
                        steps: names(taking + bringing)))
                continue
            }
            check(inside: inside, taking: taking, bringing: bringing, of: resource, &violations)
            result[resource] = Outage(resource: resource, begin: begin, end: end)
        }
        return result
    }

    private func check(
        inside: [Int], taking: [Int], bringing: [Int], of resource: ResourceID, _ violations: inout [Violation]
    ) {
        for step in inside {
            for early in taking where !graph.precedes(early, step) {
                violations.append(
                    Violation(
                        .order, "\(name(step)) can start before \(name(early)) has taken \(resource) out of traffic",
                        steps: names([early, step])))
            }
            for late in bringing where !graph.precedes(step, late) {
                violations.append(
                    Violation(
                        .order, "\(name(late)) can bring \(resource) back while \(name(step)) is not done",
                        steps: names([step, late])))
            }
        }
        for back in bringing {
            for early in taking where !graph.precedes(early, back) {
                violations.append(
                    Violation(
                        .order, "\(name(back)) can run before \(name(early))", steps: names([early, back])))
            }
        }
        let changes = graph.positions(of: resource).filter { graph.steps[$0].action.changesTheResource }
        for change in changes where graph.steps[change].availability != .requiresOut {
            violations.append(
                Violation(
                    .order, "\(name(change)) changes \(resource) while it may be in traffic",
                    steps: names([change])))
        }
        for change in changes {
            for back in bringing where !isProven(change: change, before: back) {
                violations.append(
                    Violation(
                        .order,
                        "\(name(back)) brings \(resource) back though no gate and no verification has passed since "
                            + "\(name(change))",
                        steps: names([change, back])))
            }
        }
    }

    private func isProven(change: Int, before back: Int) -> Bool {
        graph.positions(of: graph.steps[change].resource).contains {
            graph.steps[$0].action.provesTheResource && graph.precedes(change, $0) && graph.precedes($0, back)
        }
    }

    private func isAtOrBefore(_ left: Int, _ right: Int) -> Bool { left == right || graph.precedes(left, right) }
    private func name(_ position: Int) -> StepID { graph.steps[position].id }
    private func names(_ positions: [Int]) -> [StepID] { positions.sorted().map { graph.steps[$0].id } }
}

extension StepAction {
    /// Whether it can make the resource fail.
    var changesTheResource: Bool {
        switch self {
        case .changePackages, .restartServices, .reboot: true
        default: false
        }
    }

    /// Whether it can find out that the resource has failed.
    var provesTheResource: Bool {
        switch self {
        case .gate(let probes): !probes.isEmpty
        case .verify(let expectation): !expectation.packages.isEmpty || !expectation.absentPackages.isEmpty
        default: false
        }
    }
}
