public import FettleExecution
public import FettleModel
import FettleReporting
import FettleStore

/// What people ask of a part of a run, or of its executor, worked out before it is asked.
extension RunService {
    /// Which part of a run is meant; everything that is named counts. Nothing named: all.
    public struct PartChoice: Sendable {
        public var hosts: [ResourceID]
        /// Counted from 0.
        public var waves: [Int]
        public var groups: [GroupID]

        public init(hosts: [ResourceID] = [], waves: [Int] = [], groups: [GroupID] = []) {
            self.hosts = hosts
            self.waves = waves
            self.groups = groups
        }
    }

    /// What goes back if that part does: it, and whatever needs it.
    ///
    /// - Throws: `invalid` with everything that the plan does not have; `conflict` if the run has ended.
    public func part(of run: RunID, _ choice: PartChoice) async throws(ControlError) -> PartRollback {
        let story = try await story(of: run)
        if let outcome = story.state.outcome {
            throw Self.ended(run, outcome, .rollback(by: "", reason: ""))
        }
        let stepped = Set(story.state.resources.map(\.resource))
        if choice.hosts.isEmpty && choice.waves.isEmpty && choice.groups.isEmpty {
            return story.state.partRollback(of: stepped.sorted())
        }
        var missing = choice.hosts.filter { !stepped.contains($0) }.map { "no host '\($0)' is changed by it" }
        var resources = Set(choice.hosts)
        for wave in choice.waves {
            // A step of a whole group bears the wave after which it comes, and the name of a host of any.
            let members = story.plan.steps.filter { $0.wave == wave && $0.isOfItsHostAlone }.map(\.resource)
            if members.isEmpty { missing.append("it has no wave \(wave)") }
            resources.formUnion(members)
        }
        for id in choice.groups {
            let members = (story.plan.group(id)?.members ?? []).filter(stepped.contains)
            if members.isEmpty { missing.append("it changes nobody of a group '\(id)'") }
            resources.formUnion(members)
        }
        guard missing.isEmpty else {
            throw ControlError(
                .invalid, "run \(run): \(missing.joined(separator: "; "))",
                hint: "`fettle run show \(run)` lists its hosts")
        }
        return story.state.partRollback(of: resources.sorted())
    }

    /// The hosts that a retry of what failed concerns.
    ///
    /// - Parameters:
    ///   - hosts: those meant.
    ///   - steps: failed steps whose hosts are meant, or whose watch failed. Neither: all that failed.
    /// - Throws: `invalid` if one of them has not failed, `blocked` if nothing can be tried again now, `conflict` if the run has ended.
    public func retry(
        of run: RunID, hosts: [ResourceID], steps: [StepID]
    ) async throws(ControlError) -> [ResourceID] {
        let story = try await story(of: run)
        let state = story.state
        if let outcome = state.outcome { throw Self.ended(run, outcome, .retryFailed(resources: [], by: "")) }
        let failed = state.failed
        var missing = hosts.filter { host in !failed.contains { $0.resource == host } }.map { "\($0) has not failed" }
        var meant = Set(hosts)
        for step in steps {
            let owners = failed.filter { $0.failure?.step == step }.map(\.resource)
            if owners.isEmpty { missing.append("no host failed at \(step)") }
            meant.formUnion(owners)
        }
        guard missing.isEmpty else {
            throw ControlError(
                .invalid, "run \(run): \(missing.joined(separator: "; "))",
                hint: "`fettle run show \(run)` lists what failed")
        }
        let all = hosts.isEmpty && steps.isEmpty
        let wanted = all ? state.retryable : meant.sorted()
        let blocked = (all ? failed.map(\.resource) : wanted).filter { !state.retryable.contains($0) }
        guard !wanted.isEmpty, all || blocked.isEmpty else {
            guard !failed.isEmpty else { throw ControlError(.blocked, "run \(run): nothing has failed") }
            let kept = Set(state.quarantined.map(\.resource))
            let words = blocked.prefix(10).map { resource in
                kept.contains(resource)
                    ? "\(resource) is in quarantine: `fettle quarantine settle \(resource) --note '…'`, then a new plan"
                    : "\(resource) is still on its way back, or is taken back for good"
            }
            throw ControlError(
                .blocked, "run \(run): nothing of it can be tried again now", hint: words.joined(separator: "\n  "))
        }
        return wanted
    }

    /// Asks the executor to leave the run to another.
    ///
    /// - Parameter isGone: whether an executor of that name is known to be no more.
    /// - Returns: the epoch that is to end.
    /// - Throws: `conflict` if nobody carries it out, or if it has ended.
    public func handOver(
        _ run: RunID, by person: Person, reason: String, isGone: (String) -> Bool
    ) async throws(ControlError) -> Int {
        let summary = try await summary(of: run)
        guard let executor = summary.executor, !isGone(executor) else {
            // One that has ended is told as such.
            try await requireOpen(run)
            throw ControlError(
                .conflict, "no process carries run \(run) out: there is nothing to hand over",
                hint: "`fettle run resume \(run)` goes on at once")
        }
        try await ask(.handOver(by: person, reason: reason, epoch: summary.epoch), of: run)
        return summary.epoch
    }

    private func requireOpen(_ run: RunID) async throws(ControlError) {
        if let outcome = try await story(of: run).state.outcome {
            throw Self.ended(run, outcome, .handOver(by: "", reason: "", epoch: 0))
        }
    }

    /// Nothing more can be asked of an ended run: its journal is closed, and what it held is given back. What is still to be done is
    /// a new plan, on the facts as they are now, with an approval of its own (I5).
    static func ended(_ run: RunID, _ outcome: RunOutcome, _ request: RunRequest) -> ControlError {
        let hint =
            switch request {
            case .retry, .retryFailed, .skip:
                "what failed is tried again by a new plan: `fettle scan`, `fettle plan make`, `fettle change submit`; "
                    + "hosts in quarantine first: `fettle quarantine list`"
            case .rollback, .rollbackPart:
                "its way back ended with it: `fettle scan`, then `fettle plan make --undo \(run)` leads its hosts to the versions "
                    + "that they had before"
            case .pause, .resume, .abort, .handOver, .answer: "`fettle report \(run)` tells what became of it"
            }
        return ControlError(.conflict, "run \(run) has ended: \(outcome.words)", hint: hint)
    }
}

extension Step {
    fileprivate var isOfItsHostAlone: Bool {
        switch action {
        case .bake, .groupGate, .switchTraffic, .buildImage: false
        default: true
        }
    }
}
