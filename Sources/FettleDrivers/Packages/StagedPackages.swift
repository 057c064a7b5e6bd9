import FettleDriverKit
import FettleModel

/// What a staging step brings into a host's cache, whichever package manager the host has.
struct StagedPackages: Sendable {
    let new: [PackageVersion]
    /// Those to return to; of what is itself a way back there are none.
    let earlier: [PackageVersion]
    /// The changes of the host's other staging steps before this one, in the plan's order.
    let before: [PackageChange]
    private let after: [PackageChange]
    /// Approved as irreversible on this resource, or to be gone back from to a snapshot, which has them.
    let mayLoseEarlier: Bool

    /// - Parameter changes: of the step's transaction, as they were checked.
    init(_ changes: [PackageChange], of transaction: PackageTransaction, _ step: Step, in plan: Plan) {
        new = changes.compactMap(\.target)
        earlier = transaction.purpose == .patch ? changes.compactMap(\.origin) : []
        (before, after) = Self.otherParts(step, transaction.manager, plan)
        mayLoseEarlier = plan.steps.contains {
            if case .changePackages = $0.action {
                $0.resource == step.resource && [.irreversible, .snapshot].contains($0.rollbackClass)
            } else {
                false
            }
        }
    }

    var all: [PackageVersion] { new + earlier }

    /// What the parts before and after this one install and return to.
    var ofOtherParts: [PackageVersion] {
        let others = before + after
        return others.compactMap(\.target) + others.compactMap(\.origin)
    }

    private static func otherParts(
        _ step: Step, _ manager: PackageManager, _ plan: Plan
    ) -> (before: [PackageChange], after: [PackageChange]) {
        var before: [PackageChange] = []
        var after: [PackageChange] = []
        var isAfter = false
        for other in plan.steps where other.resource == step.resource {
            guard case .stage(let transaction) = other.action, transaction.manager == manager else { continue }
            if other.id == step.id {
                isAfter = true
            } else if isAfter {
                after += transaction.changes
            } else {
                before += transaction.changes
            }
        }
        // A step that the plan doesn't have follows nothing.
        return isAfter ? (before, after) : ([], before)
    }

    /// That all of it is in the host's cache, or all but the earlier versions that may be lost.
    ///
    /// - Parameter kept: the files of what is there.
    /// - Throws: `packageManager` with what is missing.
    func proof(
        kept: [PackageVersion: String], in directory: String, at time: Timestamp
    ) throws(StepFailure) -> Observation {
        let missing = all.filter { kept[$0] == nil }
        let lost = mayLoseEarlier ? missing.filter(earlier.contains) : []
        guard missing.count == lost.count else {
            throw StepFailure(
                code: .packageManager, message: "not in the host's cache: \(PackageWords.list(missing))")
        }
        let (newCount, earlierCount) = (new.count { kept[$0] != nil }, earlier.count { kept[$0] != nil })
        var details = ["new": "\(newCount)", "earlier": "\(earlierCount)", "directory": directory]
        if !lost.isEmpty { details["withoutWayBack"] = PackageWords.list(lost) }
        let warning = lost.isEmpty ? "" : "; no way back for \(PackageWords.list(lost))"
        return Observation(
            verdict: .pass,
            summary: "\(newCount) new and \(earlierCount) earlier packages in the host's cache\(warning)",
            details: details, observedAt: time)
    }
}

extension PackageChange {
    /// What the change installs; nil for a removal.
    var target: PackageVersion? {
        to.map { PackageVersion(name: name, architecture: architecture, version: $0) }
    }
    /// What it takes away; nil for what is new.
    var origin: PackageVersion? {
        from.map { PackageVersion(name: name, architecture: architecture, version: $0) }
    }
}
