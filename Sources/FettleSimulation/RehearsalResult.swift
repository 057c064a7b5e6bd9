public import FettleModel
public import FettleStore

/// What somebody asks for in the middle of a play.
public struct RehearsalRequest: Sendable, Equatable {
    /// How many lines the journal has then, at least.
    public var afterRecord: Int
    public var request: RunRequest

    public init(afterRecord: Int, request: RunRequest) {
        self.afterRecord = afterRecord
        self.request = request
    }
}

/// What one play showed.
public struct RehearsalResult: Sendable, Equatable {
    /// nil if the run stands still for a person.
    public var outcome: RunOutcome?
    public var awaitingHuman: String?
    /// In virtual time.
    public var seconds: Int
    /// By group, how few members served at the worst moment.
    public var lowestAvailable: [GroupID: Int]
    /// When that moment first came, in seconds after the play's begin; 0 if all members served all the time.
    public var lowestAt: [GroupID: Int]
    public var quarantined: [ResourceID]
    /// Invariants that were broken, in words; empty if all held.
    public var violations: [String]
    public var journal: [JournalRecord]
}
