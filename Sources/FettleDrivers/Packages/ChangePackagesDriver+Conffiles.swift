import FettleDriverKit
import FettleModel

/// Configuration files where the plan takes the package's: the host's own are not lost (`ConffileKeeper`).
extension ChangePackagesDriver {
    /// Which packages' files are kept: from the journal if it is there, since a change brings files of its own.
    static func keptConffiles(
        _ transaction: DebianTransaction, _ keeper: ConffileKeeper, _ context: StepContext
    ) async throws(StepFailure) -> String? {
        guard transaction.conffiles == .takePackaged else { return nil }
        if let recorded = context.prior?.details[ConffileKeeper.key] { return recorded }
        guard transaction.purpose == .patch else { return nil }
        return try await keeper.listed(transaction.changes).joined(separator: " ")
    }

    /// Before apt begins. Forwards the files are kept of what is still as it was: what an earlier attempt has changed has other files
    /// by now. Back, they are brought back of what is about to return.
    ///
    /// - Returns: of which packages the files are back.
    static func prepareConffiles(
        _ pending: [PackageChange], _ transaction: DebianTransaction, _ snapshot: PackageSnapshot,
        _ keeper: ConffileKeeper, _ context: StepContext
    ) async throws(StepFailure) -> (back: [String], lost: [String]) {
        guard let recorded = try await keptConffiles(transaction, keeper, context) else { return ([], []) }
        let known = Set(recorded.split(separator: " ").map(String.init))
        func stems(_ changes: [PackageChange]) -> [String] {
            changes.flatMap(ConffileKeeper.stems).filter(known.contains).sorted()
        }
        guard transaction.purpose == .rollback else {
            try await keeper.keep(
                stems(
                    pending.filter { change in
                        guard let entry = snapshot.entry(change), entry.version == change.from else { return false }
                        return entry.isUntouched
                    }))
            return ([], [])
        }
        return try await keeper.bringBack(stems(pending))
    }
}

extension DpkgEntry {
    /// Whole, whatever other packages' triggers are still to be run.
    var isUntouched: Bool {
        !needsReinstallation && ["installed", "triggers-pending", "triggers-awaited"].contains(state)
    }
}
