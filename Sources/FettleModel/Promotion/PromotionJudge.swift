/// Whether a patch set may go to a stage: pure, so that the same record gives the same answer to whoever asks.
public struct PromotionJudge: Sendable {
    public var policy: PromotionPolicy
    /// Every run with the set, in whatever stage.
    public var trials: [PatchSetTrial]
    /// Every note on the set.
    public var notes: [PatchSetNote]
    /// What is kept of it and is not what was written, in words: what that would tell is not known.
    public var doubts: [String]

    /// - Parameters:
    ///   - policy: the stages, and what each demands.
    ///   - trials: of this set alone.
    ///   - notes: of this set alone, in the order in which they were written.
    ///   - doubts: what is kept of it and cannot be relied on, in words.
    public init(
        policy: PromotionPolicy, trials: [PatchSetTrial], notes: [PatchSetNote], doubts: [String] = []
    ) {
        self.policy = policy
        self.trials = trials
        self.notes = notes
        self.doubts = doubts
    }

    /// One thing that is demanded, and how far it is.
    public struct Criterion: Codable, Sendable, Equatable {
        /// The stage that has to show it; nil: the set as a whole.
        public var stage: StageID?
        public var name: Name
        public var isMet: Bool
        /// What is there of what is demanded, in words.
        public var state: String

        public init(stage: StageID?, name: Name, isMet: Bool, state: String) {
            self.stage = stage
            self.name = name
            self.isMet = isMet
            self.state = state
        }

        public enum Name: String, Codable, Sendable, CaseIterable {
            case stage, lane, record, failedRuns, regressions, runs, hosts, tried, soak
            case canaries, gates, closed, beside, signOffs
        }
    }

    /// Everything that is demanded before the set may go to the stage; it may if all are met.
    ///
    /// - Parameters:
    ///   - stage: where the set would go.
    ///   - lane: whether it goes step by step, or by the fast lane's rule.
    ///   - exploited: whether the set closes an actively exploited weakness.
    ///   - brought: what a plan brings to the stage: each version has to have been tried before on the same platform. nil: there is
    ///     no plan yet.
    ///   - time: up to which soaking is counted.
    public func criteria(
        to stage: StageID, lane: PromotionLane, exploited: Bool, bringing brought: [PlatformVersions]? = nil,
        at time: Timestamp
    ) -> [Criterion] {
        guard policy.stage(stage) != nil else {
            let known = policy.stages.map(\.id.rawValue).joined(separator: ", ")
            return [
                Criterion(
                    stage: nil, name: .stage, isMet: false, state: "there is no stage \(stage); there are: \(known)")
            ]
        }
        var list = record() + [failedRuns(), regressions()] + refusals()
        if lane == .fast { list.insert(fastLane(exploited), at: 0) }
        for (before, criteria) in policy.path(to: stage, lane: lane) {
            list += shown(in: before.id, criteria, at: time)
            if let brought, criteria.demandsRuns { list.append(tried(in: before.id, brought)) }
            if let brought, criteria.beside == true { list.append(beside(in: before.id, brought)) }
        }
        return list
    }

    /// What speaks against the set wherever it is, besides runs that failed: also of one that has come to every stage.
    public var objections: [Criterion] { (record() + [regressions()] + refusals()).filter { !$0.isMet } }

    /// A failure or a refusal may be what is not known.
    private func record() -> [Criterion] {
        guard let first = doubts.first else { return [] }
        let more = doubts.count > 1 ? "; and \(doubts.count - 1) more" : ""
        return [Criterion(stage: nil, name: .record, isMet: false, state: first + more)]
    }

    /// A set that failed anywhere goes no further: what was right of it goes into a new one.
    private func failedRuns() -> Criterion {
        let failed = trials.compactMap { trial in
            trial.failure.map { "\(trial.run?.rawValue ?? trial.change.rawValue) in \(trial.stage) \($0)" }
        }
        return Criterion(
            stage: nil, name: .failedRuns, isMet: failed.isEmpty,
            state: failed.first.map { "\($0)\(failed.count > 1 ? ", and \(failed.count - 1) more" : "")" } ?? "none")
    }

    /// Notes of regressions that no other note resolves, in the order in which they were written.
    public var openRegressions: [PatchSetNote] {
        let resolved = Set(notes.filter { $0.kind == .resolved }.compactMap(\.resolves))
        return notes.filter { $0.kind == .regression && !resolved.contains($0.id) }
    }

    private func regressions() -> Criterion {
        let open = openRegressions
        return Criterion(
            stage: nil, name: .regressions, isMet: open.isEmpty,
            state: open.isEmpty ? "none open" : "open: " + open.map { "\($0.id) (\($0.text))" }.joined(separator: ", "))
    }

    /// Whoever refused a sign-off is heard, whether it is demanded or not. The last word of a kind in a stage counts, but for a suite's
    /// that was asked before somebody refused.
    private func refusals() -> [Criterion] {
        var last: [String: PatchSetNote] = [:]
        for note in notes where PatchSetNote.Kind.signOffs.contains(note.kind) {
            let place = "\(note.stage?.rawValue ?? "") \(note.kind.rawValue)"
            if let before = last[place], !before.passes, note.passes, !isEnded(before, by: note) { continue }
            last[place] = note
        }
        return last.sorted { $0.key < $1.key }.map(\.value).filter { !$0.passes }.map { note in
            Criterion(
                stage: note.stage, name: .signOffs, isMet: false,
                state: "\(note.kind.rawValue): refused by \(note.by) (\(note.id): \(note.text))")
        }
    }

