public import FettleModel

/// Everything that Fettle keeps. Implemented in FettleDatabase on SQLite and PostgreSQL, and in memory for the simulator; each
/// passes `StoreConformance` of FettleTestSupport.
public protocol Store:
    DocumentStore, JournalStore, ReservationStore, QuarantineStore, RunRequestStore, WaiverStore, SightingStore,
    SupersessionStore, LogStore, MessageStore
{}

/// Stages of the flow, written once and never altered.
public protocol DocumentStore: Sendable {
    /// Writing the same bytes under the same id again is fine; other bytes are a `conflict`.
    func put(_ document: StoredDocument) async throws(StoreError)
    func document(_ kind: DocumentKind, id: String) async throws(StoreError) -> StoredDocument?
    /// Newest first, without their bytes.
    func documents(_ kind: DocumentKind, limit: Int) async throws(StoreError) -> [DocumentSummary]
    /// Replaces a document that lives (a change and its votes) if its digest is still `expected`; otherwise a `conflict`.
    func replace(_ document: StoredDocument, expecting digest: Digest) async throws(StoreError)
}

public enum DocumentKind: String, Sendable, Codable, CaseIterable {
    case fleet, facts, findings, selection, plan, change, evidence
    /// What a provider or a vendor has shown for what they owe.
    case statement
    /// Exact versions that are promoted as they are.
    case patchset
    /// What somebody says of a patch set.
    case note
    /// A version of an image that machines can be made from.
    case image
    /// What was done with an image: promoted, retired, collected.
    case imagenote
    /// A plan as it was submitted, by the name of its change: so that it can be told what became of it.
    case submitted
    /// Who may act, by name.
    case user
    /// By what they show who they are: a digest of it, and never it itself.
    case token
    /// What an admin has accepted of the folder's policy and fleet.
    case trust
}

public struct StoredDocument: Sendable, Equatable {
    public var kind: DocumentKind
    public var id: String
    public var digest: Digest
    public var createdAt: Timestamp
    /// Canonical JSON.
    public var bytes: [UInt8]
    /// Who has it written: for the log, where its contents do not tell. It is not kept beside it, and nil when it is read.
    public var writtenBy: Person?

    public init(
        kind: DocumentKind, id: String, digest: Digest, createdAt: Timestamp, bytes: [UInt8], writtenBy: Person? = nil
    ) {
        self.kind = kind
        self.id = id
        self.digest = digest
        self.createdAt = createdAt
        self.bytes = bytes
        self.writtenBy = writtenBy
    }
}

public struct DocumentSummary: Sendable, Equatable {
    public var kind: DocumentKind
    public var id: String
    public var digest: Digest
    public var createdAt: Timestamp

    public init(kind: DocumentKind, id: String, digest: Digest, createdAt: Timestamp) {
        self.kind = kind
        self.id = id
        self.digest = digest
        self.createdAt = createdAt
    }
}

/// Append-only journals of runs, fenced by epochs (I2).
public protocol JournalStore: Sendable {
    /// Makes a run's journal, with epoch 0 and nobody holding it.
    func createRun(_ run: RunID, change: ChangeID, at time: Timestamp) async throws(StoreError)
    /// The same, and the log tells who made it; nil: nobody is known.
    func createRun(_ run: RunID, change: ChangeID, by person: Person?, at time: Timestamp) async throws(StoreError)
    /// Takes the run over: the epoch goes up by one, and appends of earlier epochs are refused from then on.
    /// A lease of another executor that has not run out is a `leaseHeld`, unless `takeOver`.
    func claim(
        _ run: RunID, executor: String, at time: Timestamp, leaseSeconds: Int, takeOver: Bool
    ) async throws(StoreError) -> RunClaim
    /// Extends the lease; `fenced` if somebody else has claimed the run since.
    func renew(_ claim: RunClaim, at time: Timestamp, leaseSeconds: Int) async throws(StoreError)
    /// Gives the lease up, so that the next claim need not wait for its end. The epoch stays.
    func release(_ claim: RunClaim) async throws(StoreError)
    /// Durable when it returns. All records or none; `fenced` if their epoch is not the run's, `conflict` if the first does not
    /// follow the journal's last.
    func append(_ records: [JournalRecord], to run: RunID) async throws(StoreError)
    /// In order, those after `sequence`.
    func records(of run: RunID, after sequence: Int) async throws(StoreError) -> [JournalRecord]
    /// Newest first.
    func runs(limit: Int) async throws(StoreError) -> [RunSummary]
    /// nil if there is no such run.
    func summary(of run: RunID) async throws(StoreError) -> RunSummary?
}

extension JournalStore {
    public func createRun(
        _ run: RunID, change: ChangeID, by person: Person?, at time: Timestamp
    ) async throws(StoreError) {
        try await createRun(run, change: change, at: time)
    }
}

public struct RunClaim: Sendable, Equatable {
    public var run: RunID
    public var executor: String
    public var epoch: Int
    public init(run: RunID, executor: String, epoch: Int) {
        self.run = run
        self.executor = executor
        self.epoch = epoch
    }
}

public struct RunSummary: Sendable, Equatable {
    public var run: RunID
    public var change: ChangeID
    public var createdAt: Timestamp
    public var epoch: Int
    /// Who holds the lease, and until when; nil if nobody does.
    public var executor: String?
    public var leaseUntil: Timestamp?
    public init(
        run: RunID, change: ChangeID, createdAt: Timestamp, epoch: Int, executor: String?, leaseUntil: Timestamp?
    ) {
        self.run = run
        self.change = change
        self.createdAt = createdAt
        self.epoch = epoch
        self.executor = executor
        self.leaseUntil = leaseUntil
    }
}

