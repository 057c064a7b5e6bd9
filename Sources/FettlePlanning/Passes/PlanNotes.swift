import FettleModel

/// What the passes gather beside the plan: reasons to refuse, so that the user sees all of them at once; warnings; and what is
/// left out.
struct PlanNotes {
    private(set) var problems: Set<PlanningRefusal.Problem> = []
    private(set) var warnings: [String] = []
    private(set) var leftOut: [Selection.LeftOut] = []

    mutating func refuse(_ code: PlanningRefusal.Code, at place: PlanningRefusal.Place, _ message: String) {
        problems.insert(PlanningRefusal.Problem(code, at: place, message))
    }

    mutating func warn(_ message: String) {
        if !warnings.contains(message) { warnings.append(message) }
    }

    /// What was found elsewhere, behind what is here.
    mutating func add(_ others: PlanNotes) {
        problems.formUnion(others.problems)
        for warning in others.warnings { warn(warning) }
        leftOut += others.leftOut
    }

    mutating func leaveOut(_ resource: ResourceID, subject: String? = nil, because reason: String) {
        leftOut.append(Selection.LeftOut(resource: resource, subject: subject, reason: reason))
    }

    /// Whether groups are known to wait for each other, so that no order of hosts can be looked for.
    var hasOrderCycle: Bool { problems.contains { $0.code == .orderCycle } }

    func throwIfRefused() throws(PlanningRefusal) {
        guard problems.isEmpty else { throw refusal() }
    }

    func refusal() -> PlanningRefusal {
        PlanningRefusal(
            problems: problems.sorted {
                ($0.code.rawValue, $0.place.sortKey, $0.message) < ($1.code.rawValue, $1.place.sortKey, $1.message)
            })
    }
}

extension [Selection.LeftOut] {
    /// By resource, subject and reason, each once.
    func sortedWithoutRepetition() -> [Selection.LeftOut] {
        var result: [Selection.LeftOut] = []
        for entry in sorted(by: {
            ($0.resource.rawValue, $0.subject ?? "", $0.reason) < ($1.resource.rawValue, $1.subject ?? "", $1.reason)
        }) where result.last != entry {
            result.append(entry)
        }
        return result
    }
}
