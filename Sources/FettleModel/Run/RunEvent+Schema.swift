extension RunEvent {
    /// The first version of the journal's form that has this kind of event. A line bears it, so that a Fettle that does not know the
    /// kind says that it is too old, instead of taking the journal for a damaged one, and still reads all runs without it.
    public var schema: Int {
        switch self {
        case .started, .claimed, .stepIntended, .stepDone, .stepFailed, .stepSkipped, .paused, .resumed, .retried,
            .abortRequested, .rollbackRequested, .quarantined, .awaitingHuman, .ended:
            1
        case .gateAnswered, .partRollbackRequested, .failedRetried, .handOverRequested, .superseded: 2
        }
    }
}