    private func fastLane(_ exploited: Bool) -> Criterion {
        guard policy.fastLane != nil else {
            return Criterion(
                stage: nil, name: .lane, isMet: false, state: "policy.yaml has no promotion.fastLane")
        }
        return Criterion(
            stage: nil, name: .lane, isMet: exploited,
            state: exploited
                ? "closes an actively exploited weakness"
                : "is for sets that close an actively exploited weakness; when this one was made, none of its was listed"
        )
    }

    // MARK: What a stage has to show

    private func shown(in stage: StageID, _ criteria: PromotionCriteria, at time: Timestamp) -> [Criterion] {
        let here = trials.filter { $0.stage == stage }
        let good = here.filter(\.hasSucceeded)
        var list = [
            Criterion(
                stage: stage, name: .runs, isMet: good.count >= criteria.runs,
                state: "\(good.count) of \(criteria.runs) succeeded"),
            hosts(stage, criteria, good: good, all: here),
        ]
        if criteria.soakSeconds > 0 { list.append(soak(stage, criteria, good: good, all: here, at: time)) }
        if criteria.canaries {
            let passed = good.reduce(0) { $0 + $1.canariesPassed }
            let failed = good.reduce(0) { $0 + $1.canariesFailed }
            list.append(
                Criterion(
                    stage: stage, name: .canaries, isMet: passed > 0 && failed == 0,
                    state: "\(passed) passed" + (failed > 0 ? ", \(failed) failed or undecided" : "")))
        }
        if criteria.gates {
            let passed = good.reduce(0) { $0 + $1.gatesPassed }
            list.append(Criterion(stage: stage, name: .gates, isMet: passed > 0, state: "\(passed) passed"))
        }
        if criteria.closed == true { list.append(closed(in: stage, good)) }
        return list + criteria.signOffs.map { signOff($0, stage, at: time) }
    }

    /// A stage that has hosts of one platform says nothing of another.
    private func tried(in stage: StageID, _ brought: [PlatformVersions]) -> Criterion {
        var shown: [String: Set<PackageVersion>] = [:]
        for part in trials.filter({ $0.stage == stage && $0.hasSucceeded }).flatMap(\.tried) {
            shown[part.platform, default: []].formUnion(part.packages)
        }
        var missing: [String] = []
        for part in brought {
            guard let known = shown[part.platform] else {
                missing.append("nothing on \(part.platform)")
                continue
            }
            missing += part.packages.filter { !known.contains($0) }
                .map { "not \($0.name) \($0.version) on \(part.platform)" }
        }
        let more = missing.count > 5 ? ", and \(missing.count - 5) more" : ""
        return Criterion(
            stage: stage, name: .tried, isMet: missing.isEmpty,
            state: missing.isEmpty
                ? "all that comes, on each platform" : missing.prefix(5).joined(separator: ", ") + more)
    }

    private func hosts(
        _ stage: StageID, _ criteria: PromotionCriteria, good: [PatchSetTrial], all: [PatchSetTrial]
    ) -> Criterion {
        let reached = Set(good.flatMap(\.succeeded)).count
        let demanded = Self.demandedHosts(criteria, all)
        return Criterion(
            stage: stage, name: .hosts, isMet: reached >= demanded, state: "\(reached) of \(demanded) have it")
    }

    private static func demandedHosts(_ criteria: PromotionCriteria, _ all: [PatchSetTrial]) -> Int {
        let planned = Set(all.flatMap(\.planned)).count
        // A share of nothing would be met by nothing.
        guard case .percent(let percent) = criteria.hosts, percent > 0 else {
            return criteria.hosts.asMinimum(of: planned)
        }
        return max(1, criteria.hosts.asMinimum(of: planned))
    }

    /// When the runs and hosts that are demanded were reached; nil: not yet.
    private static func reachedAt(
        _ criteria: PromotionCriteria, good: [PatchSetTrial], all: [PatchSetTrial]
    ) -> Timestamp? {
        let demanded = demandedHosts(criteria, all)
        let ended = good.compactMap { trial in trial.endedAt.map { (at: $0, hosts: trial.succeeded) } }
            .sorted { $0.at < $1.at }
        var hosts: Set<ResourceID> = []
        for (number, trial) in ended.enumerated() {
            hosts.formUnion(trial.hosts)
            if number + 1 >= criteria.runs, hosts.count >= demanded { return trial.at }
        }
        return nil
    }

    private func soak(
        _ stage: StageID, _ criteria: PromotionCriteria, good: [PatchSetTrial], all: [PatchSetTrial],
        at time: Timestamp
    ) -> Criterion {
        let demanded = criteria.soakSeconds
        guard let since = Self.reachedAt(criteria, good: good, all: all) else {
            return Criterion(
                stage: stage, name: .soak, isMet: false, state: "\(Self.words(demanded)) have not begun")
        }
        let until = since.adding(seconds: demanded)
        return Criterion(
            stage: stage, name: .soak, isMet: until <= time,
            state: "\(Self.words(demanded)) since \(since), " + (until <= time ? "over" : "until \(until)"))
    }

    /// The last word of a kind counts: a test that failed once and passed later has passed.
    private func signOff(_ kind: PatchSetNote.Kind, _ stage: StageID, at time: Timestamp) -> Criterion {
        if kind == .tests, let suite = policy.stage(stage)?.tests { return answered(suite, stage, at: time) }
        let last = notes.last { $0.kind == kind && ($0.stage == nil || $0.stage == stage) }
        return Criterion(
            stage: stage, name: .signOffs, isMet: last?.passes == true,
            state: last.map { "\(kind.rawValue): \($0.passes ? "given" : "refused") by \($0.by) (\($0.id))" }
                ?? "\(kind.rawValue): none yet")
    }

    private static func words(_ seconds: Int) -> String {
        for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60)] where seconds % size == 0 && seconds > 0 {
            return "\(seconds / size)\(unit)"
        }
        return "\(seconds)s"
    }
}
