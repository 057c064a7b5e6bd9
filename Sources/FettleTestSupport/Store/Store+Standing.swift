public import FettleModel
public import FettleStore

/// As whoever has the run: what tests ask for that are about something else than who may.
extension Store {
    /// The epoch of the run's last claim. A run that is not there is made and claimed.
    public func standingEpoch(of run: RunID) async throws(StoreError) -> Int {
        let epoch = try await summary(of: run)?.epoch
        if let epoch, epoch > 0 { return epoch }
        if epoch == nil { try await createRun(run, change: ChangeID("change-of-\(run)"), at: .now()) }
        return try await claim(run, executor: "one", at: .now(), leaseSeconds: 60, takeOver: true).epoch
    }

    public func reserve(_ request: ReservationRequest) async throws(StoreError) -> ReservationDecision {
        try await reserve(request, epoch: try await standingEpoch(of: request.run))
    }

    public func release(_ resource: ResourceID, by run: RunID) async throws(StoreError) {
        try await release(resource, by: run, epoch: try await standingEpoch(of: run))
    }

    public func remove(_ request: StoredRunRequest) async throws(StoreError) {
        try await remove(request, epoch: try await standingEpoch(of: request.run))
    }
}
