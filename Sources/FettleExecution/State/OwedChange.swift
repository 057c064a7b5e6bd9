public import FettleModel
public import FettleStore

/// A temporary change that a run has made and that is not taken back yet: one line of the ledger of what is owed (I7).
///
/// Follows from the journal, so that it survives the executor, a restart and the run: what is known of a drain after a crash is
/// exactly what was known before it. A drain that was found made is nobody's debt and does not stand here.
public struct OwedChange: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Taken out of traffic at a load balancer.
        case drain
        /// Taken out of its groups where no load balancer does it.
        case takeOut
        /// Its machines were moved to other hypervisors.
        case evacuation
        /// A virtual machine has another one in its place, and is kept.
        case replacement
        /// The disks of a virtual machine are kept as they were, and what is written since lies beside them.
        case snapshot
        /// A group's traffic was turned to its other side. Owed as long as the run can still go back.
        case switchedTraffic
        /// The capacity of its groups that it takes up, so that no other run does.
        case reservation
    }

    public var kind: Kind
    public var run: RunID
    public var resource: ResourceID
    /// The step that made the change; nil for a reservation.
    public var step: StepID?
    public var since: Timestamp
    /// What was there before, as the driver saw it: exactly that is put back.
    public var prior: PriorState?
    /// What is so now, in words.
    public var what: String
    /// Who answers for it: whoever started the run, or the owner of the quarantine entry.
    public var owner: Person
    /// The step that takes it back; nil where a person has to, or where it is given back with the resource.
    public var compensation: StepID?
    /// Kept out of traffic until a person settles it: the run does nothing more about it.
    public var isQuarantined: Bool
    /// What brings it about that it is taken back, such as a command to type; empty: not worked out.
    public var remedy: String

    public init(
        kind: Kind, run: RunID, resource: ResourceID, step: StepID? = nil, since: Timestamp, prior: PriorState? = nil,
        what: String, owner: Person, compensation: StepID? = nil, isQuarantined: Bool = false, remedy: String = ""
    ) {
        self.kind = kind
        self.run = run
        self.resource = resource
        self.step = step
        self.since = since
        self.prior = prior
        self.what = what
        self.owner = owner
        self.compensation = compensation
        self.isQuarantined = isQuarantined
        self.remedy = remedy
    }

    /// Of a reservation in the store.
    public init(_ reservation: Reservation, owner: Person, isQuarantined: Bool = false) {
        let carried = reservation.carries.isEmpty ? "" : " with \(reservation.carries.count) that go out with it"
        self.init(
            kind: .reservation, run: reservation.run, resource: reservation.resource, since: reservation.since,
            what: "counts as out\(carried) for every run", owner: owner, isQuarantined: isQuarantined)
    }
}

extension RunMachine {
    /// In the plan's order of resources, and for each in the order of its steps.
    func owedChanges() -> [OwedChange] {
        index.resources.flatMap { resource in
            index.forward(resource).flatMap { owed(by: $0) } + index.rollback(resource).flatMap { owed(by: $0) }
        }
    }

    private func owed(by step: IndexedStep) -> [OwedChange] {
        switch index.planned(step.number).action {
        case .evacuate(let moves, _):
            let names = moves.prefix(5).map { "\($0.machine) on \($0.to)" }.joined(separator: ", ")
            let more = moves.count > 5 ? " and \(moves.count - 5) more" : ""
            let takers = index.steps[step.resource].filter {
                if case .bringHome = index.planned($0.number).action { true } else { false }
            }
            return owed(step, .evacuation, "moved away: \(names)\(more)", takenBackBy: takers)
        case .replaceImage(let replacement):
            guard let machine = replacement.machine, !step.isRollback else {
                guard fold[step].holdsOut else { return [] }
                return outage(step)
            }
            let takers = index.steps[step.resource].filter { $0.compensates == step.number || $0.endsWayBack }
            return owed(step, .replacement, words(machine), takenBackBy: takers)
        case .snapshot(let machine):
            let takers = index.steps[step.resource].filter { $0.compensates == step.number || $0.endsWayBack }
            return owed(step, .snapshot, words(machine, since: fold.account(of: step.number)), takenBackBy: takers)
        case .switchTraffic(let turn) where !turn.from.isEmpty && fold.outcome == nil:
            let words = "traffic of \(turn.group) is on \(turn.to.map(\.rawValue).joined(separator: ", "))"
            let takers = (index.plan.steps + index.plan.rollback)
                .filter { $0.action == .switchTraffic(turn: turn.reversed) }.compactMap { index.step($0.id) }
            return owed(step, .switchedTraffic, words, takenBackBy: takers)
        default:
            guard fold[step].holdsOut else { return [] }
            return outage(step)
        }
    }

