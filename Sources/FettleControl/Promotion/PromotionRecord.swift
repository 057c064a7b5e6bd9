import FettleExecution
import FettleModel
import FettleStore

/// What is kept of a patch set's way: its changes, their runs, and what people said of it.
struct PromotionRecord {
    let keeper: StageKeeper

    func set(_ id: PatchSetID) async throws(ControlError) -> (set: PatchSet, reference: StageReference) {
        let (set, reference) = try await keeper.load(PatchSet.self, .patchset, id: id.rawValue)
        return (set, reference)
    }

    /// A set, if it still is the one that was meant.
    func set(_ reference: StageReference) async throws(ControlError) -> PatchSet {
        let (set, kept) = try await set(PatchSetID(reference.id))
        guard kept == reference else {
            throw ControlError(
                .drift, "\(reference.id) has digest \(kept.digest.short)…, and \(reference.digest.short)… was promoted")
        }
        return set
    }

    /// Changes whose plans were made from a set, by the set's id; oldest first.
    func changes() async throws(ControlError) -> KeptOfSets<Change> {
        var kept = KeptOfSets<Change>()
        for summary in try await keeper.list(.change, limit: .max).reversed() {
            switch try await keeper.legible(ChangeID(summary.id)) {
            case .success(let change):
                if let promotion = change.promotion { kept.legible[promotion.set.id, default: []].append(change) }
            case .failure(let unread):
                let doubt = DoubtOfSet(id: summary.id, at: summary.createdAt, words: unread.words)
                if let subject = try await keeper.subject(of: unread) {
                    if let set = subject.set { kept.doubts[set, default: []].append(doubt) }
                } else {
                    kept.ofAnySet.append(doubt)
                }
            }
        }
        return kept
    }

    /// Notes by the set's id, in the order of their numbers: those that are what the log tells, and what is wrong with the others.
    func notes() async throws(ControlError) -> KeptOfSets<PatchSetNote> {
        var kept = KeptOfSets<PatchSetNote>()
        var notes: [(note: PatchSetNote, digest: Digest)] = []
        for summary in try await keeper.list(.note, limit: .max) {
            do throws(ControlError) {
                let (note, reference) = try await keeper.load(PatchSetNote.self, .note, id: summary.id)
                notes.append((note, reference.digest))
            } catch {
                guard error.isOfWhatIsKept else { throw error }
                let words = "\(summary.id) cannot be read: \(error.message)"
                let doubt = DoubtOfSet(id: summary.id, at: summary.createdAt, words: words)
                if let set = try await keeper.setOfUnread(note: summary.id) {
                    kept.doubts[set, default: []].append(doubt)
                } else {
                    kept.ofAnySet.append(doubt)
                }
            }
        }
        for fault in try await NoteWitness(keeper: keeper).faults(of: notes) {
            let doubt = DoubtOfSet(id: fault.note, at: fault.at, words: fault.words)
            if let set = fault.set {
                kept.doubts[set, default: []].append(doubt)
            } else {
                kept.ofAnySet.append(doubt)
            }
            // What nobody is known to have said is not heard.
            notes.removeAll { $0.note.id == fault.note }
        }
        func number(_ note: PatchSetNote) -> Int { note.id.idNumber ?? 0 }
        kept.legible = Dictionary(grouping: notes.map(\.note).sorted { number($0) < number($1) }, by: \.set.id)
        return kept
    }

    /// The judge of one set by all that is kept now.
    func judge(
        of set: PatchSet, _ reference: StageReference, _ policy: PromotionPolicy
    ) async throws(ControlError) -> PromotionJudge {
        try await judge(
            of: set, reference, policy, try await changes(), try await notes(), look: try await laterLook(policy))
    }

    func judge(
        of set: PatchSet, _ reference: StageReference, _ policy: PromotionPolicy, _ changes: KeptOfSets<Change>,
        _ notes: KeptOfSets<PatchSetNote>, look: LaterLook?
    ) async throws(ControlError) -> PromotionJudge {
        let (trials, lost) = try await trials(of: changes.legible[reference.id] ?? [], reference, look: look)
        let said = notes.legible[reference.id] ?? []
        return PromotionJudge(
            policy: policy, trials: trials, notes: said.filter { $0.set == reference },
            doubts: changes.doubts(of: set) + notes.doubts(of: set) + lost)
    }

    /// The newest look at hosts, where a stage demands something of it; nil: none does, or nobody has looked.
    ///
    /// - Parameter time: what was seen later is left out; nil: nothing is.
    func laterLook(
        _ policy: PromotionPolicy, before time: Timestamp? = nil
    ) async throws(ControlError) -> LaterLook? {
        let all = policy.stages.map(\.after) + [policy.fastLane?.after].compactMap { $0 }
        guard all.contains(where: { $0.closed == true || $0.beside == true }),
            let (facts, reference) = try await newest(FactSet.self, .facts, before: time)
        else { return nil }
        let findings = try await newest(FindingSet.self, .findings, before: time)?.value
        return LaterLook(facts: facts, findings: findings?.facts == reference ? findings : nil)
    }

