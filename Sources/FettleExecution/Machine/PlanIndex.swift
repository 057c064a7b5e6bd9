import FettleModel

/// A plan with its steps and resources by number, and what follows from it for each. Made once; a malformed plan is refused here, so
/// that the machine can rely on every name that it follows. A class, so that a machine is copied without it.
final class PlanIndex: Sendable {
    /// What a resource's way forward and its way back end with: the last step that brings it back; the last step at all where none
    /// does; nil where there is no step.
    struct Ends: Sendable {
        var forward: IndexedStep?
        var back: IndexedStep?
        /// The end of the outage in which it is restarted before its change; nil where it is not.
        var control: IndexedStep?
    }

    let plan: Plan
    private let names: PlanNames
    private let cards: Table<Step, IndexedStep>
    private let dependencies: Lists<Step, StepNumber>
    private let owners: Lists<Step, ResourceNumber>
    let hasWindows: Bool
    /// A gate of the plan is answered by a person.
    let asksPeople: Bool
    /// Of each resource, the way back first, then the way forward, each in the plan's order. Bakes are not among them: they belong
    /// to their wave.
    let steps: Lists<Resource, IndexedStep>
    /// How many of them are of the way back.
    private let rollbackCounts: Table<Resource, Int32>
    let ends: Table<Resource, Ends>
    let bakes: [IndexedStep]
    /// The bakes that watch a resource.
    let bakesOf: Lists<Resource, IndexedStep>
    /// Which groups a resource takes members from when it goes out, and what goes out with it.
    let groups: TouchedGroups
    /// In which a resource's disruptive steps are taken, for those that may not be taken out at any time.
    let windows: Table<Resource, TimeWindow?>
    /// Resources whose failure stops everything, whatever the budget: others wait for the bake that watches them.
    let isCanary: Table<Resource, Bool>
    let turns: Turns
    /// The switches that turn traffic to a resource's side.
    let turnedTo: [ResourceNumber: [StepNumber]]
    /// Who is shut down for good behind a switch, for each of the side that serves from there on.
    let retirementsBehind: [ResourceNumber: [StepNumber]]
    /// The steps by which a cluster's controller takes the resource through its change, and those by which it takes it back.
    let takenThrough: [ResourceNumber: [StepNumber]]
    let takenBackThrough: [ResourceNumber: [StepNumber]]
    /// Hosts that the plan takes over from a run before it.
    let taken: [ResourceNumber: TakenHost]
    /// For whom a resource has to wait before it can be taken out.
    let leaders: Leaders

