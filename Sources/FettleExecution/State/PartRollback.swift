public import FettleModel

/// A part of a plan that is to be taken back, with whatever needs it: the set is closed, so that nobody is left standing on what is
/// no longer there (I8).
///
/// One resource needs another
/// - if one of its steps waits for a step of the other's, or the other's way back waits for its own;
/// - if it stands in a later turn of an order that says so (`TurnOrder.isDependency`): tiers, groups that come after others, a host
///   that is declared to come after another. Members of one group take turns for capacity's sake alone, and environments for the
///   sake of proof;
/// - if it rests on a watch (a bake) that is not over and of which nobody is left.
public struct PartRollback: Sendable, Equatable {
    /// One that has to go back because another does.
    public struct Need: Sendable, Equatable {
        public var resource: ResourceID
        public var needs: ResourceID
        /// In words for people.
        public var because: String
    }

    /// As asked for; sorted.
    public let chosen: [ResourceID]
    /// In the order in which they were found.
    public private(set) var added: [Need] = []

    /// All that go back; sorted.
    public var resources: [ResourceID] { (chosen + added.map(\.resource)).sorted() }

    /// - Parameters:
    ///   - chosen: resources of the plan; others are left as they are named.
    ///   - isSettled: whether a step is done or skipped: a watch that is over has told what it saw.
    ///   - isGone: whether a watch has nothing to see of a resource any more: taken back before, failed or in quarantine.
    public init(
        of chosen: some Sequence<ResourceID>, in plan: Plan, isSettled: (StepID) -> Bool = { _ in false },
        isGone: (ResourceID) -> Bool = { _ in false }
    ) {
        self.chosen = Set(chosen).sorted()
        var closure = Closure(plan, self.chosen, isSettled, isGone)
        added = closure.close()
    }
}

/// Works the set out: each round adds those who need somebody in it.
private struct Closure {
    private let plan: Plan
    private let stepped: Set<ResourceID>
    /// Who waits for a resource's steps, and who has to be back before it.
    private var dependents: [ResourceID: [PartRollback.Need]] = [:]
    private var bakes: [Step] = []
    private var restsOn: [StepID: Set<ResourceID>] = [:]
    /// Watched by one of the bakes, and gone before.
    private var gone: Set<ResourceID> = []
    private var set: Set<ResourceID>
    private var added: [PartRollback.Need] = []

    init(
        _ plan: Plan, _ chosen: [ResourceID], _ isSettled: (StepID) -> Bool, _ isGone: (ResourceID) -> Bool
    ) {
        self.plan = plan
        set = Set(chosen)
        stepped = Set((plan.steps + plan.rollback).map(\.resource))
        readForward(isSettled)
        readBack()
        gone = Set(bakes.flatMap(\.owners).filter(isGone))
    }

    private mutating func readForward(_ isSettled: (StepID) -> Bool) {
        var owners: [StepID: Step] = [:]
        for step in plan.steps {
            owners[step.id] = step
            if step.isBake {
                if !isSettled(step.id) { bakes.append(step) }
                continue
            }
            for name in step.after {
                guard let awaited = owners[name] else { continue }
                if awaited.isBake {
                    restsOn[name, default: []].insert(step.resource)
                } else if awaited.resource != step.resource {
                    dependents[awaited.resource, default: []].append(
                        PartRollback.Need(
                            resource: step.resource, needs: awaited.resource, because: "\(step.id) waits for \(name)"))
                }
            }
        }
    }

    private mutating func readBack() {
        let owners = Dictionary(plan.rollback.map { ($0.id, $0.resource) }, uniquingKeysWith: { first, _ in first })
        for step in plan.rollback {
            for name in step.after {
                guard let other = owners[name], other != step.resource else { continue }
                dependents[step.resource, default: []].append(
                    PartRollback.Need(resource: other, needs: step.resource, because: "\(step.id) waits for \(name)"))
            }
        }
    }

    mutating func close() -> [PartRollback.Need] {
        var open = set.sorted()
        while !open.isEmpty {
            let before = added.count
            for resource in open { for need in dependents[resource] ?? [] { add(need) } }
            for order in plan.order where order.isDependency == true { follow(order) }
            for bake in bakes { follow(bake) }
            open = added[before...].map(\.resource)
        }
        return added
    }

    private mutating func add(_ need: PartRollback.Need) {
        guard stepped.contains(need.resource), set.insert(need.resource).inserted else { return }
        added.append(need)
    }

    private mutating func follow(_ order: TurnOrder) {
        var needed: ResourceID?
        for turn in order.turns {
            if let needed {
                for resource in turn {
                    add(PartRollback.Need(resource: resource, needs: needed, because: order.reason))
                }
            } else {
                needed = turn.filter(set.contains).min()
            }
        }
    }

    private mutating func follow(_ bake: Step) {
        // Who went before leaves the watch to the rest: the last of them takes with it who rests on it.
        guard let first = bake.owners.filter(set.contains).min(),
            bake.owners.allSatisfy({ set.contains($0) || gone.contains($0) })
        else { return }
        for resource in (restsOn[bake.id] ?? []).sorted() {
            add(
                PartRollback.Need(
                    resource: resource, needs: first, because: "\(bake.id) is not over, and watches nobody else"))
        }
    }
}
