import FettleModel

/// What a plan does with the machines of one hypervisor, on both ways.
struct Evacuation {
    let hypervisor: ResourceID
    let forward: Way
    let back: Way

    var away: [Moving] { forward.away + back.away }
    var home: [Moving] { forward.home + back.home }
    /// Every machine that is moved away, on either way; what both ways say alike is there once.
    var moves: [MachineMove] {
        var seen: Set<MachineMove> = []
        return away.flatMap(\.moves).filter { seen.insert($0).inserted }
    }

    /// A step that moves machines.
    struct Moving {
        let id: StepID
        /// Among the steps of its way.
        let position: Int
        let availability: AvailabilityEffect
        let isHome: Bool
        let moves: [MachineMove]
        /// Machines that are left where they are, by name.
        var staying: [String] = []
    }

    /// All steps of the hypervisor on one way, in the plan's order; bakes are none of its own.
    struct Way {
        let steps: [Step]
        let away: [Moving]
        let home: [Moving]

        init(_ steps: [Step]) {
            self.steps = steps
            var away: [Moving] = []
            var home: [Moving] = []
            for (position, step) in steps.enumerated() {
                switch step.action {
                case .evacuate(let moves, let staying):
                    away.append(
                        Moving(
                            id: step.id, position: position, availability: step.availability, isHome: false,
                            moves: moves, staying: staying ?? []))
                case .bringHome(let moves):
                    home.append(
                        Moving(
                            id: step.id, position: position, availability: step.availability, isHome: true,
                            moves: moves))
                default: break
                }
            }
            self.away = away
            self.home = home
        }

        /// For each step, all that it waits for among the hypervisor's own, by their positions.
        func ancestors() -> [Set<Int>] {
            let positions = Dictionary(
                steps.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
            var result: [Set<Int>] = []
            for (position, step) in steps.enumerated() {
                var before: Set<Int> = []
                for name in step.awaited {
                    guard let earlier = positions[name], earlier < position else { continue }
                    before.formUnion(result[earlier])
                    before.insert(earlier)
                }
                result.append(before)
            }
            return result
        }
    }

    /// By hypervisor; only those of which machines are moved.
    static func all(in plan: Plan) -> [Evacuation] {
        let forward = steps(plan.steps)
        let back = steps(plan.rollback)
        let names = Set(forward.keys).union(back.keys).sorted()
        guard !names.isEmpty else { return [] }
        let all = Set(names)
        let ahead = Dictionary(grouping: plan.steps.filter { all.contains($0.resource) && !$0.isBake }, by: \.resource)
        let behind = Dictionary(grouping: plan.rollback.filter { all.contains($0.resource) }, by: \.resource)
        return names.map { name in
            Evacuation(hypervisor: name, forward: Way(ahead[name] ?? []), back: Way(behind[name] ?? []))
        }
    }

    private static func steps(_ steps: [Step]) -> [ResourceID: Int] {
        steps.reduce(into: [:]) { result, step in
            switch step.action {
            case .evacuate, .bringHome: result[step.resource, default: 0] += 1
            default: break
            }
        }
    }
}

extension Step {
    fileprivate var isBake: Bool {
        if case .bake = action { true } else { false }
    }
}
