import FettleModel

/// A bake means something only if the members that it does not watch wait for it.
struct BakeCheck {
    let graph: StepGraph
    let outages: [ResourceID: Outage]

    func violations(_ plan: Plan) -> [Violation] {
        graph.steps.indices.flatMap { position -> [Violation] in
            let step = graph.steps[position]
            guard case .bake(_, let watched, _) = step.action, let id = step.group, let group = plan.group(id) else {
                return []
            }
            return group.members.compactMap { member in
                guard let outage = outages[member], !watched.contains(member) else { return nil }
                let isEarlier = graph.precedes(outage.end, position)
                guard !isEarlier, !graph.precedes(position, outage.begin) else { return nil }
                return Violation(
                    .order, "\(member) can be taken out before \(step.id) has watched what was patched first",
                    steps: [step.id, graph.steps[outage.begin].id])
            }
        }
    }
}

/// I8: every package change can be taken back by an approved step, from versions that were kept before; or it is said.
struct RollbackCheck {
    let plan: Plan
    let forward: StepGraph
    let rollback: StepGraph

    func violations() -> [Violation] {
        var found: [Violation] = []
        let compensation = Dictionary(
            grouping: plan.rollback.filter { $0.compensates != nil }, by: \.compensates)
        for (position, step) in plan.steps.enumerated() {
            guard case .changePackages(let transaction) = step.action else { continue }
            if !isStaged(transaction, before: position) {
                found.append(
                    Violation(
                        .rollback, "\(step.id) changes packages whose earlier versions no step has kept before",
                        steps: [step.id]))
            }
            if step.rollbackClass == .irreversible { continue }
            guard let back = compensation[step.id] else {
                found.append(Violation(.rollback, "nothing takes \(step.id) back", steps: [step.id]))
                continue
            }
            if back.count > 1 {
                found.append(
                    Violation(
                        .rollback, "\(back.count) steps take \(step.id) back, so that the last of them decides",
                        steps: [step.id] + back.map(\.id)))
            }
            found += back.flatMap { mismatch(step, transaction, $0) }
        }
        for step in plan.rollback {
            if case .changePackages = step.action, step.compensates == nil {
                found.append(
                    Violation(
                        .rollback, "\(step.id) changes packages on the way back and takes no step back",
                        steps: [step.id]))
            }
            if let name = step.compensates, forward.index[name] == nil {
                found.append(
                    Violation(.rollback, "\(step.id) takes back \(name), which does not exist", steps: [step.id]))
            }
        }
        return found + pointOfNoReturn()
    }

    private func isStaged(_ transaction: PackageTransaction, before position: Int) -> Bool {
        forward.positions(of: forward.steps[position].resource).contains { earlier in
            guard case .stage(let staged) = forward.steps[earlier].action else { return false }
            return staged.changes == transaction.changes && forward.precedes(earlier, position)
        }
    }

    private func mismatch(_ step: Step, _ transaction: PackageTransaction, _ back: Step) -> [Violation] {
        guard case .changePackages(let reverse) = back.action, back.resource == step.resource,
            reverse.purpose == .rollback, reverse.manager == transaction.manager,
            reverse.changes == transaction.changes.map(\.reversed)
        else {
            return [
                Violation(
                    .rollback, "\(back.id) does not lead \(step.resource) back to the versions before \(step.id)",
                    steps: [step.id, back.id])
            ]
        }
        return []
    }

    private func pointOfNoReturn() -> [Violation] {
        let first = plan.steps.first { $0.rollbackClass == .irreversible }?.id
        guard first != plan.pointOfNoReturn else { return [] }
        let told = plan.pointOfNoReturn?.rawValue ?? "none"
        return [
            Violation(
                .rollback,
                "the point of no return is \(first?.rawValue ?? "none"), the plan says \(told)",
                steps: [first, plan.pointOfNoReturn].compactMap { $0 })
        ]
    }
}

