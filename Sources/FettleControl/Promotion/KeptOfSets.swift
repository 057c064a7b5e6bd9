import FettleModel
import FettleStore
import Foundation

/// What is kept of patch sets, by their ids, and what of it is not what was written: that stands in its own set's way.
struct KeptOfSets<Value: Sendable>: Sendable {
    var legible: [String: [Value]] = [:]
    /// In words.
    var doubts: [String: [String]] = [:]
    /// Nobody can say of which set it was: of any that was made before it. A set that is made anew is free of it.
    var ofAnySet: [(at: Timestamp, words: String)] = []

    func doubts(of set: PatchSet) -> [String] {
        (doubts[set.id.rawValue] ?? []) + ofAnySet.filter { set.madeAt <= $0.at }.map(\.words)
    }
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
