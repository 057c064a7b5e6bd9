import FettleModel
import FettleStore
import Foundation

/// What is kept of patch sets, by their ids, and what of it is not what was written: that stands in its own set's way.
struct KeptOfSets<Value: Sendable>: Sendable {
    var legible: [String: [Value]] = [:]
    var doubts: [String: [DoubtOfSet]] = [:]
    /// Nobody can say of which set it was: of any that was made before it. A set that is made anew is free of it.
    var ofAnySet: [DoubtOfSet] = []

    func doubted(of set: PatchSet) -> [DoubtOfSet] {
        (doubts[set.id.rawValue] ?? []) + ofAnySet.filter { set.madeAt <= $0.at }
    }

    /// In words.
    func doubts(of set: PatchSet) -> [String] { doubted(of: set).map(\.words) }
}

/// A document that is not what was written.
struct DoubtOfSet: Sendable {
    var id: String
    /// When it was kept, or says that it was written.
    var at: Timestamp
    var words: String
}

extension StageKeeper {
    /// Of which set a note was that cannot be read, by what its bytes still say; nil: they say nothing.
    func setOfUnread(note id: String) async throws(ControlError) -> String? {
        do throws(StoreError) {
            let document = try await store.document(.note, id: id)
            return document.flatMap { try? CanonicalJSON.decode(PatchSetNote.self, from: Data($0.bytes)) }?.set.id
        } catch { throw ControlError(store: error) }
    }
}
