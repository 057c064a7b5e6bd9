import FettleExecution
import FettleModel
import FettleReporting
import FettleStore

/// A run that a new plan is to replace, as it stands: who is out by it, and what is owed for them.
struct SupersededRun: Sendable, Equatable {
    var run: RunID
    /// The last line of its journal.
    var sequence: Int
    /// By id.
    var hosts: [TakenHost]

    /// - Throws: `blocked` while somebody works on it; `conflict` if it has ended and left nobody out; `notFound`.
    static func read(_ run: RunID, _ runs: RunService) async throws(ControlError) -> SupersededRun {
        let story = try await runs.story(of: run)
        let state = story.state
        let entries = try await runs.quarantined().filter { $0.run == run }
        guard state.startedAt != nil else {
            throw ControlError(
                .blocked, "run \(run) has done nothing yet: there is nothing to take over",
                hint: "`fettle run start \(story.summary.change)` carries it out")
        }
        if let outcome = state.outcome {
            guard !entries.isEmpty else {
                throw ControlError(
                    .conflict,
                    "run \(run) has ended (\(outcome.words)) and left nobody out: there is nothing to take over",
                    hint: "`fettle plan make` makes a plan")
            }
        } else {
            guard state.standsStill else {
                throw ControlError(
                    .blocked, "run \(run) is at work: it has to stand still before another takes its hosts over",
                    hint: "`fettle run pause \(run)`, and once nobody is worked on any more, try again")
            }
        }
        let open = Set(entries.map(\.resource))
        // Out in its journal and settled since: back in traffic, or gone.
        let quarantined = Set(state.quarantined.map(\.resource))
        if state.outcome == nil {
            try await requireFiled(quarantined.subtracting(open), of: run, runs)
        }
        let hosts = state.takenHosts(inQuarantine: entries)
        return SupersededRun(run: run, sequence: state.sequence, hosts: hosts)
    }

    /// One that is in quarantine by the journal, in no ledger, and still counted as out: its executor died before it was filed.
    private static func requireFiled(
        _ hosts: Set<ResourceID>, of run: RunID, _ runs: RunService
    ) async throws(ControlError) {
        guard !hosts.isEmpty else { return }
        let held: [Reservation]
        do throws(StoreError) { held = try await runs.store.reservations() } catch { throw ControlError(store: error) }
        let unfiled = held.filter { $0.run == run && hosts.contains($0.resource) }.map(\.resource.rawValue).sorted()
        guard unfiled.isEmpty else {
            throw ControlError(
                .blocked, "run \(run) has not filed the quarantine of \(unfiled.joined(separator: ", ")) yet",
                hint: "`fettle run resume \(run)` files it; then try again")
        }
    }

    /// The same plan, taking the run's hosts over: they go first, and what they were before is not asked of them, for they may be
    /// unhealthy. Whoever comes back is proven all the same.
    ///
    /// - Throws: `blocked` if a host is out by the run, not in quarantine, and not brought back by the plan: it would be lost.
    func applied(to plan: Plan) throws(ControlError) -> Plan {
        let (taking, lost) = plan.takingOver(hosts, from: run, at: sequence)
        guard lost.isEmpty else {
            let names = lost.map(\.rawValue).joined(separator: ", ")
            throw ControlError(
                .blocked, "out by \(run), and not brought back by the plan: \(names)",
                hint: "`fettle run abort \(run)` brings back what is out; or plan with these hosts")
        }
        return taking
    }
}

extension RunService {
    /// What has to be written for a run to take another's place; nil: its plan replaces none.
    ///
    /// - Throws: `drift` if the other run is not as it was when the plan was made.
    func superseding(
        _ new: RunID, for id: ChangeID, by person: Person?
    ) async throws(ControlError) -> SupersessionOrder? {
        let change = try await changes.change(id)
        guard let supersession = try await changes.plan(of: change).supersedes else { return nil }
        let old = try await story(of: supersession.run)
        // It ends that run, wherever it acts.
        try await gate.require(.steer, on: ActScope(old.plan), by: person, saying: .nothing)
        let hosts = supersession.taken.map(\.resource)
        let person = person ?? change.requestedBy
        var order = SupersessionOrder(
            new: new, change: id, old: supersession.run, sequence: supersession.sequence, epoch: old.summary.epoch,
            hosts: hosts, quarantined: supersession.taken.filter(\.isQuarantined).map(\.resource), ending: [],
            person: person, at: tools.now())
        guard old.state.outcome == nil else { return order }
        order.ending = [
            .claimed(executor: "superseded by \(new)"), .superseded(by: new, hosts: hosts, person: person),
        ]
        // What could not be read again is not written.
        do {
            var machine = try RunMachine(run: supersession.run, plan: old.plan)
            for record in old.journal + order.records { try machine.apply(record) }
        } catch {
            throw ControlError(
                .drift, "run \(supersession.run) is not as it was when the plan was made: \(error)",
                hint: "`fettle plan make --supersedes \(supersession.run)` makes a new one")
        }
        return order
    }
}
