public import FettleModel

extension Plan {
    /// The same plan in which the resource is restarted as it is before the bake, which then compares others with it.
    /// - Parameters:
    ///   - control: one that is patched after the bake; its steps are named `control/drain` and so on behind its name.
    ///   - bake: the same plan comes back where there is no such step.
    public func restartingControl(_ control: ResourceID, before bake: StepID) -> Plan {
        var plan = self
        let own = steps.filter { $0.resource == control && $0.leg == nil }
        guard let place = steps.firstIndex(where: { $0.id == bake }),
            case .bake(let seconds, let resources, let probes, let judgement) = steps[place].action,
            let first = own.first(where: { $0.availability == .takesOut }),
            let gate = own.first(where: { if case .gate = $0.action { true } else { false } })
        else { return plan }
        var restart = gate
        restart.id = StepID("\(control)/restart")
        restart.action = .restartServices(except: ["*"], units: ["web.service"])
        var leg: [Step] = []
        for step in own.filter({ $0.availability == .takesOut }) + [restart, gate]
            + own.filter({ $0.availability == .bringsBack })
        {
            var step = step
            step.id = StepID("\(control)/control\(step.id.rawValue.dropFirst(control.rawValue.count))")
            step.after = leg.last.map { [$0.id] } ?? []
            step.rollbackClass = .nothingToUndo
            step.leg = .control
            leg.append(step)
        }
        let ends = leg.suffix(1).map(\.id)
        var judged = judgement ?? BakeJudgement(extendUntilSeconds: seconds)
        judged.controls = (judged.controls + [control]).sorted()
        plan.steps[place].action = .bake(seconds: seconds, resources: resources, probes: probes, judgement: judged)
        plan.steps[place].after = (plan.steps[place].after + ends).sorted()
        if let change = plan.steps.firstIndex(where: { $0.id == first.id }) {
            plan.steps[change].after = (plan.steps[change].after + ends).sorted()
        }
        plan.steps.insert(contentsOf: leg, at: place)
        return plan
    }
}
