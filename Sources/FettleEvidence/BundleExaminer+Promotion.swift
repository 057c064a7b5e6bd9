import FettleModel
import FettleStore
import Foundation

/// That the account of a promotion is the run's own, that what it rests on is what the log tells, and that it follows from
/// that.
extension BundleExaminer {
    /// - Returns: nil where there is no account.
    mutating func comparePromotion(
        _ log: LogExtract, _ change: Change, _ plan: Plan, startedAt time: Timestamp?
    ) throws(EvidenceError) -> BundleStory.Promotion? {
        let notes = try notes()
        let entries = try log.entries().map(\.entry)
        guard digest(.promotion) != nil else {
            expect(notes.isEmpty, "what people said of a patch set is here, and no account of its promotion")
            // An earlier Fettle, which wrote none, did not tell of notes either.
            let said = change.promotion.map { Self.said(entries, of: $0.set.id) } ?? [:]
            let names = said.keys.sorted().joined(separator: ", ")
            expect(said.isEmpty, "the log tells that people said \(names), and no account of the promotion is here")
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
        expect(account.judgedAt == time, "the promotion is judged by another time than that of the run's start")
        compareOrder(account, notes.map(\.note.id))
        compareBrought(account, plan)
        compareCriteria(account, promotion, set, notes.map(\.note))
        compareWithLog(entries, account, notes)
        compareTrials(entries, account, change)
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

    // MARK: By itself

    /// The last word counts: who could order notes otherwise, or say one twice, could turn a refusal into a sign-off.
    private mutating func compareOrder(_ account: PromotionAccount, _ notes: [String]) {
        for (ids, what) in [(notes, "notes"), (account.promotions.map(\.change.id), "changes")] {
            let numbers = ids.map { $0.idNumber ?? 0 }
            expect(
                zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 },
                "the \(what) of the promotion are not in their order, or one is there twice")
        }
    }

    private mutating func compareBrought(_ account: PromotionAccount, _ plan: Plan) {
        var planned: Set<PackageVersion> = []
        for step in plan.steps {
            guard case .changePackages(let transaction) = step.action else { continue }
            for change in transaction.changes {
                guard let version = change.to else { continue }
                planned.insert(
                    PackageVersion(name: change.name, architecture: change.architecture, version: version))
            }
        }
        expect(
            Set(account.brought.flatMap(\.packages)) == planned,
            "the account of the promotion tells of other versions than those that the plan brings")
    }

    private mutating func compareCriteria(
        _ account: PromotionAccount, _ promotion: ChangePromotion, _ set: PatchSet, _ notes: [PatchSetNote]
    ) {
        // Otherwise whoever names rules that nobody knows is never asked for them.
        guard (1...PromotionAccount.currentRules).contains(account.rules) else {
            return expect(false, "the promotion is judged by rules that are not known here; a newer Fettle wrote it?")
        }
        guard account.rules == PromotionAccount.currentRules else { return }
        expect(
            account.criteria
                == account.judged(by: promotion.policy, exploited: !set.exploited.isEmpty, notes: notes),
            "the criteria of the promotion do not follow from its runs and from what people said")
    }

    // MARK: By the log

    /// Notes that the log tells of, and when the first entry of each says that it was kept.
    private static func said(_ entries: [LogEntry], of set: String) -> [String: Timestamp?] {
        var said: [String: Timestamp?] = [:]
        for entry in entries where entry.set?.rawValue == set {
            guard case .document(.note, let id)? = entry.subject, !said.keys.contains(id) else { continue }
            said.updateValue(entry.at, forKey: id)
        }
        return said
    }

    private mutating func compareWithLog(
        _ entries: [LogEntry], _ account: PromotionAccount,
        _ notes: [(note: PatchSetNote, digest: FettleModel.Digest)]
    ) {
        var told: [LogSubject: Set<FettleModel.Digest>] = [:]
        for entry in entries {
            guard let subject = entry.subject, let digest = entry.digest else { continue }
            told[subject, default: []].insert(digest)
        }
        let notInLog = Set(bundle.manifest.notInLog)
        func isTold(_ subject: LogSubject, _ digest: FettleModel.Digest) -> Bool {
            notInLog.contains(subject.description) || told[subject]?.contains(digest) == true
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
        let here = Set(notes.map(\.note.id))
        let unheard = Set(account.unheard ?? [])
        let missing = Self.said(entries, of: account.set.id).filter { id, at in
            if here.contains(id) { return false }
            // What was said later than the run was started, and was damaged since, the run does not rest on.
            guard unheard.contains(id), let at else { return true }
            return at <= account.judgedAt
        }
        expect(
            missing.isEmpty,
            "the log tells that people said \(missing.keys.sorted().joined(separator: ", ")) of \(account.set.id), "
                + "which is not here")
    }

    /// That the runs which the criteria rest on are those of the set's changes, and ended as the log tells. What they did on
    /// their way stands in their own journals, which are not here.
    private mutating func compareTrials(_ entries: [LogEntry], _ account: PromotionAccount, _ change: Change) {
        let ways = Dictionary(account.promotions.map { ($0.change.id, $0) }) { first, _ in first }
        let tried = Set(account.trials.map(\.change.rawValue))
        expect(tried.count == account.trials.count, "the account of the promotion tells twice what a change came to")
        for trial in account.trials {
            let way = ways[trial.change.rawValue]
            expect(
                way?.stage == trial.stage && trial.change != change.id && (trial.run == nil || trial.run == way?.run),
                "what \(trial.change) came to is told of another stage or run than those of the change")
            if let run = trial.run ?? way?.run { compareEnd(of: trial, run, entries, account) }
        }
        guard account.untold == nil else { return }
        let missing = account.promotions.filter { way in
            way.change.id != change.id.rawValue && way.requestedAt <= account.judgedAt && !tried.contains(way.change.id)
        }
        expect(
            missing.isEmpty,
            "what \(missing.map(\.change.id).joined(separator: ", ")) came to is not in the account of the promotion")
    }

    private mutating func compareEnd(
        of trial: PatchSetTrial, _ run: RunID, _ entries: [LogEntry], _ account: PromotionAccount
    ) {
        let subject = LogSubject.journal(run)
        let ends = entries.filter { $0.subject == subject && ($0.what == .runEnded || $0.what == .runSuperseded) }
        guard let endedAt = trial.endedAt else {
            let hadEnded = ends.contains { entry in entry.at.map { $0 <= account.judgedAt } == true }
            return expect(
                trial.outcome == nil && !hadEnded,
                "the account of the promotion tells that \(run) had not ended, and the log that it had")
        }
        expect(endedAt <= account.judgedAt, "the promotion is judged by \(run), which ended later")
        guard !bundle.manifest.notInLog.contains(subject.description) else { return }
        expect(
            ends.contains { $0.at == endedAt && $0.isEnd(trial.outcome) },
            "the log does not tell that \(run) ended as the account of the promotion says")
    }
}

extension LogEntry {
    fileprivate func isEnd(_ outcome: RunOutcome?) -> Bool {
        switch outcome {
        case .succeeded: what == .runEnded && word == "succeeded"
        case .rolledBack: what == .runEnded && word == "rolledBack"
        // Another run took its hosts: it has not brought the set there.
        case .failed: what == .runSuperseded || word == "failed"
        case nil: false
        }
    }
}
