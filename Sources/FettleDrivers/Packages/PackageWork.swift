import FettleModel

/// What is left to do of a transaction on a host as it is now.
struct PackageWork: Sendable, Equatable {
    /// Changes whose target is not there yet, or there in part only.
    var pending: [PackageChange] = []
    /// Packages to be configured first: left unpacked by somebody, and not replaced by `pending`.
    var unfinished: [DpkgEntry] = []
    /// Where the host is neither at the version that the plan saw nor at the one it wants.
    var drifted: [String] = []
    /// Packages that apt must go on treating as dependencies, and that it doesn't at the moment; as apt takes their names.
    var unmarked: [String] = []

    var isDone: Bool { pending.isEmpty && unfinished.isEmpty && drifted.isEmpty && unmarked.isEmpty }

    /// - Parameter automatic: what was marked as a dependency before the first attempt.
    init(_ transaction: DebianTransaction, on snapshot: PackageSnapshot, automatic: Set<String>) {
        var replaced: Set<String> = []
        for change in transaction.changes {
            let entry = snapshot.entry(change)
            let present = snapshot.version(change)
            if present == change.to {
                // There in part (half installed): apt has to unpack it again.
                guard let entry, !entry.isAbsent, !entry.isUnpacked else { continue }
            } else if present != change.from, entry?.isWhole ?? true {
                let found = present.map { "at \($0)" } ?? "not installed"
                drifted.append("\(change.name) is \(found), the plan saw \(change.from ?? "it not installed")")
                continue
            }
            pending.append(change)
            if let entry { replaced.insert(entry.qualifiedName) }
        }
        unfinished = snapshot.broken.filter { !replaced.contains($0.qualifiedName) }
        unmarked = automatic.sorted().filter { name in
            let change = transaction.changes.first { $0.qualifiedName == name }
            guard let entry = change.flatMap(snapshot.entry), !entry.isAbsent else { return false }
            return !snapshot.isAutomatic(entry)
        }
    }

    /// The packages of a transaction that are dependencies, and so must be none that somebody asked for afterwards: apt marks
    /// everything it is told to install by name as asked for, and would never again call it superfluous.
    static func automatic(_ transaction: DebianTransaction, on snapshot: PackageSnapshot) -> Set<String> {
        var names: Set<String> = []
        for change in transaction.changes where change.to != nil {
            let entry = snapshot.entry(change)
            let isPresent = entry.map { !$0.isAbsent } ?? false
            if isPresent
                ? entry.map(snapshot.isAutomatic) ?? false : change.from == nil && transaction.purpose == .patch
            {
                names.insert(change.qualifiedName)
            }
        }
        return names
    }
}
