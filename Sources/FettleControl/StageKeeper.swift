public import FettleModel
public import FettleStore
import Foundation

/// Writes stages down under an id and a digest, and reads them back only if they still have that digest.
public struct StageKeeper: Sendable {
    let store: any Store
    /// Who has stages written; the log tells it of those that do not say it themselves.
    private var person: Person?

    public init(store: any Store) { self.store = store }

    /// - Parameter person: who has stages written; nil: it is not known.
    func by(_ person: Person?) -> StageKeeper {
        var keeper = self
        keeper.person = person
        return keeper
    }

    /// The SHA-256 digest of the value's canonical JSON: what people approve, and what children name their parents by.
    public static func digest(of value: some Encodable) throws(ControlError) -> Digest {
        Digest.sha256(of: try bytes(of: value))
    }

    private static func bytes(of value: some Encodable) throws(ControlError) -> Data {
        do {
            return try CanonicalJSON.encode(value)
        } catch {
            throw ControlError(.internal, "cannot write \(type(of: value)) as JSON: \(error)")
        }
    }

    /// Keeps a stage that is never altered.
    @discardableResult
    public func keep(
        _ value: some Encodable & Sendable, as kind: DocumentKind, id: String, at time: Timestamp
    ) async throws(ControlError) -> StageReference {
        let document = try document(value, as: kind, id: id, at: time)
        do throws(StoreError) {
            try await store.put(document)
        } catch {
            throw ControlError(store: error)
        }
        return StageReference(id: id, digest: document.digest)
    }

    /// Keeps a stage under the next free name of its kind, such as `plan-7`.
    ///
    /// - Parameter admit: asked before with everything of the kind that is kept; throws if this one must not be. What it decides
    ///   still holds when the stage is written, as one transaction: whoever keeps another in between takes the name, so that this
    ///   write is refused and everything is asked again.
    public func keepNext<Value: Encodable & Sendable>(
        as kind: DocumentKind, at time: Timestamp,
        admit: (([DocumentSummary]) async throws(ControlError) -> Void)? = nil,
        make: (String) throws(ControlError) -> Value
    ) async throws(ControlError) -> (value: Value, reference: StageReference) {
        for attempt in 0..<20 {
            // The newest bear the highest numbers, unless the clock was set back: after a conflict all of them are asked.
            let kept = try await list(kind, limit: attempt == 0 && admit == nil ? 50 : .max)
            try await admit?(kept)
            let id = Self.nextID(kind, after: kept)
            let value = try make(id)
            let document = try document(value, as: kind, id: id, at: time)
            do throws(StoreError) {
                try await store.put(document)
                return (value, StageReference(id: id, digest: document.digest))
            } catch {
                // Another process took the name in between.
                if error.code == .conflict { continue }
                throw ControlError(store: error)
            }
        }
        throw ControlError(.internal, "found no free name for a \(kind.rawValue); other processes take them all")
    }

    /// Reads a stage back and makes sure that it is what was written.
    public func load<Value: Decodable>(
        _ type: Value.Type, _ kind: DocumentKind, id: String
    ) async throws(ControlError) -> (value: Value, reference: StageReference) {
        let document = try await bytes(of: kind, id: id)
        do {
            let value = try StageDecoding.decode(type, from: Data(document.bytes))
            return (value, StageReference(id: id, digest: document.digest))
        } catch {
            throw ControlError(.internal, "\(kind.rawValue) \(id) cannot be read: \(error)")
        }
    }

    /// A stage as it is kept, without being understood.
    ///
    /// - Parameter id: nil: the newest.
    public func bytes(
        of kind: DocumentKind, id: String?
    ) async throws(ControlError) -> (id: String, digest: Digest, bytes: [UInt8]) {
        var name = id
        if name == nil { name = try await list(kind, limit: 1).first?.id }
        guard let id = name else {
            throw ControlError(
                .notFound, "no \(kind.rawValue) kept yet", hint: Self.hint(kind))
        }
        let document: StoredDocument?
        do throws(StoreError) {
            document = try await store.document(kind, id: id)
        } catch {
            throw ControlError(store: error)
        }
        guard let document else {
            throw ControlError(.notFound, "there is no \(kind.rawValue) '\(id)'", hint: Self.hint(kind))
        }
        let digest = Digest.sha256(of: document.bytes)
        guard digest == document.digest else {
            throw ControlError(
                .drift,
                "\(kind.rawValue) \(id) was altered: its content has the digest \(digest.short)…, and beside it "
                    + "\(document.digest.short)… is kept",
                hint: "`fettle evidence check` tells which of the two is what was kept")
        }
        return (id, document.digest, document.bytes)
    }

    /// The newest of its kind; nil if there is none.
    public func newest<Value: Decodable>(
        _ type: Value.Type, _ kind: DocumentKind
    ) async throws(ControlError) -> (value: Value, reference: StageReference)? {
        guard let summary = try await list(kind, limit: 1).first else { return nil }
        return try await load(type, kind, id: summary.id)
    }

    public func list(_ kind: DocumentKind, limit: Int) async throws(ControlError) -> [DocumentSummary] {
        do throws(StoreError) {
            return try await store.documents(kind, limit: limit)
        } catch {
            throw ControlError(store: error)
        }
    }

    /// Writes a change and its votes anew; `conflict` if somebody else has meanwhile.
    func replace(
        _ value: some Encodable & Sendable, as kind: DocumentKind, id: String, at time: Timestamp,
        expecting digest: Digest
    ) async throws(ControlError) {
        let document = try document(value, as: kind, id: id, at: time)
        do throws(StoreError) {
            try await store.replace(document, expecting: digest)
        } catch {
            throw ControlError(store: error)
        }
    }

    private func document(
        _ value: some Encodable, as kind: DocumentKind, id: String, at time: Timestamp
    ) throws(ControlError) -> StoredDocument {
        let bytes = try Self.bytes(of: value)
        return StoredDocument(
            kind: kind, id: id, digest: Digest.sha256(of: bytes), createdAt: time, bytes: [UInt8](bytes),
            writtenBy: person)
    }

    private static func hint(_ kind: DocumentKind) -> String {
        switch kind {
        case .note: "`fettle patchset show SET` shows those there are"
        case .imagenote: "`fettle image show IMAGE` shows those there are"
        case .plan, .change, .patchset, .image: "`fettle \(kind.rawValue) list` shows those there are"
        case .evidence: "`fettle report RUN` gathers it"
        case .statement: "`fettle responsibility evidence list` shows those there are"
        case .submitted: "it is written by `fettle change submit`"
        case .trust: "an admin: `fettle policy accept`"
        case .user, .token: "`fettle \(kind.rawValue) list` shows those there are"
        case .fleet, .facts, .findings, .selection: "`fettle scan` and `fettle plan make` begin anew"
        }
    }

    private static func nextID(_ kind: DocumentKind, after kept: [DocumentSummary]) -> String {
        let taken = kept.compactMap(\.id.idNumber)
        return "\(kind.rawValue)-\((taken.max() ?? 0) + 1)"
    }
}
