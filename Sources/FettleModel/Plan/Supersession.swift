/// The run that a plan replaces: the plan takes its hosts over as they are, out of traffic and perhaps unhealthy, with what is owed
/// for them. Part of what is approved.
public struct Supersession: Codable, Sendable, Equatable {
    public var run: RunID
    /// The last line of that run's journal when the plan was made: if it has come on since, the plan is void.
    public var sequence: Int
    /// Hosts that are out by that run, by id. They go first: nobody else is taken out before they are finished.
    public var taken: [TakenHost]

    public init(run: RunID, sequence: Int, taken: [TakenHost]) {
        self.run = run
        self.sequence = sequence
        self.taken = taken
    }
}

/// A host that is out, with what has to be put back in the end.
public struct TakenHost: Codable, Sendable, Equatable {
    public var resource: ResourceID
    /// The superseded run's drains that are not taken back yet, with what was there before them (I7).
    public var obligations: [Obligation]
    /// It stands in the quarantine ledger: the entry is closed when it is taken over.
    public var isQuarantined: Bool

    public init(resource: ResourceID, obligations: [Obligation], isQuarantined: Bool) {
        self.resource = resource
        self.obligations = obligations
        self.isQuarantined = isQuarantined
    }
}
