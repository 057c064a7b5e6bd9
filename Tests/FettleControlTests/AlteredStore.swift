import FettleEvidence
import FettleModel
import FettleStore

/// A store behind which somebody has altered what is kept, or the log.
actor AlteredStore: Store {
    nonisolated let inner: InMemoryStore
    private let length: Int
    private let records: [LogRecord]?
    private let beganAt: Timestamp?
    private let alter: @Sendable (LogSubject, [UInt8]?) -> [UInt8]?

    init(
        inner: InMemoryStore, length: Int = .max, records: [LogRecord]? = nil, beganAt: Timestamp? = nil,
        alter: @escaping @Sendable (LogSubject, [UInt8]?) -> [UInt8]? = { $1 }
    ) {
        self.inner = inner
        self.length = length
        self.records = records
        self.beganAt = beganAt
        self.alter = alter
    }

    func log(after sequence: Int, limit: Int) async throws(StoreError) -> [LogRecord] {
        if let records { return Array(records.filter { $0.sequence > sequence }.prefix(limit)) }
        return try await inner.log(after: sequence, limit: limit).filter { $0.sequence <= length }
    }
    func logHead() async throws(StoreError) -> LogRecord? { try await log(after: 0, limit: .max).last }
    func logBeganAt() async throws(StoreError) -> Timestamp? { beganAt }
    func bytes(of subject: LogSubject) async throws(StoreError) -> [UInt8]? {
        alter(subject, try await inner.bytes(of: subject))
    }

    func replace(_ document: StoredDocument, expecting digest: Digest) async throws(StoreError) {
        try await inner.replace(document, expecting: digest)
    }
    func put(_ document: StoredDocument) async throws(StoreError) { try await inner.put(document) }
    func document(_ kind: DocumentKind, id: String) async throws(StoreError) -> StoredDocument? {
        guard var document = try await inner.document(kind, id: id),
            let bytes = alter(.document(kind, id: id), document.bytes)
        else { return nil }
        // By somebody who knows that the digest has to be right.
        if bytes != document.bytes { document.digest = LogChain.sha256.digest(bytes) }
        document.bytes = bytes
        return document
    }
    func documents(_ kind: DocumentKind, limit: Int) async throws(StoreError) -> [DocumentSummary] {
        try await inner.documents(kind, limit: limit)
    }
    func createRun(_ run: RunID, change: ChangeID, at time: Timestamp) async throws(StoreError) {
        try await inner.createRun(run, change: change, at: time)
    }
    func note(_ act: NotedAct) async throws(StoreError) { try await inner.note(act) }
    func claim(
        _ run: RunID, executor: String, at time: Timestamp, leaseSeconds: Int, takeOver: Bool
    ) async throws(StoreError) -> RunClaim {
        try await inner.claim(run, executor: executor, at: time, leaseSeconds: leaseSeconds, takeOver: takeOver)
    }
    func renew(_ claim: RunClaim, at time: Timestamp, leaseSeconds: Int) async throws(StoreError) {
        try await inner.renew(claim, at: time, leaseSeconds: leaseSeconds)
    }
    func release(_ claim: RunClaim) async throws(StoreError) { try await inner.release(claim) }
    func append(_ records: [JournalRecord], to run: RunID) async throws(StoreError) {
        try await inner.append(records, to: run)
    }
    func records(of run: RunID, after sequence: Int) async throws(StoreError) -> [JournalRecord] {
        try await inner.records(of: run, after: sequence)
    }
    func runs(limit: Int) async throws(StoreError) -> [RunSummary] { try await inner.runs(limit: limit) }
    func summary(of run: RunID) async throws(StoreError) -> RunSummary? { try await inner.summary(of: run) }
    func reserve(_ request: ReservationRequest, epoch: Int) async throws(StoreError) -> ReservationDecision {
        try await inner.reserve(request, epoch: epoch)
    }
    func release(_ resource: ResourceID, by run: RunID, epoch: Int) async throws(StoreError) {
        try await inner.release(resource, by: run, epoch: epoch)
    }
    func reservations() async throws(StoreError) -> [Reservation] { try await inner.reservations() }
    func quarantine(_ entry: QuarantineEntry) async throws(StoreError) { try await inner.quarantine(entry) }
    func quarantined() async throws(StoreError) -> [QuarantineEntry] { try await inner.quarantined() }
    func settle(
        _ resource: ResourceID, by person: Person, at time: Timestamp, note: String
    ) async throws(StoreError) -> QuarantineEntry {
        try await inner.settle(resource, by: person, at: time, note: note)
    }
    func supersede(_ order: SupersessionOrder) async throws(StoreError) { try await inner.supersede(order) }
    func submit(_ request: RunRequest, to run: RunID) async throws(StoreError) {
        try await inner.submit(request, to: run)
    }
    func requests(to run: RunID) async throws(StoreError) -> [StoredRunRequest] { try await inner.requests(to: run) }
    func remove(_ request: StoredRunRequest, epoch: Int) async throws(StoreError) {
        try await inner.remove(request, epoch: epoch)
    }
    func append(_ events: [WaiverEvent], after length: Int) async throws(StoreError) {
        try await inner.append(events, after: length)
    }
    func waiverEvents() async throws(StoreError) -> [WaiverEvent] { try await inner.waiverEvents() }
    func record(_ look: FindingLook) async throws(StoreError) { try await inner.record(look) }
    func sightings() async throws(StoreError) -> [Sighting] { try await inner.sightings() }
    func messageCursor(of receiver: String) async throws(StoreError) -> Int? {
        try await inner.messageCursor(of: receiver)
    }
    func queue(_ batch: MessageBatch) async throws(StoreError) { try await inner.queue(batch) }
    func message(_ id: Int64) async throws(StoreError) -> StoredMessage? { try await inner.message(id) }
    func messages(_ selection: MessageSelection) async throws(StoreError) -> [StoredMessage] {
        try await inner.messages(selection)
    }
    func replace(_ message: StoredMessage) async throws(StoreError) -> StoredMessage {
        try await inner.replace(message)
    }
}
