import FettleModel
import FettleStore

/// What the stores refuse, in the same words whichever database holds it.
extension StoreError {
    static func otherContent(_ document: StoredDocument) -> StoreError {
        StoreError(.conflict, "\(document.kind.rawValue) \(document.id) is already kept with other content")
    }

    static func noDocument(_ document: StoredDocument) -> StoreError {
        StoreError(.notFound, "there is no \(document.kind.rawValue) \(document.id)")
    }

    static func alteredMeanwhile(_ document: StoredDocument) -> StoreError {
        StoreError(.conflict, "\(document.kind.rawValue) \(document.id) was changed by somebody else meanwhile")
    }

    static func noRun(_ run: RunID) -> StoreError {
        StoreError(.notFound, "there is no run \(run); `fettle run list` shows those there are")
    }

    static func isThere(_ run: RunID) -> StoreError {
        StoreError(.conflict, "there is a run \(run) already")
    }

    static func held(_ run: RunID, by holder: String, until end: Timestamp) -> StoreError {
        StoreError(.leaseHeld, "run \(run) is being carried out by \(holder) until \(end)")
    }

    static func fenced(_ run: RunID, epoch: Int) -> StoreError {
        StoreError(.fenced, "run \(run) was taken over by another executor; epoch \(epoch) is over")
    }

    static func outOfOrder(_ run: RunID, sequence: Int, last: Int) -> StoreError {
        StoreError(.conflict, "run \(run): event \(sequence) does not follow event \(last)")
    }

    static func newerJournal(_ run: RunID) -> StoreError {
        StoreError(.tooNew, "the journal of run \(run) was written by a newer Fettle; use that one")
    }

    static func damagedJournal(_ run: RunID, line: Int) -> StoreError {
        StoreError(
            .conflict,
            "line \(line) of the journal of run \(run) is damaged and cannot be read: bring the database back from a backup"
        )
    }

    /// - Parameters:
    ///   - last: the last line that is there.
    ///   - written: the last that was ever written; nil: there is no such run.
    static func requireWhole(_ run: RunID, read last: Int, written: Int?) throws(StoreError) {
        guard let written, last < written else { return }
        let count = written - last
        throw StoreError(
            .conflict,
            "the last \(count == 1 ? "line" : "\(count) lines") of the journal of run \(run) \(count == 1 ? "is" : "are") missing: "
                + "it ends at line \(last), and \(written) were written; bring the database back from a backup")
    }

    static func notQuarantined(_ resource: ResourceID) -> StoreError {
        StoreError(.notFound, "\(resource) is not in quarantine; `fettle quarantine list` shows what is")
    }

    static func ledgerMoved(_ length: Int, expected: Int) -> StoreError {
        StoreError(.conflict, "the ledger of waivers has \(length) events, not \(expected): somebody else wrote to it")
    }

    static func malformedSighting(_ key: SightingKey) -> StoreError {
        StoreError(
            .unavailable, "what is kept of \(key.source) on \(key.resource) cannot be read; a newer Fettle wrote it?")
    }
}
