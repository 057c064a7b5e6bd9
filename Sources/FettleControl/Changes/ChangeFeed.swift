import FettleModel
public import FettleReporting
import FettleStore
import Foundation

extension ChangeService {
    /// Changes that have a time, for a calendar that others subscribe to: those to come, those under way, and those that were given up
    /// so lately that somebody may still have them in theirs.
    public func feed() async throws(ControlError) -> CalendarFeed {
        let time = now()
        let turns = try await turnsTaken()
        var items: [CalendarFeed.Item] = []
        for result in try await changes(limit: .max) {
            // A journal and a plan are long: they are only read of what may still be in the feed.
            guard case .success(let change) = result, change.isInFeed(at: time) else { continue }
            let phase = try await phase(of: change)
            guard let status = Self.status(phase) else { continue }
            // What is kept of the plan may be another one by now: then only the schedule is known.
            let plan = try? await plan(of: change)
            let windows = change.schedule.map { [$0] } ?? plan?.timesOut ?? []
            guard let last = windows.last else { continue }
            guard phase == .implement || time < last.closesAt.adding(seconds: Self.keptSeconds) else { continue }
            let hosts = plan.map { BlastRadius($0).hosts }
            let details = """
                \(change.words(phase)); \(change.kind.rawValue)
                asked by \(change.requestedBy)
                plan \(change.plan.id), \(hosts.map { "\($0)" } ?? "unknown") hosts
                """
            // Nobody writes down that a time is over without anybody having started it.
            let hasExpired = status == .cancelled && change.isExpired(at: time)
            for (place, window) in windows.enumerated() {
                let night = place == 0 ? "" : "-\(place + 1)"
                items.append(
                    CalendarFeed.Item(
                        uid: "\(change.id)-\(change.plan.digest.short)\(night)@fettle",
                        sequence: turns[change.id, default: 0] + (hasExpired ? 1 : 0), opensAt: window.opensAt,
                        closesAt: window.closesAt, status: status, summary: "\(change.id): \(change.reason)",
                        details: details))
            }
        }
        return CalendarFeed(items)
    }

    fileprivate static let keptSeconds = 30 * 86_400
    private static let turns: Set<LogEntry.What> = [
        .changeScheduled, .changeApproved, .changeRejected, .changeWithdrawn,
    ]

    /// nil: it has had its time.
    private static func status(_ phase: ChangePhase) -> CalendarFeed.Status? {
        switch phase {
        case .new, .assess, .authorise: .tentative
        case .scheduled, .implement: .confirmed
        case .cancelled: .cancelled
        case .review, .closed: nil
        }
    }

    /// How often something was done with each change by which its time or its state may be another one: the log has one entry for each.
    private func turnsTaken() async throws(ControlError) -> [ChangeID: Int] {
        var times: [ChangeID: Int] = [:]
        do throws(StoreError) {
            try await keeper.store.readLog { record in
                guard let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry)),
                    Self.turns.contains(entry.what), let change = entry.change
                else { return }
                times[change, default: 0] += 1
            }
        } catch {
            throw ControlError(store: error)
        }
        return times
    }
}

extension Change {
    /// False where it is known, by itself alone, that it is in no feed: it was reviewed, or given up with a time that is long over. A change
    /// without a run waits for ever; one with a run needs its journal.
    fileprivate func isInFeed(at time: Timestamp) -> Bool {
        if review != nil { return false }
        guard run == nil, let schedule else { return true }
        return time < schedule.closesAt.adding(seconds: ChangeService.keptSeconds)
    }
}
