public import FettleExecution
public import FettleModel
public import FettleStore

/// The ledger of what is owed: every temporary change of every run that nobody has taken back yet, with what takes it back (I7).
///
/// It is read off what is kept anyway, the journals, the reservations and the quarantine ledger, so that it cannot differ from what
/// the next executor goes by.
public struct ObligationService: Sendable {
    let store: any Store
    let runs: RunService
    private let isGone: @Sendable (String) -> Bool

    /// - Parameter isGone: whether an executor of that name is known to be no more, though its lease runs on.
    public init(store: any Store, tools: Tools, isGone: @escaping @Sendable (String) -> Bool = { _ in false }) {
        self.store = store
        runs = RunService(store: store, tools: tools)
        self.isGone = isGone
    }

    public struct Ledger: Codable, Sendable, Equatable {
        /// Oldest run first.
        public var owed: [OwedChange]
        /// Runs whose journal or plan cannot be read, with why: what they owe is not known.
        public var unreadable: [Unreadable]
    }

    public struct Unreadable: Codable, Sendable, Equatable {
        public var run: RunID
        public var reason: String
    }

    /// - Parameter run: nil: of all runs, those that have ended and those in quarantine too.
    /// - Throws: `notFound` if there is no such run; `internal` if that one cannot be read.
    public func ledger(of run: RunID? = nil) async throws(ControlError) -> Ledger {
        let kept = try await kept()
        if let run {
            _ = try await runs.summary(of: run)
            return Ledger(owed: try await owed(by: run, kept), unreadable: [])
        }
        var ledger = Ledger(owed: [], unreadable: [])
        for summary in try await runs.runs(limit: .max).reversed() {
            do throws(ControlError) {
                ledger.owed += try await owed(by: summary.run, kept)
            } catch {
                if error.code == .unavailable { throw error }
                ledger.unreadable.append(Unreadable(run: summary.run, reason: error.message))
            }
        }
        return ledger
    }

    /// What is kept beside the journals.
    private struct Kept {
        var reservations: [Reservation]
        var quarantined: [QuarantineEntry]
    }

    private func kept() async throws(ControlError) -> Kept {
        do throws(StoreError) {
            return Kept(reservations: try await store.reservations(), quarantined: try await store.quarantined())
        } catch {
            throw ControlError(store: error)
        }
    }

    private func owed(by run: RunID, _ kept: Kept) async throws(ControlError) -> [OwedChange] {
        let reservations = kept.reservations.filter { $0.run == run }
        let quarantined = kept.quarantined.filter { $0.run == run }
        let story = try await runs.story(of: run)
        // What a person has settled is in neither ledger any more. One that was journaled and not filed yet, because the executor
        // was gone in between, still holds its reservation.
        let open = Set(quarantined.map(\.resource) + reservations.map(\.resource))
        // A machine that is kept, its disk, and a snapshot are there all the same when the quarantine is settled.
        var owed = story.state.owed.filter {
            !$0.isQuarantined || $0.kind == .replacement || $0.kind == .snapshot || open.contains($0.resource)
        }
        for place in owed.indices where !open.contains(owed[place].resource) { owed[place].isQuarantined = false }
        let owner = story.state.startedBy ?? "unknown"
        for reservation in reservations {
            let entry = quarantined.first { $0.resource == reservation.resource }
            owed.append(
                OwedChange(
                    reservation, owner: entry?.owner ?? owner,
                    isQuarantined: story.state.quarantined.contains { $0.resource == reservation.resource }))
        }
        for place in owed.indices { owed[place].remedy = remedy(for: owed[place], story) }
        return owed
    }

    /// What brings it about that the change is taken back.
    private func remedy(for change: OwedChange, _ story: RunService.Story) -> String {
        let run = change.run
        // Its own: to settle a quarantine removes no machine, no disk and no snapshot.
        if story.state.outcome != nil || story.state.quarantined.contains(where: { $0.resource == change.resource }) {
            if change.kind == .replacement { return "by hand, once nobody wants it back (docs/replacement.md)" }
            if change.kind == .snapshot { return "by hand, once nobody wants to go back (docs/snapshots.md)" }
        }
        if change.isQuarantined { return "fettle quarantine settle \(change.resource) --note '…'" }
        // An ended run owes nothing but what is in quarantine: it is a fault, and the way out is by hand.
        if story.state.outcome != nil { return "fettle run show \(run)" }
        let executor = story.summary.executor.flatMap { isGone($0) ? nil : $0 }
        if story.state.awaitingHuman != nil {
            let answer = "fettle run retry \(run)|abort \(run)|rollback \(run)"
            return executor == nil ? "\(answer), then fettle run resume \(run)" : answer
        }
        if executor == nil { return "fettle run resume \(run)" }
        return story.state.pause == nil ? "the run itself; sooner: fettle run abort \(run)" : "fettle run resume \(run)"
    }
}
