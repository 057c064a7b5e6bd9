public import FettleModel

/// Which patch set is where, since when, and what it waits for.
public struct Pipeline: Codable, Sendable, Equatable {
    public var at: Timestamp
    public var stages: [StageID]
    /// Newest first.
    public var rows: [Row]
    /// Sets that cannot be read; nil: all can be.
    public var unread: [UnreadStage]?

    public struct Row: Codable, Sendable, Equatable {
        public var set: PatchSetID
        public var digest: Digest
        public var title: String
        public var madeAt: Timestamp
        /// One for each stage, in their order.
        public var places: [Place]
        /// The first stage to which it has not come; nil: it has come to all, or goes no further.
        public var next: StageID?
        /// What the next stage still waits for; empty if it may go there now. Where there is no next one: what speaks against the set
        /// where it is.
        public var waitsFor: [PromotionJudge.Criterion]
    }

    /// How far a set is in a stage.
    public struct Place: Codable, Sendable, Equatable {
        public var stage: StageID
        public var state: State
        /// Since when; nil where it has not come.
        public var since: Timestamp?
        /// That got it by a run.
        public var hosts: Int
        /// That the stage's environments have and we patch; nil: not counted.
        public var fleet: Int?
        /// The change or run that it is about; nil where it has not come.
        public var by: String?
    }

    public enum State: String, Codable, Sendable, CaseIterable {
        /// It has not come here.
        case notYet
        /// A change is asked for or approved, and not started.
        case asked
        case running
        /// A run brought it here.
        case there
        case failed
    }
}

extension PromotionService {
    /// - Parameters:
    ///   - only: nil: all sets.
    ///   - limit: at most so many, the newest.
    public func pipeline(
        fleet: Fleet, policy: Policy, only: PatchSetID? = nil, limit: Int = 20
    ) async throws(ControlError) -> Pipeline {
        let stages = policy.promotion ?? .standard(for: fleet)
        let time = tools.now()
        var changes = try await record.changes()
        changes.legible = changes.legible.mapValues { changes in
            changes.filter { $0.run != nil || ![.cancelled, .closed].contains($0.phase(at: time)) }
        }
        let notes = try await record.notes()
        let look = try await record.laterLook(stages)
        var kept: [Kept] = []
        var unread: [UnreadStage] = []
        if let only { kept = [try await set(only)] }
        for set in only == nil ? try await sets(limit: limit) : [] {
            switch set {
            case .success(let legible): kept.append(legible)
            case .failure(let illegible): unread.append(illegible)
            }
        }
        var rows: [Pipeline.Row] = []
        for entry in kept {
            let reference = StageReference(id: entry.set.id.rawValue, digest: entry.digest)
            let judge = try await record.judge(of: entry.set, reference, stages, changes, notes, look: look)
            var row = Self.row(entry, judge, at: time)
            for place in row.places.indices {
                let environments = stages.stage(row.places[place].stage)?.environments ?? []
                row.places[place].fleet = fleet.resources.count {
                    environments.contains($0.environment) && $0.address.transport != .none
                        && $0.operatingSystemOwner == .us
                }
            }
            rows.append(row)
        }
        return Pipeline(at: time, stages: stages.stages.map(\.id), rows: rows, unread: unread.isEmpty ? nil : unread)
    }

    static func row(_ kept: Kept, _ judge: PromotionJudge, at time: Timestamp) -> Pipeline.Row {
        let places = judge.policy.stages.map { stage in
            place(of: stage.id, judge.trials.filter { $0.stage == stage.id })
        }
        let hasFailed = places.contains { $0.state == .failed }
        let next = hasFailed ? nil : places.first { $0.state == .notYet }?.stage
        let waiting = next.map { stage in
            judge.criteria(to: stage, lane: .normal, exploited: !kept.set.exploited.isEmpty, at: time)
        }
        // Also of a set that goes no further it is told what is known against it.
        return Pipeline.Row(
            set: kept.set.id, digest: kept.digest, title: kept.set.title, madeAt: kept.set.madeAt, places: places,
            next: next, waitsFor: (waiting ?? judge.objections).filter { !$0.isMet })
    }

    /// The worst that happened counts, then the furthest.
    private static func place(of stage: StageID, _ trials: [PatchSetTrial]) -> Pipeline.Place {
        func place(_ state: Pipeline.State, _ trial: PatchSetTrial, since: Timestamp?) -> Pipeline.Place {
            Pipeline.Place(
                stage: stage, state: state, since: since, hosts: Set(trials.flatMap(\.succeeded)).count,
                by: trial.run?.rawValue ?? trial.change.rawValue)
        }
        if let failed = trials.first(where: { $0.failure != nil }) {
            return place(.failed, failed, since: failed.endedAt)
        }
        if let running = trials.first(where: { $0.run != nil && $0.outcome == nil }) {
            return place(.running, running, since: running.startedAt)
        }
        if let there = trials.first(where: \.hasSucceeded) { return place(.there, there, since: there.endedAt) }
        if let asked = trials.first { return place(.asked, asked, since: nil) }
        return Pipeline.Place(stage: stage, state: .notYet, since: nil, hosts: 0, by: nil)
    }
}
