public import FettleModel

/// Everything in memory, and nothing after the process ends: for the simulator and for tests. Keeps every promise of `Store`
/// but durability; a log only where a chain is handed in, as the simulator plays runs by the hundred thousand and nobody asks
/// it for one.
public actor InMemoryStore: Store {
    struct DocumentKey: Hashable {
        var kind: DocumentKind
        var id: String
    }

    struct Journal {
        var summary: RunSummary
        var records: [JournalRecord] = []
    }

    struct LedgerEntry {
        var entry: QuarantineEntry
        /// Who settled it and when; nil as long as it is open.
        var settlement: (person: Person, at: Timestamp, note: String)?
    }

    var storedDocuments: [DocumentKey: StoredDocument] = [:]
    var journals: [RunID: Journal] = [:]
    var held: [ResourceID: Reservation] = [:]
    var ledger: [LedgerEntry] = []
    var openRequests: [StoredRunRequest] = []
    var lastRequest: Int64 = 0
    var waiverLog: [WaiverEvent] = []
    var sightingRows: [ResourceID: [SightingKey: Sighting]] = [:]
    var lastLooks: [ResourceID: LastLook] = [:]
    var outbox: [StoredMessage] = []
    var lastMessage: Int64 = 0
    var messageCursors: [String: Int] = [:]

    let chain: LogChain?
    var logRecords: [LogRecord] = []

    /// - Parameter chain: how entries of the log are chained; nil: no log is kept.
    public init(chain: LogChain? = nil) { self.chain = chain }
}

// MARK: - Documents

extension InMemoryStore {
    public func put(_ document: StoredDocument) throws(StoreError) {
        let key = DocumentKey(kind: document.kind, id: document.id)
        if let present = storedDocuments[key] {
            guard present.digest == document.digest, present.bytes == document.bytes else {
                throw StoreError(.conflict, "\(document.kind.rawValue) \(document.id) is there with other contents")
            }
            return
        }
        storedDocuments[key] = document
        storedDocuments[key]?.writtenBy = nil
        try enter { LogRules.of(document) }
    }

    public func document(_ kind: DocumentKind, id: String) throws(StoreError) -> StoredDocument? {
        storedDocuments[DocumentKey(kind: kind, id: id)]
    }

    public func documents(_ kind: DocumentKind, limit: Int) throws(StoreError) -> [DocumentSummary] {
        storedDocuments.values.filter { $0.kind == kind }
            .sorted { ($1.createdAt, $1.id) < ($0.createdAt, $0.id) }
            .prefix(max(0, limit))
            .map { DocumentSummary(kind: $0.kind, id: $0.id, digest: $0.digest, createdAt: $0.createdAt) }
    }

    public func replace(_ document: StoredDocument, expecting digest: Digest) throws(StoreError) {
        let key = DocumentKey(kind: document.kind, id: document.id)
        guard let present = storedDocuments[key] else {
            throw StoreError(.notFound, "there is no \(document.kind.rawValue) \(document.id)")
        }
        guard present.digest == digest else {
            throw StoreError(.conflict, "\(document.kind.rawValue) \(document.id) was altered by somebody else")
        }
        var document = document
        // When it was made stays, as in the databases.
        document.createdAt = present.createdAt
        storedDocuments[key] = document
        guard let chain else { return }
        try enter { [document] in LogRules.of(document, replacing: present.bytes, before: chain.digest(present.bytes)) }
    }
}

// MARK: - Requests

extension InMemoryStore {
    public func submit(_ request: RunRequest, to run: RunID) throws(StoreError) {
        guard journals[run] != nil else { throw StoreError(.notFound, "there is no run \(run)") }
        lastRequest += 1
        openRequests.append(StoredRunRequest(id: lastRequest, run: run, request: request))
        try enter { LogRules.of(request, to: run) }
    }

    public func requests(to run: RunID) throws(StoreError) -> [StoredRunRequest] {
        openRequests.filter { $0.run == run }
    }

    public func remove(_ request: StoredRunRequest, epoch: Int) throws(StoreError) {
        try requireEpoch(epoch, of: request.run)
        openRequests.removeAll { $0.id == request.id && $0.run == request.run }
    }
}
