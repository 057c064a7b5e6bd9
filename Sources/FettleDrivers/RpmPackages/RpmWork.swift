import FettleModel

/// What is left to do of a transaction on a host as it is now.
struct RpmWork: Sendable, Equatable {
    /// Changes whose target is not there yet.
    var pending: [PackageChange] = []
    /// Earlier versions that an interrupted run has left beside those that replace them.
    var leftovers: [PackageVersion] = []
    /// What is at its target already.
    var reached: [PackageChange] = []
    /// Where the host is neither at the version that the plan saw nor at the one it wants.
    var drifted: [String] = []

    var isDone: Bool { pending.isEmpty && leftovers.isEmpty && drifted.isEmpty }
    var installs: [PackageChange] { pending.filter { $0.to != nil } }
    var removals: [PackageVersion] { pending.filter { $0.to == nil }.compactMap(\.origin) }

    init(_ transaction: RpmTransaction, on snapshot: RpmSnapshot) {
        for change in transaction.changes {
            let present = Set(snapshot.versions(change))
            let from = change.from.map(RpmNames.withoutZeroEpoch)
            let to = change.to.map(RpmNames.withoutZeroEpoch)
            if present == Set([to].compactMap { $0 }) {
                reached.append(change)
            } else if present == Set([from].compactMap { $0 }) {
                pending.append(change)
            } else if let from, let to, present == [from, to], let origin = change.origin {
                leftovers.append(origin)
            } else {
                let found = present.isEmpty ? "not installed" : "at \(present.sorted().joined(separator: " and "))"
                drifted.append("\(change.name) is \(found), the plan saw \(change.from ?? "it not installed")")
            }
        }
    }

    func refuseDrift() throws(StepFailure) {
        guard drifted.isEmpty else { throw StepFailure(code: .drift, message: PackageWords.list(drifted)) }
    }
}
