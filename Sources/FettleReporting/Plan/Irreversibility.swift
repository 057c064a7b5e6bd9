public import FettleModel

/// A step that nothing takes back, with why: said before anybody approves, not afterwards (I8).
public struct IrreversibleStep: Codable, Sendable, Equatable {
    public var step: StepID
    public var resource: ResourceID
    /// In words for people.
    public var because: String

    /// All of a plan, in the order of its steps.
    public static func all(of plan: Plan) -> [IrreversibleStep] {
        plan.steps.lazy.filter { $0.rollbackClass == .irreversible }.map {
            IrreversibleStep(step: $0.id, resource: $0.resource, because: reason($0.action))
        }
    }

    private static func reason(_ action: StepAction) -> String {
        switch action {
        case .changePackages(let transaction): lost(transaction)
        case .upgradeThroughController(let upgrade): lost(upgrade.transaction)
        case .discardKept(let machine): "the machine that \(machine.name) was before is removed"
        case .discardSnapshot(let machine): "the snapshot of \(machine.name) is removed"
        case .retire: "it is shut down for good"
        default: "the plan has no step that takes it back"
        }
    }

    /// A plan says that not all earlier versions can be had any more, not which of them: all are named.
    private static func lost(_ transaction: PackageTransaction) -> String {
        let earlier = transaction.changes.compactMap { change in change.from.map { "\(change.name) \($0)" } }
        let more = earlier.count > 5 ? " and \(earlier.count - 5) more" : ""
        let names = earlier.isEmpty ? "" : " (\(earlier.prefix(5).joined(separator: ", "))\(more))"
        return "not all of the earlier versions are offered any more\(names)"
    }
}
