import FettleModel
import FettleStore
import Foundation

/// Whether what people said of patch sets is what the log tells. A sign-off that somebody wrote into the database past Fettle, even with the
/// right digest, counts for nothing, and a refusal that is gone is missed.
struct NoteWitness {
    let keeper: StageKeeper

    struct Fault {
        var note: String
        /// nil: an earlier Fettle wrote the entry, and nobody can say.
        var set: String?
        var at: Timestamp
        var words: String
    }

    /// - Parameter notes: all that are kept and can be read.
    func faults(of notes: [(note: PatchSetNote, digest: Digest)]) async throws(ControlError) -> [Fault] {
        let (told, begunAt) = try await entries()
        // No log is kept here.
        guard let begunAt else { return [] }
        var faults: [Fault] = []
        func fault(_ note: PatchSetNote, _ words: String) {
            faults.append(
                Fault(
                    note: note.id, set: note.set.id, at: note.at,
                    words: "\(note.id) is not what the log tells of it: \(words); `fettle evidence check` tells all"))
        }
        for (note, digest) in notes {
            guard let entries = told[note.id] else {
                // What was kept before there was a log is taken as it is.
                if note.at >= begunAt { fault(note, "there is no entry of it") }
                continue
            }
            if entries.count > 1 || entries[0].what != .kept {
                fault(note, "it was written more than once")
            } else if entries[0].digest != digest {
                fault(note, "it was altered since")
            }
        }
        let kept = Set(notes.map(\.note.id))
        for (id, entries) in told.sorted(by: { $0.key < $1.key }) where !kept.contains(id) {
            // One that was kept since the notes were looked for is there; one that cannot be read is told already.
            guard try await !isKept(id) else { continue }
            faults.append(
                Fault(
                    note: id, set: entries[0].set?.rawValue, at: entries[0].at ?? begunAt,
                    words: "\(id) is gone, and the log tells that it was kept; `fettle evidence check` tells all"))
        }
        return faults
    }

    private func isKept(_ note: String) async throws(ControlError) -> Bool {
        do throws(StoreError) { return try await keeper.store.document(.note, id: note) != nil } catch {
            throw ControlError(store: error)
        }
    }

    /// Entries about notes by the notes' ids, in their order; since when there is a log, nil: there is none.
    private func entries() async throws(ControlError) -> (entries: [String: [LogEntry]], begunAt: Timestamp?) {
        var entries: [String: [LogEntry]] = [:]
        let mark = Array("\"\(DocumentKind.note.rawValue):".utf8)
        do throws(StoreError) {
            var begunAt = try await keeper.store.logBeganAt()
            try await keeper.store.readLog { record in
                guard begunAt == nil || record.entry.firstRange(of: mark) != nil,
                    let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry))
                else { return }
                begunAt = begunAt ?? entry.at
                if case .document(.note, let id)? = entry.subject { entries[id, default: []].append(entry) }
            }
            return (entries, begunAt)
        } catch { throw ControlError(store: error) }
    }
}
