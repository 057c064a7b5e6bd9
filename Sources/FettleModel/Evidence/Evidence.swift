/// What is proven after a run: the inputs, the decisions, the acts and what was seen afterwards. The last stage of the flow.
public struct Evidence: Codable, Sendable, Equatable {
    public var run: RunID
    public var change: Change
    public var plan: Plan
    public var before: FactSet
    /// Facts collected after the run; nil if it has not come to that.
    public var after: FactSet?
    public var findingsBefore: FindingSet
    public var findingsAfter: FindingSet?
    public var journal: [JournalRecord]

    public init(
        run: RunID, change: Change, plan: Plan, before: FactSet, after: FactSet?, findingsBefore: FindingSet,
        findingsAfter: FindingSet?, journal: [JournalRecord]
    ) {
        self.run = run
        self.change = change
        self.plan = plan
        self.before = before
        self.after = after
        self.findingsBefore = findingsBefore
        self.findingsAfter = findingsAfter
        self.journal = journal
    }

    /// The last outcome in the journal; nil while the run goes on.
    public var outcome: RunOutcome? {
        for record in journal.reversed() {
            if case .ended(let outcome) = record.event { return outcome }
        }
        return nil
    }
}
