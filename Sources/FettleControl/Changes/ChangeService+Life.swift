public import FettleModel
import FettlePlanning
import FettleReporting
import FettleStore

/// A change before and after its run.
extension ChangeService {
    /// Says when a change is to be carried out.
    ///
    /// - Parameters:
    ///   - window: it does not start before, nobody is taken out after, and it is over if nobody started it by the end; nil: whenever
    ///     somebody starts it.
    ///   - calendar: windows and freezes as they are now; nil: those of the plan are all that is known.
    /// - Throws: `blocked` for anybody but the requester, and for a time in which not every host of the plan can be taken out, with why;
    ///   `conflict` once somebody has voted on it.
    public func schedule(
        _ id: ChangeID, for window: TimeWindow?, by person: Person, calendar: RunCalendar? = nil
    ) async throws(ControlError) -> Change {
        try await require(.submit, on: id, by: person, saying: .nothing)
        return try await alter(id) { change throws(ControlError) in
            try change.take(.schedule(by: person, window: window), at: now())
            guard window != nil else { return }
            let contradictions = try await contradictions(of: change, calendar)
            guard contradictions.isEmpty else {
                throw ControlError(
                    .blocked,
                    "\(change.plan.id) cannot be carried out in that time (I4):\n  "
                        + contradictions.joined(separator: "\n  "),
                    hint:
                        "`fettle windows` shows when work may be done; `fettle change schedule \(id) --from … --until …`, or "
                        + "`fettle plan make` for other windows")
            }
        }
    }

    /// What speaks against the time that a change has: who can never be taken out in it, and that the plan may last longer. Empty where
    /// it has none, and once its run is made.
    ///
    /// - Parameter calendar: windows and freezes as they are now; nil: those of the plan are all that is known.
    public func objectionsToTime(
        of change: Change, calendar: RunCalendar? = nil
    ) async throws(ControlError) -> [String] {
        guard let schedule = change.schedule, change.run == nil, change.state != .rejected, change.state != .withdrawn,
            !change.isExpired(at: now())
        else { return [] }
        let contradictions = try await contradictions(of: change, calendar)
        let plan = try await plan(of: change)
        // A plan of several windows waits between them; and who fits nowhere is told already.
        guard contradictions.isEmpty, plan.windows.isEmpty else { return contradictions }
        let needed = PlanTimeline(plan).total.p95Seconds
        let left = Int(schedule.closesAt.seconds(since: max(now(), schedule.opensAt)))
        guard needed > left else { return [] }
        return [
            "with each step at its 95% figure it lasts \(ApprovalWords.duration(needed)), and has "
                + "\(ApprovalWords.duration(left)): hosts that are not reached by then are left as they are"
        ]
    }

    private func contradictions(of change: Change, _ calendar: RunCalendar?) async throws(ControlError) -> [String] {
        let plan = try await plan(of: change)
        do {
            let watch = RunCalendarWatch(
                try await gate.accepted(calendar, for: plan) ?? .bindsNobody, plan,
                isEmergency: change.kind == .emergency, agreed: change.schedule)
            return try watch.contradictions(at: now())
        } catch {
            // A change is shown whether or not this machine has the policy that holds.
            return [RunCalendar.words(error)]
        }
    }

    /// That no other person has agreed to a change of a protected environment, as a sentence; nil: somebody has, has to yet, or the change
    /// follows a template, which is what everybody agreed to beforehand.
    ///
    /// - Parameter fleet: whose environments are protected or not; nil: that is not known.
    public func unsecondedWords(of change: Change, fleet: Fleet?) async throws(ControlError) -> String? {
        guard change.kind != .standard, change.isAgreedByNobodyElse, let fleet else { return nil }
        let touched = try await plan(of: change).environments
        let protected = fleet.environments.filter { $0.isProtected && touched.contains($0.id) }.map(\.id.rawValue)
        guard !protected.isEmpty else { return nil }
        return "nobody but \(change.requestedBy) has agreed to \(change.id), and \(protected.joined(separator: ", ")) "
            + "\(protected.count == 1 ? "is" : "are") protected: policy.yaml lets that be (`fettle policy show`)"
    }

    /// Writes down what somebody found who looked at a change after its run.
    ///
    /// - Throws: `blocked` for the requester, `conflict` if there is nothing to review.
    public func review(_ id: ChangeID, text: String, by person: Person) async throws(ControlError) -> Change {
        try await require(.review, on: id, by: person, saying: .note(text))
        return try await alter(id) { change throws(ControlError) in
            let end = try await runEnd(of: change)
            try change.take(.review(by: person, text: text), at: now(), runEnd: end)
        }
    }

    /// How far it is, by what is kept of its run.
    public func phase(of change: Change) async throws(ControlError) -> ChangePhase {
        change.phase(at: now(), runEnd: try await runEnd(of: change))
    }

    /// nil: it has no run, or its run goes on.
    public func runEnd(of change: Change) async throws(ControlError) -> Change.RunEnd? {
        try await ending(of: change)?.end
    }

    /// How its run ended, and when; nil: it has none, or its run goes on.
    func ending(of change: Change) async throws(ControlError) -> (end: Change.RunEnd, at: Timestamp)? {
        guard let run = try await run(of: change) else { return nil }
        var madeAt = change.requestedAt
        do throws(StoreError) {
            guard let summary = try await keeper.store.summary(of: run), summary.change == change.id else { return nil }
            madeAt = summary.createdAt
            for record in try await keeper.store.records(of: run, after: 0).reversed() {
                switch record.event {
                case .ended(let outcome): return (outcome == .succeeded ? .succeeded : .otherwise, record.at)
                case .superseded: return (.otherwise, record.at)
                default: continue
                }
            }
            return nil
        } catch {
            // What cannot be read is for a person to look at, and no reason not to show the others.
            if error.code == .conflict { return (.otherwise, madeAt) }
            throw ControlError(store: error)
        }
    }

    /// When the run of an emergency ended that nobody has looked at since; nil: it was reviewed, ended later, or is another change.
    func unreviewed(_ change: Change, endedBefore limit: Timestamp) async throws(ControlError) -> Timestamp? {
        guard change.kind == .emergency, change.review == nil, change.requestedAt < limit,
            let (end, endedAt) = try await ending(of: change), endedAt < limit,
            change.phase(at: now(), runEnd: end) == .review
        else { return nil }
        return endedAt
    }

    /// An emergency goes past people once, and is looked at afterwards, within so long of its run's end: while that is overdue, the next one
    /// does not go past them.
    func requireReviews(
        among kept: [DocumentSummary], _ policy: Policy, at time: Timestamp
    ) async throws(ControlError) {
        let limit = time.adding(seconds: -policy.changes.emergency.reviewWithinSeconds)
        // None has ended before it was asked for.
        for summary in kept where summary.createdAt < limit {
            guard case .success(let change) = try await keeper.legible(ChangeID(summary.id)),
                let endedAt = try await unreviewed(change, endedBefore: limit)
            else { continue }
            throw ControlError(
                .blocked, "the emergency \(change.id), whose run ended on \(endedAt.day), was not reviewed in time",
                hint: "`fettle change review \(change.id) --note '…'` by somebody other than \(change.requestedBy)")
        }
    }
}