/// Who has taken which resource out, over all runs (I1).
public protocol ReservationStore: Sendable {
    /// One atomic write: reads every reservation in the groups and grants this one only if each group keeps its minimum, with all
    /// that goes out with the resource. The demands of all groups are granted together or not at all, so that no two runs can each
    /// hold what the other waits for.
    /// A reservation that this run already holds for the resource is granted again.
    /// `fenced` if another has claimed the run since the claim with this epoch: nobody would know of what is granted then, or ever give it
    /// back (I2).
    func reserve(_ request: ReservationRequest, epoch: Int) async throws(StoreError) -> ReservationDecision
    /// Gives it back; giving back what is not held is fine. Only the run that holds it can.
    /// `fenced` as by `reserve`: a successor may rest on what the executor before it wants to give back.
    func release(_ resource: ResourceID, by run: RunID, epoch: Int) async throws(StoreError)
    func reservations() async throws(StoreError) -> [Reservation]
}

public struct ReservationRequest: Sendable, Equatable {
    public var run: RunID
    public var resource: ResourceID
    /// Resources that are out whenever this one is, such as the machines that a hypervisor takes down with it.
    public var carries: [ResourceID]
    public var at: Timestamp
    public var demands: [GroupDemand]

    public init(
        run: RunID, resource: ResourceID, carries: [ResourceID] = [], at: Timestamp, demands: [GroupDemand]
    ) {
        self.run = run
        self.resource = resource
        self.carries = carries
        self.at = at
        self.demands = demands
    }

    /// One group that holds the resource or something that it carries, as it was observed just now.
    public struct GroupDemand: Sendable, Equatable {
        public var group: GroupID
        public var members: [ResourceID]
        public var minimumAvailable: Int
        /// Members that are unhealthy or of which nothing is known, at this moment.
        public var unavailable: Set<ResourceID>
        /// How many members this run may have out at once.
        public var maximumOut: Int

        public init(
            group: GroupID, members: [ResourceID], minimumAvailable: Int, unavailable: Set<ResourceID>,
            maximumOut: Int
        ) {
            self.group = group
            self.members = members
            self.minimumAvailable = minimumAvailable
            self.unavailable = unavailable
            self.maximumOut = maximumOut
        }
    }
}

public enum ReservationDecision: Sendable, Equatable {
    case granted
    /// Why not, in words: which group, how many it has, how many it needs.
    case refused(reason: String)
}

public struct Reservation: Sendable, Equatable {
    public var run: RunID
    public var resource: ResourceID
    /// Resources that are out as long as this one is; given back with it.
    public var carries: [ResourceID]
    public var since: Timestamp

    public init(run: RunID, resource: ResourceID, carries: [ResourceID] = [], since: Timestamp) {
        self.run = run
        self.resource = resource
        self.carries = carries
        self.since = since
    }

    /// What is out by it.
    public var out: [ResourceID] { [resource] + carries }
}

/// Resources that are kept out of traffic until a person settles them (I7). A quarantined resource keeps its reservation.
public protocol QuarantineStore: Sendable {
    /// Filing an entry again (same run, resource and `since`), as an executor does after a crash, changes nothing: what a
    /// person has settled meanwhile stays settled.
    func quarantine(_ entry: QuarantineEntry) async throws(StoreError)
    /// Open entries, oldest first.
    func quarantined() async throws(StoreError) -> [QuarantineEntry]
    /// Gives the resource's reservation back in the same write, so that nobody is left to hold it for ever.
    /// - Throws: `notFound` if the resource is not quarantined.
    func settle(
        _ resource: ResourceID, by person: Person, at time: Timestamp, note: String
    ) async throws(StoreError) -> QuarantineEntry
}

/// What people ask of a run that another process carries out. The executor journals a request, then removes it.
public protocol RunRequestStore: Sendable {
    func submit(_ request: RunRequest, to run: RunID) async throws(StoreError)
    /// Oldest first.
    func requests(to run: RunID) async throws(StoreError) -> [StoredRunRequest]
    /// `fenced` if another has claimed the run since the claim with this epoch: that one has not heard it yet.
    func remove(_ request: StoredRunRequest, epoch: Int) async throws(StoreError)
}

public enum RunRequest: Codable, Sendable, Equatable {
    case pause(by: Person, reason: String)
    case resume(by: Person)
    case abort(by: Person, reason: String)
    case rollback(by: Person, reason: String)
    case retry(by: Person)
    case skip(step: StepID, by: Person, reason: String)
    /// These alone go back. Whatever needs them has to be named too (`PartRollback`).
    case rollbackPart(resources: [ResourceID], by: Person, reason: String)
    /// Only what failed; empty: all that did.
    case retryFailed(resources: [ResourceID], by: Person)
    /// To whichever executor asks for the run next. Meant for the one of this epoch: it must not meet its successor.
    case handOver(by: Person, reason: String, epoch: Int)
    /// What a gate asks a person; `pass` or `fail`.
    case answer(step: StepID, by: Person, verdict: GateVerdict, reason: String)
}

public struct StoredRunRequest: Sendable, Equatable {
    public var id: Int64
    public var run: RunID
    public var request: RunRequest

    public init(id: Int64, run: RunID, request: RunRequest) {
        self.id = id
        self.run = run
        self.request = request
    }
}