    /// What was made and what is kept, by the names that they have on the hypervisor.
    private func words(_ machine: ReplacedMachine) -> String {
        "\(machine.name) on \(machine.hypervisor) is made anew with disk \(machine.diskName(in: run)); the one before it is kept "
            + "as \(machine.keptName(in: run))"
    }

    private func words(_ machine: MachineSnapshot, since account: StepAccount) -> String {
        let end = account.firstIntendedAt.map {
            ", and may be kept until \($0.adding(seconds: machine.rules.oldestSeconds))"
        }
        return
            "snapshot \(machine.snapshotName(in: run)) of \(machine.name) (\(machine.uuid)) is on \(machine.hypervisor)"
            + (end ?? "")
    }

    /// A drain or another way of being out.
    private func outage(_ step: IndexedStep) -> [OwedChange] {
        let back = isGoingByRollback(step.resource) ? index.rollback(step.resource) : index.forward(step.resource)
        let compensation = back.last { $0.bringsBack(step) }
        guard let key = trafficKey(of: step) else {
            // Out on its way forward already, the way back takes nothing more out.
            let all = index.forward(step.resource) + index.rollback(step.resource)
            guard all.first(where: { $0.traffic == nil && fold[$0].holdsOut }) == step else { return [] }
            let account = fold.account(of: step.number)
            return [
                change(
                    .takeOut, step, since: account.firstIntendedAt, prior: account.prior,
                    what: "out of its groups", compensation: compensation)
            ]
        }
        // Drained once more, or found drained: the first drain owes it, or nobody does.
        guard let obligation = fold.obligations[key], obligation.step == index.name(of: step) else { return [] }
        return [
            change(
                .drain, step, since: obligation.since, prior: obligation.prior,
                what: "out of \(obligation.traffic.driver) backend \(obligation.traffic.backend)",
                compensation: compensation)
        ]
    }

    /// What was begun last is the state: owed if no step that takes it back was done since.
    private func owed(
        _ step: IndexedStep, _ kind: OwedChange.Kind, _ words: String, takenBackBy takers: [IndexedStep]
    ) -> [OwedChange] {
        let (record, account) = (fold[step], fold.account(of: step.number))
        guard record.acted, let begun = record.open?.intendedAt ?? account.settledAt ?? account.firstIntendedAt else {
            return []
        }
        let isTakenBack = takers.contains { taker in
            fold[taker].isDone && fold.account(of: taker.number).settledAt.map { $0 >= begun } ?? false
        }
        if isTakenBack { return [] }
        let isBack = isGoingByRollback(step.resource)
        let compensation = takers.last { $0.isRollback == isBack } ?? takers.last
        return [
            change(
                kind, step, since: account.firstIntendedAt, prior: account.prior, what: words,
                compensation: compensation)
        ]
    }

    private func isGoingByRollback(_ resource: ResourceNumber) -> Bool { course(of: resource) == .rollingBack }

    private func change(
        _ kind: OwedChange.Kind, _ step: IndexedStep, since: Timestamp?, prior: PriorState?, what: String,
        compensation: IndexedStep?
    ) -> OwedChange {
        let entry = fold.quarantined[step.resource]
        return OwedChange(
            kind: kind, run: run, resource: index.name(of: step.resource), step: index.name(of: step),
            since: since ?? fold.lastAt ?? Timestamp(milliseconds: 0), prior: prior, what: what,
            owner: entry?.owner ?? fold.start?.by ?? "unknown",
            compensation: entry == nil ? compensation.map(index.name) : nil,
            isQuarantined: entry != nil)
    }
}
