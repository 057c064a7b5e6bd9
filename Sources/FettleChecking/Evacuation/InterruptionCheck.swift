import FettleModel

/// What goes down with a target is told as it is counted: the machines that are named and the resources that are carried are the
/// same, a hypervisor is emptied of all that is not named, and nothing is both moved away and interrupted.
///
/// A plan that names no machines is judged by what its targets carry alone.
struct InterruptionCheck {
    let plan: Plan
    let evacuations: [Evacuation]

    func violations() -> [Violation] {
        var found: [Violation] = []
        var interrupts: [ResourceID: [InterruptedMachine]] = [:]
        for target in plan.targets {
            guard let machines = target.interrupts else { continue }
            interrupts[target.resource] = machines
            judge(target, machines, &found)
        }
        for evacuation in evacuations { judge(evacuation, interrupts[evacuation.hypervisor] ?? [], &found) }
        return found
    }

    private func judge(_ target: PlanTarget, _ machines: [InterruptedMachine], _ found: inout [Violation]) {
        let named = Set(machines.compactMap(\.resource)).subtracting([target.resource])
        let carried = Set(target.carries)
        if let lost = named.subtracting(carried).min() {
            tell(.capacity, "\(target.resource) interrupts \(lost), and is not said to carry it", [], &found)
        }
        if let unnamed = carried.subtracting(named).min() {
            tell(.form, "\(target.resource) carries \(unnamed), and is not said to interrupt it", [], &found)
        }
        var seen: Set<[String]> = []
        for machine in machines {
            if !seen.insert([machine.host.rawValue, machine.machine]).inserted {
                tell(.form, "\(target.resource) interrupts \(machine.machine) twice", [], &found)
            }
            guard machine.host != target.resource, !carried.contains(machine.host) else { continue }
            tell(
                .form,
                "\(target.resource) is said to interrupt \(machine.machine) on \(machine.host), which does not go down with it",
                [], &found)
        }
    }

    private func judge(
        _ evacuation: Evacuation, _ machines: [InterruptedMachine], _ found: inout [Violation]
    ) {
        let left = Set(machines.filter { $0.host == evacuation.hypervisor }.map(\.machine))
        for step in evacuation.away {
            let staying = Set(step.staying)
            if let both = staying.intersection(step.moves.map(\.machine)).min() {
                tell(.form, "\(step.id) moves \(both) away and leaves it where it is", [step.id], &found)
            }
            if let untold = staying.subtracting(left).min() {
                tell(
                    .capacity,
                    "\(step.id) leaves \(untold) on \(evacuation.hypervisor), and nothing says that it goes down",
                    [step.id], &found)
            }
            if let unnamed = left.subtracting(staying).min() {
                tell(
                    .form, "\(step.id) does not name \(unnamed), which goes down with \(evacuation.hypervisor)",
                    [step.id],
                    &found)
            }
            if staying.count != step.staying.count {
                tell(.form, "\(step.id) names a machine that stays twice", [step.id], &found)
            }
        }
    }

    private func tell(
        _ invariant: Invariant, _ message: String, _ steps: [StepID], _ found: inout [Violation]
    ) {
        found.append(Violation(invariant, message, steps: steps))
    }
}