/// I8: whatever is done to a host, it can be out when the run goes back. So every host that is changed, and be it by a restart, has
/// a way back that others can wait for, and on which something proves it well before it serves again.
struct WayBackCheck {
    let forward: StepGraph
    let rollback: StepGraph
    let outages: [ResourceID: Outage]
    let returns: [ResourceID: Outage]

    func violations() -> [Violation] {
        outages.values.sorted { $0.resource < $1.resource }.flatMap { outage -> [Violation] in
            let resource = outage.resource
            let changes = forward.positions(of: resource).filter { forward.steps[$0].action.changesTheResource }
            guard !changes.isEmpty else { return [] }
            guard let back = returns[resource] else {
                return [
                    Violation(
                        .rollback,
                        "\(resource) has no way back: if the run goes back while it is out, nothing says how it returns",
                        steps: changes.map { forward.steps[$0].id })
                ]
            }
            let steps = rollback.positions(of: resource)
            let bringing = steps.filter { rollback.steps[$0].availability == .bringsBack }
            let isProven = steps.contains { proof in
                rollback.steps[proof].action.provesTheResource && rollback.precedes(back.begin, proof)
                    && bringing.allSatisfy { rollback.precedes(proof, $0) }
            }
            guard !isProven else { return [] }
            return [
                Violation(
                    .rollback,
                    "on the way back \(resource) comes back though no gate and no verification has passed before "
                        + "\(rollback.steps[back.end].id)",
                    steps: [rollback.steps[back.end].id])
            ]
        }
    }
}

/// I9: a host is rebooted only out of traffic and with its package manager quiet.
struct RebootCheck {
    let graph: StepGraph

    func violations() -> [Violation] {
        graph.steps.indices.flatMap { position -> [Violation] in
            let step = graph.steps[position]
            guard case .reboot = step.action else { return [] }
            var found: [Violation] = []
            if step.availability != .requiresOut {
                found.append(
                    Violation(.reboot, "\(step.id) reboots a host that may be in traffic", steps: [step.id]))
            }
            for other in graph.positions(of: step.resource) {
                guard case .changePackages = graph.steps[other].action else { continue }
                if !graph.precedes(other, position) && !graph.precedes(position, other) {
                    found.append(
                        Violation(
                            .reboot, "\(step.id) can reboot the host in the middle of \(graph.steps[other].id)",
                            steps: [graph.steps[other].id, step.id]))
                }
            }
            return found
        }
    }
}

/// I12: the machine that Fettle runs on goes last, forward and back.
struct OwnHostCheck {
    let plan: Plan
    let graph: StepGraph

    private var own: Set<ResourceID> {
        Set(plan.targets.filter { $0.address.transport == .local }.map(\.resource))
    }

    /// Any part of the fleet may go back alone, so that only what the host's own steps name counts.
    func violationsOnTheWayBack(_ returns: [ResourceID: Outage]) -> [Violation] {
        let own = own
        guard !own.isEmpty else { return [] }
        let direct = DirectOrder(graph, returns)
        return own.sorted().compactMap { resource in
            guard let outage = returns[resource] else { return nil }
            let open = returns.keys.filter { !own.contains($0) && !direct.isBackBefore($0, resource) }.min()
            guard let open, let other = returns[open] else { return nil }
            let steps = [other.begin, outage.begin].map { graph.steps[$0].id }
            return Violation(
                .ownHost, "\(steps[1]) takes Fettle's own host out though \(open) may still have to go back",
                steps: steps)
        }
    }

    func violations() -> [Violation] {
        let own = own
        guard !own.isEmpty, own.count < plan.targets.count else { return [] }
        return graph.steps.indices.compactMap { position in
            let step = graph.steps[position]
            guard own.contains(step.resource), step.availability == .takesOut else { return nil }
            let open = graph.steps.indices.first { other in
                !own.contains(graph.steps[other].resource) && graph.steps[other].availability != .none
                    && !graph.precedes(other, position)
            }
            guard let open else { return nil }
            return Violation(
                .ownHost, "\(step.id) takes Fettle's own host out before \(graph.steps[open].id) is done",
                steps: [graph.steps[open].id, step.id])
        }
    }
}