    private func newest<Value: Decodable>(
        _ type: Value.Type, _ kind: DocumentKind, before time: Timestamp?
    ) async throws(ControlError) -> (value: Value, reference: StageReference)? {
        guard let time else { return try await keeper.newest(type, kind) }
        let kept = try await keeper.list(kind, limit: .max).first { $0.createdAt <= time }
        guard let kept else { return nil }
        return try await keeper.load(type, kind, id: kept.id)
    }

    /// - Parameters:
    ///   - changes: of the set.
    ///   - look: what hosts show by now; nil: nobody asks.
    /// - Returns: also those of which it cannot be told what they came to, in words.
    func trials(
        of changes: [Change], _ reference: StageReference, look: LaterLook? = nil
    ) async throws(ControlError) -> (trials: [PatchSetTrial], lost: [String]) {
        var trials: [PatchSetTrial] = []
        var lost: [String] = []
        for change in changes {
            guard let promotion = change.promotion, promotion.set == reference else { continue }
            do throws(ControlError) {
                trials.append(try await trial(of: change, promotion, look))
            } catch {
                guard error.isOfWhatIsKept else { throw error }
                lost.append("what \(change.id) came to cannot be read: \(error.message)")
            }
        }
        return (trials, lost)
    }

    private func trial(
        of change: Change, _ promotion: ChangePromotion, _ look: LaterLook?
    ) async throws(ControlError) -> PatchSetTrial {
        var trial = PatchSetTrial(stage: promotion.stage, change: change.id)
        do {
            guard let run = change.run, try await keeper.store.summary(of: run)?.change == change.id else {
                return trial
            }
            trial.run = run
            let journal = try await keeper.store.records(of: run, after: 0)
            let (plan, reference) = try await keeper.load(Plan.self, .plan, id: change.plan.id)
            guard reference == change.plan else {
                throw ControlError(.drift, "\(change.plan.id) is not what \(run) has carried out")
            }
            trial.planned = plan.targets.map(\.resource).sorted()
            guard let first = journal.first else { return trial }
            trial.startedAt = first.at
            try fold(journal, plan, run, into: &trial)
            if trial.hasSucceeded {
                let set = try await set(promotion.set)
                let platforms = try await platforms(of: plan, set, promotion)
                trial.tried = PlatformSurvey.tried(by: plan, on: trial.succeeded, platforms)
                if let look, let last = journal.lastStepAt ?? trial.endedAt {
                    Self.look(again: look, set, platforms, since: last, &trial)
                }
            }
            return trial
        } catch let error as ControlError {
            throw error
        } catch let error as StoreError {
            throw ControlError(store: error)
        } catch {
            throw ControlError(.internal, "the journal of \(change.id)'s run cannot be replayed: \(error)")
        }
    }

    /// The hosts of a plan by platform, as they were told when it was submitted.
    func platforms(
        of plan: Plan, _ set: PatchSet, _ promotion: ChangePromotion
    ) async throws(ControlError) -> [PlatformHosts] {
        if let told = promotion.platforms { return told }
        return try await PlatformSurvey(keeper: keeper).hosts(of: plan, set)
    }

    private static func look(
        again look: LaterLook, _ set: PatchSet, _ platforms: [PlatformHosts], since end: Timestamp,
        _ trial: inout PatchSetTrial
    ) {
        trial.closing = look.closing(of: set, on: trial.succeeded, since: end)
        let succeeded = Set(trial.succeeded)
        for place in trial.tried.indices {
            let hosts = platforms.filter { $0.platform == trial.tried[place].platform }.flatMap(\.hosts)
            trial.tried[place].services = look.services(on: hosts.filter(succeeded.contains), since: end)
        }
    }

    private func fold(_ journal: [JournalRecord], _ plan: Plan, _ run: RunID, into trial: inout PatchSetTrial) throws {
        let state = try RunState(replaying: journal, plan: plan, run: run)
        trial.outcome = state.outcome
        trial.endedAt = journal.last { if case .ended = $0.event { true } else { false } }?.at
        // Another run took its hosts: what it had begun was not finished by it.
        if let last = journal.last, case .superseded(let by, _, _) = last.event {
            trial.outcome = .failed(reason: "superseded by \(by)")
            trial.endedAt = last.at
        }
        let resources = state.resources
        let failed = Set(resources.filter { $0.failure != nil }.map(\.resource) + state.quarantined.map(\.resource))
        if trial.outcome == nil, !failed.isEmpty {
            trial.failing =
                "has not ended, and has failed on \(failed.sorted().map(\.rawValue).joined(separator: ", "))"
        }
        trial.succeeded = resources.filter { $0.phase == .finished && $0.failure == nil }.map(\.resource).sorted()
        let steps = resources.flatMap(\.steps) + state.waveSteps
        var seen: Set<StepID> = []
        for step in steps where seen.insert(step.id).inserted {
            switch (step.name, step.status) {
            case ("bake", .done(let observation)) where observation.verdict == .pass: trial.canariesPassed += 1
            case ("bake", .done), ("bake", .failed): trial.canariesFailed += 1
            case ("gate", .done(let observation)) where observation.verdict == .pass: trial.gatesPassed += 1
            case ("group gate", .done(let observation)) where observation.verdict == .pass: trial.gatesPassed += 1
            default: break
            }
        }
    }
}
