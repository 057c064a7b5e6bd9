import FettleEvidence
import FettleModel
import FettleStore

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
        let look = try await record.laterLook(promotion.policy, before: time)
        let (trials, lost) = try await record.trials(
            of: kept.filter { $0.id != change.id }, promotion.set, look: look)
        let platforms = try await record.platforms(of: plan, set, promotion)
        var account = PromotionAccount(
            set: promotion.set, stage: promotion.stage, lane: promotion.lane, judgedAt: time, criteria: [],
            brought: PlatformSurvey.brought(by: plan, platforms), trials: trials.map { $0.asOf(time) },
            doubts: changes.doubts(of: set) + notes.doubts(of: set) + lost, promotions: [])
        var subjects: [LogSubject] = []
        for change in kept {
            guard let way = change.promotion else { continue }
            let reference = try await keeper.load(Change.self, .change, id: change.id.rawValue).reference
            account.promotions.append(PromotionAccount.Promotion(change, reference, way))
            subjects.append(.document(.change, id: change.id.rawValue))
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
