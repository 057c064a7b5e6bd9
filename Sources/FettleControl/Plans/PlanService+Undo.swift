import FettleExecution
public import FettleModel
public import FettlePlanning
import FettleStore

extension PlanService {
    /// Makes a plan that leads the hosts of an ended run back to the versions which they had before it, and keeps it: the run's own
    /// way back ended with it. Hosts that it left in quarantine are taken over as they are. The plan may be empty.
    ///
    /// - Parameter filter: which of its hosts; packages in it say nothing.
    /// - Throws: `blocked` if the run has not ended, if no plan can be made, or if the checker finds a way to break an invariant;
    ///   `notFound`.
    public func make(
        undoing run: RunID, filter: PatchFilter, fleet: Fleet, policy: Policy, title: String? = nil
    ) async throws(ControlError) -> Result {
        try await gate.require(.plan, on: ActScope(filter, fleet), saying: .title(title))
        try await gate.requireAccepted(policy, fleet)
        let runs = RunService(store: keeper.store, tools: tools)
        let story = try await runs.story(of: run)
        guard story.state.outcome != nil else {
            throw ControlError(
                .blocked, "run \(run) has not ended: its own way back is still open",
                hint: "`fettle run rollback \(run)`, with --host for a part of it")
        }
        try filter.requireSomebody(in: fleet)
        let (_, findingsReference, facts) = try await newestFindings(for: fleet)
        let before = try await selection(of: story.plan)
        let undone = UndoneRun(
            run: run, plan: story.plan, begun: story.begunSteps,
            endedAt: story.journal.lastStepAt ?? story.summary.createdAt,
            reboots: Dictionary(before?.hosts.map { ($0.resource, $0.resolution.reboot) } ?? []) { first, _ in first })
        let time = tools.now()
        let (selection, reference) = try await keeper.keepNext(as: .selection, at: time) { id throws(ControlError) in
            SelectionPlanner.selectUndo(
                of: undone, findings: findingsReference, facts: facts, fleet: fleet, policy: policy, filter: filter,
                id: id, at: time)
        }
        let going = Set(selection.hosts.map(\.resource))
        let isLeftOut = try await runs.quarantined().contains { $0.run == run && going.contains($0.resource) }
        if isLeftOut { try await gate.require(.steer, on: ActScope(story.plan), saying: .nothing) }
        var result = try await plan(
            selection, reference, facts: facts, filter: filter, fleet: fleet, policy: policy, windows: nil,
            deadlines: [:], title: title ?? Self.title(run, selection),
            superseded: isLeftOut ? try await SupersededRun.read(run, runs) : nil)
        if let warning = try await reopened(before, going) { result.report.warnings.insert(warning, at: 0) }
        return result
    }

    private static func title(_ run: RunID, _ selection: Selection) -> String {
        let count = selection.hosts.count
        guard count > 0 else { return "Nothing of \(run) to take back" }
        return "Take back what \(run) did on \(count) \(count == 1 ? "host" : "hosts")"
    }

    /// What the run's plan was made from; nil where it is not kept any more.
    private func selection(of plan: Plan) async throws(ControlError) -> Selection? {
        do throws(ControlError) {
            return try await keeper.load(Selection.self, .selection, id: plan.selection.id).value
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Going back opens again what the run closed: told before anybody approves.
    private func reopened(_ before: Selection?, _ hosts: Set<ResourceID>) async throws(ControlError) -> String? {
        guard let before else { return nil }
        let closed = Set(before.hosts.filter { hosts.contains($0.resource) }.flatMap(\.findings))
        guard !closed.isEmpty else { return nil }
        var exploited: Set<String> = []
        do throws(ControlError) {
            let (known, _) = try await keeper.load(FindingSet.self, .findings, id: before.findings.id)
            for finding in known.findings where closed.contains(finding.id) && finding.isExploited {
                exploited.formUnion(finding.advisories.filter { $0.exploitedSince != nil }.map(\.id.rawValue))
            }
        } catch {
            guard error.code == .notFound else { throw error }
        }
        let names = exploited.sorted()
        let words = names.isEmpty ? "" : "; exploited among them: \(names.prefix(5).joined(separator: ", "))"
        return "\(closed.count) \(closed.count == 1 ? "finding" : "findings") that it closed will be open again\(words)"
    }
}

extension RunService.Story {
    /// Steps of the way forward that were begun at least once.
    fileprivate var begunSteps: Set<StepID> {
        Set(
            journal.compactMap { record in
                if case .stepIntended(let step, _, _) = record.event { step } else { nil }
            })
    }
}

extension [JournalRecord] {
    /// When the last step came to its end, either way: since then the run has changed nothing, and what is seen from then on shows what
    /// it has left. The look that its end rests on comes before that end is written. nil: it did nothing.
    var lastStepAt: Timestamp? {
        last { record in
            switch record.event {
            case .stepIntended, .stepDone, .stepFailed: true
            default: false
            }
        }?.at
    }
}
