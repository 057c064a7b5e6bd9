import FettleModel

/// A plan's steps with numbers for names, sorted by what they belong to: what a `PlanIndex` is made of.
struct IndexedLists {
    /// By number: the way back, then the way forward.
    private(set) var cards: [IndexedStep] = []
    private(set) var dependencies = Lists<Step, StepNumber>()
    private(set) var owners = Lists<Step, ResourceNumber>()
    /// By resource: the way back, then the way forward; without bakes.
    private(set) var steps: [[IndexedStep]]
    private(set) var rollbackCounts: [Int32]
    private(set) var bakes: [IndexedStep] = []
    private(set) var bakesOf: [[IndexedStep]]
    private(set) var canaries: Table<Resource, Bool>

    private let names: PlanNames
    private var traffics: [TrafficBinding: Int32] = [:]
    private var compensated: Set<StepNumber> = []

    init(_ plan: Plan, _ names: PlanNames) {
        self.names = names
        let count = names.resourceNames.count
        steps = Array(repeating: [], count: count)
        bakesOf = steps
        rollbackCounts = Array(repeating: 0, count: count)
        canaries = Table(repeating: false, count: count)
        cards.reserveCapacity(names.steps.count)
        for step in plan.rollback { add(step, isRollback: true) }
        for step in plan.steps { add(step, isRollback: false) }
        for bake in bakes {
            for resource in Set(owners[bake.number]) { bakesOf[resource.asInt].append(bake) }
        }
        for resource in steps.indices { note(resource) }
        noteCanaries(plan)
    }

    private mutating func add(_ step: Step, isRollback: Bool) {
        let number = StepNumber(cards.count)
        guard let resource = names.resources[step.resource] else { return }
        let isOwnBake = step.isBake && !isRollback
        let owner = isOwnBake ? names.resourceNames.count + bakes.count : resource.asInt
        let traffic = step.traffic.map { traffic in
            traffics[traffic]
                ?? {
                    let next = Int32(truncatingIfNeeded: traffics.count)
                    traffics[traffic] = next
                    return next
                }()
        }
        let compensates = step.compensates.flatMap { names.steps[$0] }
        if isRollback, let compensates { compensated.insert(compensates) }
        let card = IndexedStep(
            step, number: number, resource: resource, owner: OwnerNumber(owner), isRollback: isRollback,
            traffic: traffic, compensates: compensates)
        cards.append(card)
        dependencies.append(step.awaited.compactMap { names.steps[$0] })
        owners.append(isOwnBake ? step.owners.compactMap { names.resources[$0] } : [resource])
        if isOwnBake {
            bakes.append(card)
        } else {
            if isRollback { rollbackCounts[resource.asInt] += 1 }
            steps[resource.asInt].append(card)
        }
    }

    /// What a step is by what other steps of its resource are.
    private mutating func note(_ resource: Int) {
        let list = steps[resource]
        let isTakenOut = (
            forward: list.contains { !$0.isRollback && $0.availability == .takesOut },
            back: list.contains { $0.isRollback && $0.availability == .takesOut }
        )
        for place in list.indices {
            var step = list[place]
            if step.isRollback ? isTakenOut.back : isTakenOut.forward { step.traits.insert(.isTakenOut) }
            if compensated.contains(step.number) { step.traits.insert(.isCompensated) }
            steps[resource][place] = step
            cards[step.number.asInt] = step
        }
    }

    /// Those of each group's first bake, if anything comes after it.
    private mutating func noteCanaries(_ plan: Plan) {
        var awaited: Set<StepNumber> = []
        let ownBakes = Set(bakes.map(\.number))
        guard !ownBakes.isEmpty else { return }
        for place in plan.rollback.count..<cards.count {
            for step in dependencies[StepNumber(place)] where ownBakes.contains(step) { awaited.insert(step) }
        }
        var seen: Set<GroupID?> = []
        for bake in bakes {
            let group = plan.steps[bake.number.asInt - plan.rollback.count].group
            guard !bake.isGate, seen.insert(group).inserted, awaited.contains(bake.number) else { continue }
            for resource in owners[bake.number] { canaries[resource] = true }
        }
    }
}