    init(plan: Plan) throws(PlanDefect) {
        let names = try PlanNames(plan)
        try Self.requireReturns(in: plan.steps)
        try Self.requireReturns(in: plan.rollback)
        let lists = IndexedLists(plan, names)
        self.plan = plan
        self.names = names
        cards = Table(lists.cards)
        dependencies = lists.dependencies
        owners = lists.owners
        steps = Lists(lists.steps)
        rollbackCounts = Table(lists.rollbackCounts)
        ends = Table(lists.steps.map(Self.ends))
        bakes = lists.bakes
        bakesOf = Lists(lists.bakesOf)
        isCanary = lists.canaries
        groups = TouchedGroups(plan, names)
        windows = try Self.windows(of: plan, names)
        hasWindows = !plan.windows.isEmpty
        asksPeople = lists.cards.contains(where: \.asksPerson)
        turns = try Turns(plan.order, among: names)
        leaders = Leaders(lists, turns)
        turnedTo = Self.turns(in: plan, names)
        retirementsBehind = Self.retirements(in: plan, names)
        takenThrough = Self.controllers(in: plan.steps, names)
        takenBackThrough = Self.controllers(in: plan.rollback, names)
        taken = Dictionary(
            (plan.supersedes?.taken ?? []).compactMap { host in names.resources[host.resource].map { ($0, host) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// What is taken out must be brought back by the same list of steps, or its reservation would be held for ever.
    private static func requireReturns(in steps: [Step]) throws(PlanDefect) {
        struct Place: Hashable {
            var resource: ResourceID
            var traffic: TrafficBinding?
            var leg: StepLeg?
        }
        let returns = Set(
            steps.lazy.filter { $0.availability == .bringsBack }
                .map { Place(resource: $0.resource, traffic: $0.traffic, leg: $0.leg) })
        for step in steps where step.availability == .takesOut {
            let place = Place(resource: step.resource, traffic: step.traffic, leg: step.leg)
            guard !returns.contains(place) else { continue }
            throw PlanDefect(
                code: .neverBroughtBack, step: step.id,
                message: "step \(step.id) takes \(step.resource) out, and no step brings it back")
        }
    }

    private static func ends(of steps: [IndexedStep]) -> Ends {
        func end(_ steps: some BidirectionalCollection<IndexedStep>) -> IndexedStep? {
            steps.last { $0.availability == .bringsBack } ?? steps.last
        }
        return Ends(
            forward: end(steps.filter { !$0.isRollback && !$0.isControl }), back: end(steps.filter(\.isRollback)),
            control: end(steps.filter(\.isControl)))
    }

    private static func turns(in plan: Plan, _ names: PlanNames) -> [ResourceNumber: [StepNumber]] {
        var result: [ResourceNumber: [StepNumber]] = [:]
        for step in plan.steps where step.turnsTraffic {
            guard case .switchTraffic(let turn) = step.action, let number = names.steps[step.id] else { continue }
            for member in turn.to {
                if let resource = names.resources[member] { result[resource, default: []].append(number) }
            }
        }
        return result
    }

    private static func controllers(in steps: [Step], _ names: PlanNames) -> [ResourceNumber: [StepNumber]] {
        var result: [ResourceNumber: [StepNumber]] = [:]
        for step in steps {
            guard case .upgradeThroughController(let upgrade) = step.action, let number = names.steps[step.id] else {
                continue
            }
            for member in upgrade.members {
                if let resource = names.resources[member] { result[resource, default: []].append(number) }
            }
        }
        return result
    }

    private static func retirements(in plan: Plan, _ names: PlanNames) -> [ResourceNumber: [StepNumber]] {
        let retirements = plan.steps.filter { $0.action == .retire }
        guard !retirements.isEmpty else { return [:] }
        var result: [ResourceNumber: [StepNumber]] = [:]
        for step in plan.steps where step.turnsTraffic {
            guard case .switchTraffic(let turn) = step.action else { continue }
            let from = Set(turn.from)
            let behind = retirements.filter { from.contains($0.resource) }.compactMap { names.steps[$0.id] }
            for member in Set(turn.to + [step.resource]) {
                if let resource = names.resources[member] { result[resource, default: []] += behind }
            }
        }
        return result
    }

    private static func windows(of plan: Plan, _ names: PlanNames) throws(PlanDefect) -> Table<Resource, TimeWindow?> {
        var result = Table<Resource, TimeWindow?>(repeating: nil, count: names.resourceNames.count)
        for target in plan.targets {
            guard let window = target.window else { continue }
            let resource = names.resources[target.resource]
            if let resource, result[resource] != nil { continue }
            guard plan.windows.indices.contains(window) else {
                throw PlanDefect(
                    code: .unknownWindow, step: nil,
                    message: "\(target.resource) is to be changed in window \(window), and the plan has "
                        + "\(plan.windows.count) windows, counted from 0")
            }
            if let resource { result[resource] = plan.windows[window] }
        }
        return result
    }

    // MARK: Names and numbers

    /// nil: the plan has no such step.
    func number(of step: StepID) -> StepNumber? { names.steps[step] }
    /// nil: the plan has no such step.
    func step(_ id: StepID) -> IndexedStep? { names.steps[id].map { cards[$0] } }
    func step(_ number: StepNumber) -> IndexedStep { cards[number] }
    func name(of step: IndexedStep) -> StepID { name(of: step.number) }
    func name(of step: StepNumber) -> StepID {
        let place = step.asInt - plan.rollback.count
        return place < 0 ? plan.rollback[step.asInt].id : plan.steps[place].id
    }

    /// The step as the plan has it.
    func planned(_ step: StepNumber) -> Step {
        let place = step.asInt - plan.rollback.count
        return place < 0 ? plan.rollback[step.asInt] : plan.steps[place]
    }

    func planned(_ group: GroupNumber) -> PlannedGroup { plan.groups[group.asInt] }

    /// nil: the plan names it nowhere.
    func number(of resource: ResourceID) -> ResourceNumber? { names.resources[resource] }
    func name(of resource: ResourceNumber) -> ResourceID { names.resourceNames[resource.asInt] }

    /// Every resource that has a step, in the order in which the plan first names it.
    var resources: some Sequence<ResourceNumber> { (0..<names.steppedCount).lazy.map { ResourceNumber($0) } }
    /// Those that are only watched or carried are counted too.
    var resourceCount: Int { names.resourceNames.count }
    var stepCount: Int { cards.count }
    func hasSteps(_ resource: ResourceNumber) -> Bool { resource.asInt < names.steppedCount }

    // MARK: What belongs together

    /// Forward steps of a resource, in the plan's order.
    func forward(_ resource: ResourceNumber) -> ArraySlice<IndexedStep> {
        steps[resource].dropFirst(Int(rollbackCounts[resource]))
    }

    func rollback(_ resource: ResourceNumber) -> ArraySlice<IndexedStep> {
        steps[resource].prefix(Int(rollbackCounts[resource]))
    }

    func hasWayBack(_ resource: ResourceNumber) -> Bool { rollbackCounts[resource] > 0 }

    /// The steps whose postconditions must be observed before it starts.
    func after(_ step: IndexedStep) -> ArraySlice<StepNumber> { dependencies[step.number] }

    /// The resources that the step is about: those that a bake watches, or its own.
    func owners(_ step: IndexedStep) -> ArraySlice<ResourceNumber> { owners[step.number] }
}
