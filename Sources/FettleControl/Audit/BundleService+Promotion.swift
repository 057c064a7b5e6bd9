import FettleEvidence
import FettleModel
import FettleStore
import Foundation

/// How a run's patch set came to its stage.
extension BundleService {
    /// - Returns: what the log has to tell of besides; empty where the run was of no set.
    func promotion(
        of change: Change, _ plan: Plan, startedAt time: Timestamp, into parts: inout [BundlePart: [UInt8]]
    ) async throws(ControlError) -> [LogSubject] {
        guard let promotion = change.promotion else { return [] }
        let record = PromotionRecord(keeper: keeper)
        let set = try await record.set(promotion.set)
        let (changes, notes) = (try await record.changes(), try await record.notes())
        let kept = changes.legible[promotion.set.id, default: []].filter { $0.promotion?.set == promotion.set }
        let (ways, altered) = try await ways(of: kept, besides: change.id)
        let (look, unseen) = try await laterLook(record, promotion.policy, before: time)
        let (trials, lost) = try await record.trials(
            of: ways.map(\.change).filter { $0.id != change.id && $0.requestedAt <= time }, promotion.set, look: look)
        let platforms = try await record.platforms(of: plan, set, promotion)
        var account = PromotionAccount(
            set: promotion.set, stage: promotion.stage, lane: promotion.lane, judgedAt: time, criteria: [],
            brought: PlatformSurvey.brought(by: plan, platforms), trials: trials.map { $0.asOf(time) }, promotions: [])
        // As of today: what came later than the run's start has no part in how it came there.
        let doubts = (changes.doubted(of: set) + notes.doubted(of: set) + altered).filter { $0.at <= time }
        let untold = doubts.map(\.words) + lost + unseen
        account.untold = untold.isEmpty ? nil : untold
        let unheard = notes.doubted(of: set).map(\.id)
        account.unheard = unheard.isEmpty ? nil : unheard.sorted()
        var subjects: [LogSubject] = []
        for (change, reference) in ways {
            guard let way = change.promotion else { continue }
            account.promotions.append(PromotionAccount.Promotion(change, reference, way))
            subjects.append(.document(.change, id: change.id.rawValue))
        }
        for trial in account.trials where trial.endedAt != nil {
            if let run = trial.run { subjects.append(.journal(run)) }
        }
        var lines: [UInt8] = []
        let said = notes.legible[promotion.set.id, default: []].filter { $0.set == promotion.set }
        for note in said {
            lines += Array("\(note.id) ".utf8) + (try await keeper.bytes(of: .note, id: note.id).bytes) + [0x0A]
            subjects.append(.document(.note, id: note.id))
        }
        if !said.isEmpty { parts[.notes] = lines }
        account.criteria = account.judged(by: promotion.policy, exploited: !set.exploited.isEmpty, notes: said)
        do {
            parts[.promotion] = [UInt8](try CanonicalJSON.encode(account))
        } catch {
            throw ControlError(.internal, "the account of \(set.id) cannot be written as JSON: \(error)")
        }
        return subjects
    }

    /// The set's changes in the order of their numbers, which a clock that was set back does not alter.
    ///
    /// - Parameter own: the run's own change, which the examiner judges.
    /// - Returns: also those that are not what the log tells of them, so that one of them is in no other's way.
    private func ways(
        of changes: [Change], besides own: ChangeID
    ) async throws(ControlError) -> (ways: [(change: Change, reference: StageReference)], altered: [DoubtOfSet]) {
        func number(_ change: Change) -> Int { change.id.rawValue.idNumber ?? 0 }
        var ways: [(change: Change, reference: StageReference)] = []
        for change in changes.sorted(by: { number($0) < number($1) }) {
            let (value, reference) = try await keeper.load(Change.self, .change, id: change.id.rawValue)
            ways.append((value, reference))
        }
        // Read after them: what was written meanwhile has its entry.
        let told = try await changesTold()
        var altered: [DoubtOfSet] = []
        for (change, reference) in ways where change.id != own {
            guard let known = told[change.id.rawValue], !known.digests.contains(reference.digest) else { continue }
            altered.append(
                DoubtOfSet(
                    id: change.id.rawValue, at: known.at ?? change.requestedAt,
                    words: "\(change.id) is not what the log tells of it"))
        }
        let names = Set(altered.map(\.id))
        return (ways.filter { !names.contains($0.change.id.rawValue) }, altered)
    }

    /// What the log tells of changes: when the first entry says that it was written, and all digests.
    private func changesTold() async throws(ControlError) -> [String: (at: Timestamp?, digests: Set<Digest>)] {
        var told: [String: (at: Timestamp?, digests: Set<Digest>)] = [:]
        let mark = Array("\"\(DocumentKind.change.rawValue):".utf8)
        do throws(StoreError) {
            try await store.readLog { record in
                guard record.entry.firstRange(of: mark) != nil,
                    let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry)),
                    case .document(.change, let id)? = entry.subject, let digest = entry.digest
                else { return }
                told[id, default: (at: entry.at, digests: [])].digests.insert(digest)
            }
        } catch {
            throw ControlError(store: error)
        }
        return told
    }

    /// - Returns: without a look, and why in words, where the scan of that time cannot be read any more.
    private func laterLook(
        _ record: PromotionRecord, _ policy: PromotionPolicy, before time: Timestamp
    ) async throws(ControlError) -> (look: LaterLook?, unseen: [String]) {
        do throws(ControlError) {
            return (try await record.laterLook(policy, before: time), [])
        } catch {
            guard error.isOfWhatIsKept else { throw error }
            return (nil, ["what hosts had shown cannot be read: \(error.message)"])
        }
    }
}

extension PatchSetTrial {
    /// What was known of it at a time.
    fileprivate func asOf(_ time: Timestamp) -> PatchSetTrial {
        if let endedAt, endedAt <= time { return self }
        let isBegun = startedAt.map { $0 <= time } ?? false
        return PatchSetTrial(
            stage: stage, change: change, run: isBegun ? run : nil, startedAt: isBegun ? startedAt : nil,
            planned: isBegun ? planned : [])
    }
}
