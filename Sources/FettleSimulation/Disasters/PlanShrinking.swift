public import FettleModel

extension Plan {
    /// The plan without what it does to these resources. They stay members of their groups, where they serve on; groups of which
    /// nobody is worked on any more are left out with them. Who waited for a step that is gone waits for what that waited for.
    ///
    /// For looking for the reason of a failed play: nobody has approved it.
    public func leavingAlone(_ resources: Set<ResourceID>) -> Plan {
        leavingOut { resources.contains($0.resource) && !$0.isBakeOfOthers(than: resources) }.tidied(without: resources)
    }

    /// The plan without the steps that take nobody out, of one action, such as `verify`.
    func leavingOut(action name: String) -> Plan {
        leavingOut { $0.availability == .none && $0.action.name == name }
    }

    private func leavingOut(_ isGone: (Step) -> Bool) -> Plan {
        var plan = self
        for path in [\Plan.steps, \Plan.rollback] {
            var stands: [StepID: [StepID]] = [:]
            var kept: [Step] = []
            for var step in self[keyPath: path] {
                var after: [StepID] = []
                for name in step.after {
                    for other in stands[name] ?? [name] where !after.contains(other) { after.append(other) }
                }
                after.sort()
                if isGone(step) {
                    stands[step.id] = after
                } else {
                    if after != step.after { step.after = after }
                    kept.append(step)
                }
            }
            plan[keyPath: path] = kept
        }
        let left = Set(plan.steps.map(\.id))
        if let step = plan.pointOfNoReturn, !left.contains(step) { plan.pointOfNoReturn = nil }
        for place in plan.rollback.indices {
            if let name = plan.rollback[place].compensates, !left.contains(name) {
                plan.rollback[place].compensates = nil
            }
        }
        return plan
    }

    private func tidied(without gone: Set<ResourceID>) -> Plan {
        var plan = self
        for place in plan.steps.indices {
            guard let resources = plan.steps[place].action.judged else { continue }
            let left = resources.filter { !gone.contains($0) }
            switch plan.steps[place].action {
            case .bake(let seconds, _, let probes, var judgement):
                judgement?.controls.removeAll(where: gone.contains)
                // Nobody asks them here.
                judgement?.neighbours = nil
                plan.steps[place].action = .bake(
                    seconds: seconds, resources: left, probes: probes, judgement: judgement)
            case .groupGate(var gate):
                gate.resources = left
                plan.steps[place].action = .groupGate(gate: gate)
            default: break
            }
            if gone.contains(plan.steps[place].resource), let first = left.first { plan.steps[place].resource = first }
        }
        plan.targets.removeAll { gone.contains($0.resource) }
        let worked = Set((plan.steps + plan.rollback).map(\.resource))
        plan.groups.removeAll { worked.isDisjoint(with: $0.members) }
        plan.order = plan.order.compactMap { order in
            var order = order
            order.turns = order.turns.map { $0.filter(worked.contains) }.filter { !$0.isEmpty }
            return order.turns.count > 1 ? order : nil
        }
        return plan
    }
}

extension Step {
    /// A bake stays as long as it watches anybody who stays.
    fileprivate func isBakeOfOthers(than resources: Set<ResourceID>) -> Bool {
        guard let watched = action.judged else { return false }
        return !resources.isSuperset(of: watched)
    }
}
