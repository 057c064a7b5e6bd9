import FettleModel

/// The numbers that a plan's steps and resources go by inside the machine. A malformed plan is refused here.
struct PlanNames: Sendable {
    private(set) var steps: [StepID: StepNumber] = [:]
    private(set) var resources: [ResourceID: ResourceNumber] = [:]
    /// By number.
    private(set) var resourceNames: [ResourceID] = []
    /// How many resources have a step; theirs are the smallest numbers.
    private(set) var steppedCount = 0

    init(_ plan: Plan) throws(PlanDefect) {
        steps.reserveCapacity(plan.steps.count + plan.rollback.count)
        try add(plan.steps, firstNumber: plan.rollback.count)
        try add(plan.rollback, firstNumber: 0)
        steppedCount = resourceNames.count
        for step in plan.steps where step.isBake { for resource in step.owners { add(resource) } }
        for target in plan.targets { for resource in target.carries { add(resource) } }
    }

    private mutating func add(_ list: [Step], firstNumber: Int) throws(PlanDefect) {
        for (place, step) in list.enumerated() {
            guard steps[step.id] == nil else {
                throw PlanDefect(code: .duplicateStep, step: step.id, message: "step \(step.id) is there twice")
            }
            for name in step.awaited {
                if let number = steps[name], number.asInt >= firstNumber, number.asInt < firstNumber + place {
                    continue
                }
                throw PlanDefect(
                    code: .unknownDependency, step: step.id,
                    message: "step \(step.id) is to come after \(name), which does not stand before it")
            }
            steps[step.id] = StepNumber(firstNumber + place)
            add(step.resource)
        }
    }

    private mutating func add(_ resource: ResourceID) {
        guard resources[resource] == nil else { return }
        resources[resource] = ResourceNumber(resourceNames.count)
        resourceNames.append(resource)
    }
}
