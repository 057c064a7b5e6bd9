import FettleModel
import Foundation

extension InMemoryStore {
    public func log(after sequence: Int, limit: Int) throws(StoreError) -> [LogRecord] {
        Array(logRecords.dropFirst(max(0, sequence)).prefix(max(0, limit)))
    }

    public func logHead() throws(StoreError) -> LogRecord? { logRecords.last }

    public func bytes(of subject: LogSubject) throws(StoreError) -> [UInt8]? {
        switch subject {
        case .document(let kind, let id): return storedDocuments[DocumentKey(kind: kind, id: id)]?.bytes
        case .waiver(let position):
            return waiverLog.indices.contains(position - 1) ? try canonical(waiverLog[position - 1]) : nil
        case .journal(let run):
            guard let records = journals[run]?.records, !records.isEmpty else { return nil }
            var bytes: [UInt8] = []
            for record in records {
                bytes += JournalLine.bytes(
                    record.sequence, epoch: record.epoch, milliseconds: record.at.milliseconds,
                    schema: record.event.schema, event: try canonical(record.event))
            }
            return bytes
        }
    }

    // Asynchronous though it need not be: the requirement's default would be preferred to it otherwise.
    public func note(_ act: NotedAct) async throws(StoreError) { try enter { LogRules.of(act) } }

    /// Adds to the log what was just written; nothing where no log is kept.
    func enter(_ entries: () throws -> [LogEntry]) throws(StoreError) {
        guard let chain else { return }
        do {
            logRecords += try chain.records(entries(), after: logRecords.last.map { ($0.sequence, $0.link) })
        } catch {
            throw error as? StoreError ?? StoreError(.unavailable, "the log cannot be written: \(error)")
        }
    }

    func digest(ofJournal run: RunID) throws(StoreError) -> Digest { try digest(of: .journal(run)) }
    func digest(ofWaiver position: Int) throws(StoreError) -> Digest { try digest(of: .waiver(position)) }

    private func digest(of subject: LogSubject) throws(StoreError) -> Digest {
        guard let chain, let bytes = try bytes(of: subject) else {
            throw StoreError(.notFound, "there is no \(subject)")
        }
        return chain.digest(bytes)
    }

    private func canonical(_ value: some Encodable) throws(StoreError) -> [UInt8] {
        do {
            return [UInt8](try CanonicalJSON.encode(value))
        } catch {
            throw StoreError(.unavailable, "cannot be written as JSON: \(error)")
        }
    }
}
