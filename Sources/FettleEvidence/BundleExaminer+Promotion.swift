import FettleModel
import FettleStore
import Foundation

/// That the account of a promotion is the run's own, that what it rests on is what the log tells, and that it follows from that.
extension BundleExaminer {
    /// - Returns: nil where there is no account.
    mutating func comparePromotion(
        _ log: LogExtract, _ change: Change
    ) throws(EvidenceError) -> BundleStory.Promotion? {
        let notes = try notes()
        guard digest(.promotion) != nil else {
            expect(notes.isEmpty, "what people said of a patch set is here, and no account of its promotion")
            return nil
        }
        let account = try decode(PromotionAccount.self, .promotion)
        guard let promotion = change.promotion else {
            expect(false, "an account of a promotion is here, and the change is for no patch set")
            return nil
        }
        let set = try decode(PatchSet.self, .patchset)
        expect(
            account.set == promotion.set && account.stage == promotion.stage && account.lane == promotion.lane,
            "the account of the promotion is of another patch set, stage or lane than the change")
        expect(
            account.promotions.contains { $0.change.id == change.id.rawValue && $0.change.digest == digest(.change) },
            "the account of the promotion does not name the run's own change")
        let judged = account.judged(by: promotion.policy, exploited: !set.exploited.isEmpty, notes: notes.map(\.note))
        expect(
            account.rules != PromotionAccount.currentRules
                || account.criteria.elementsEqual(judged) {
                    ($0.stage, $0.name, $0.isMet) == ($1.stage, $1.name, $1.isMet)
                },
            "the criteria of the promotion do not follow from its runs and from what people said")
        try compareWithLog(log, account, notes)
        return BundleStory.Promotion(account, set, notes.map(\.note))
    }

    private func notes() throws(EvidenceError) -> [(note: PatchSetNote, digest: FettleModel.Digest)] {
        var notes: [(note: PatchSetNote, digest: FettleModel.Digest)] = []
        for line in try NoteLine.lines(in: bytes(.notes)) {
            guard let note = try? CanonicalJSON.decode(PatchSetNote.self, from: Data(line.bytes)), note.id == line.id
            else { throw EvidenceError(.malformed, "the note \(line.id) cannot be read; a newer Fettle wrote it?") }
            notes.append((note, LogChain.sha256.digest(line.bytes)))
        }
        return notes
    }

    private mutating func compareWithLog(
        _ log: LogExtract, _ account: PromotionAccount, _ notes: [(note: PatchSetNote, digest: FettleModel.Digest)]
    ) throws(EvidenceError) {
        var told: [String: Set<FettleModel.Digest>] = [:]
        var said: Set<String> = []
        for (_, entry) in try log.entries() {
            guard let subject = entry.subject, let digest = entry.digest else { continue }
            told[subject.description, default: []].insert(digest)
            if case .document(.note, let id) = subject, entry.set?.rawValue == account.set.id { said.insert(id) }
        }
        func isTold(_ subject: LogSubject, _ digest: FettleModel.Digest) -> Bool {
            bundle.manifest.notInLog.contains(subject.description)
                || told[subject.description]?.contains(digest) == true
        }
        for promotion in account.promotions {
            expect(
                isTold(.document(.change, id: promotion.change.id), promotion.change.digest),
                "the log does not know \(promotion.change.id), by which the set was promoted, with that digest")
        }
        for (note, digest) in notes {
            expect(note.set.id == account.set.id, "\(note.id) is about \(note.set.id), and not about \(account.set.id)")
            expect(isTold(.document(.note, id: note.id), digest), "the log does not know \(note.id) with that digest")
        }
        let missing = said.subtracting(notes.map(\.note.id)).sorted()
        expect(
            missing.isEmpty,
            "the log tells that people said \(missing.joined(separator: ", ")) of \(account.set.id), which is not here")
    }
}
