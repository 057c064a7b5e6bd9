import FettleModel

/// Machines that are moved away from hypervisors: each fits where it is moved to, in every state of both ways (I1); no destination
/// is out together with the hypervisor it takes machines from, and no machine is moved while it is worked on (I3); and every
/// machine is home again when its hypervisor is (I7).
///
/// It rests on the plan alone: on its steps, its orders, its rooms, its rules of anti-affinity and what its targets carry. That a
/// room is told rightly, and that no rule is left out, is in the facts and not in the plan, and so is not judged here.
struct EvacuationCheck {
    let plan: Plan
    private let evacuations: [Evacuation]
    private let turns: TurnPlaces
    private var found: [Violation] = []

    /// Of a machine or a room, in MiB and in processors: so that sums cannot overflow.
    static let mostOfOne = 1_000_000_000

    static func violations(of plan: Plan) -> [Violation] {
        let evacuations = Evacuation.all(in: plan)
        let told = InterruptionCheck(plan: plan, evacuations: evacuations).violations()
        guard !evacuations.isEmpty else { return told }
        var check = EvacuationCheck(plan: plan, evacuations: evacuations, turns: TurnPlaces(plan, for: evacuations))
        check.judge()
        return check.found + told
    }

    private init(plan: Plan, evacuations: [Evacuation], turns: TurnPlaces) {
        self.plan = plan
        self.evacuations = evacuations
        self.turns = turns
    }

    private mutating func judge() {
        for evacuation in evacuations {
            judgeForm(evacuation)
            judgeReturn(evacuation)
            judgeChain(evacuation.forward, of: evacuation.hypervisor)
            judgeChain(evacuation.back, of: evacuation.hypervisor)
            judgeDestinations(evacuation)
            judgeMachines(evacuation)
        }
        judgeHomes()
        found += RoomCheck(plan: plan, evacuations: evacuations, turns: turns).violations()
        found += ApartCheck(plan: plan, evacuations: evacuations, turns: turns).violations()
    }

    // MARK: Form

    private mutating func judgeForm(_ evacuation: Evacuation) {
        for step in evacuation.away + evacuation.home {
            var names: Set<String> = []
            var resources: Set<ResourceID> = []
            for move in step.moves {
                let (here, there) = step.isHome ? (move.to, move.from) : (move.from, move.to)
                if here != evacuation.hypervisor {
                    tell(.form, "\(step.id) moves \(move.machine) \(step.isHome ? "to" : "from") \(here)", [step.id])
                }
                if here == there || move.resource == there || move.resource == here {
                    tell(.form, "\(step.id) moves \(move.machine) to where it is, or onto itself", [step.id])
                }
                let sizes = 0...Self.mostOfOne
                if !sizes.contains(move.memoryMebibytes) || !sizes.contains(move.processors) {
                    tell(
                        .form,
                        "\(step.id) moves \(move.machine) of \(move.memoryMebibytes) MiB and \(move.processors) "
                            + "processors", [step.id])
                }
                if !names.insert(move.machine).inserted
                    || move.resource.map({ !resources.insert($0).inserted }) == true
                {
                    tell(.form, "\(step.id) moves \(move.machine) twice", [step.id])
                }
            }
        }
        for way in [evacuation.forward, evacuation.back] where way.away.count > 1 || way.home.count > 1 {
            tell(
                .form, "\(evacuation.hypervisor) is emptied or filled more than once on one way",
                (way.away + way.home).map(\.id))
        }
    }

    // MARK: I7

    private mutating func judgeReturn(_ evacuation: Evacuation) {
        for way in [evacuation.forward, evacuation.back] {
            let away = Set(way.away.flatMap(\.moves))
            let home = Set(way.home.flatMap(\.moves).map(\.reversed))
            tellUnequal(away, home, "is moved away by", way.away.first, "and not brought home as it was moved")
            tellUnequal(home, away, "is brought home by", way.home.first, "and not moved away so before")
        }
        let forward = Set(evacuation.forward.away.flatMap(\.moves))
        let back = Set(evacuation.back.home.flatMap(\.moves).map(\.reversed))
        tellUnequal(
            forward, back, "is moved away by", evacuation.forward.away.first,
            "and not brought home if the run goes back")
        guard !forward.isEmpty else { return }
        let again = Set(evacuation.back.away.flatMap(\.moves))
        tellUnequal(
            again, forward, "is moved away on the way back by", evacuation.back.away.first,
            "to where it was not moved on the way forward")
    }

    private mutating func tellUnequal(
        _ these: Set<MachineMove>, _ those: Set<MachineMove>, _ verb: String, _ step: Evacuation.Moving?, _ end: String
    ) {
        let lost = these.subtracting(those).map(\.machine).sorted()
        guard let first = lost.first, let step else { return }
        let more = lost.count > 1 ? " (and \(lost.count - 1) more)" : ""
        tell(.ownership, "\(first)\(more) \(verb) \(step.id) \(end)", [step.id])
    }

    /// A machine has one home, and its name is its own wherever it comes.
    private mutating func judgeHomes() {
        var homes: [ResourceID: ResourceID] = [:]
        var names: [ResourceID: [String: ResourceID]] = [:]
        for evacuation in evacuations {
            for move in evacuation.moves {
                if let resource = move.resource {
                    let home = homes[resource] ?? evacuation.hypervisor
                    homes[resource] = home
                    if home != evacuation.hypervisor {
                        tell(
                            .ownership,
                            "\(resource) is moved away from \(home) and from \(evacuation.hypervisor): which "
                                + "of them is its home is open", evacuation.away.map(\.id))
                    }
                }
                for place in [evacuation.hypervisor, move.to] {
                    let home = names[place]?[move.machine] ?? evacuation.hypervisor
                    names[place, default: [:]][move.machine] = home
                    if home != evacuation.hypervisor {
                        tell(
                            .ownership,
                            "\(place) is to hold \(move.machine) of \(home) and \(move.machine) of "
                                + "\(evacuation.hypervisor): which of them is brought home is open",
                            evacuation.away.map(\.id))
                    }
                }
            }
        }
    }

    // MARK: I3

    /// Emptied when it is out, before anything is done to it; filled when all is done and proven, before it counts as back.
    private mutating func judgeChain(_ way: Evacuation.Way, of hypervisor: ResourceID) {
        for step in way.away where step.availability != .requiresOut {
            tell(.order, "\(step.id) moves machines while \(hypervisor) may still be given others", [step.id])
        }
        for step in way.home where step.availability != .bringsBack {
            tell(.order, "\(step.id) is not a part of \(hypervisor)'s return", [step.id])
        }
        guard !way.away.isEmpty || !way.home.isEmpty else { return }
        let before = way.ancestors()
        let inside = way.steps.indices.filter { way.steps[$0].availability == .requiresOut }
        for away in way.away {
            for step in inside where way.steps[step].id != away.id && !before[step].contains(away.position) {
                tell(
                    .order, "\(way.steps[step].id) can begin before \(away.id) has moved all machines away",
                    [away.id, way.steps[step].id])
            }
        }
        for home in way.home {
            for step in inside where !before[home.position].contains(step) {
                tell(
                    .order, "\(home.id) can bring machines home before \(way.steps[step].id) is done",
                    [way.steps[step].id, home.id])
            }
        }
    }

    private mutating func judgeDestinations(_ evacuation: Evacuation) {
        for destination in Set(evacuation.moves.map(\.to)).sorted() {
            for taker in turns.takers(of: destination) {
                guard taker == evacuation.hypervisor || !turns.keepsApart(taker, evacuation.hypervisor) else {
                    continue
                }
                let how = taker == destination ? "" : " with \(taker), which carries it,"
                tell(
                    .order,
                    "\(destination) can be out\(how) while machines of \(evacuation.hypervisor) are moved to it: no order "
                        + "keeps the two apart", evacuation.away.map(\.id))
            }
        }
    }

    private mutating func judgeMachines(_ evacuation: Evacuation) {
        let carried = Set(plan.target(evacuation.hypervisor)?.carries ?? [])
        for resource in Set(evacuation.moves.compactMap(\.resource)).sorted() {
            if carried.contains(resource) {
                tell(
                    .capacity,
                    "\(resource) is said to go down with \(evacuation.hypervisor), and is moved away from it",
                    evacuation.away.map(\.id))
            }
            guard turns.isOut(resource), !turns.keepsApart(resource, evacuation.hypervisor) else { continue }
            tell(
                .order,
                "\(resource) can be moved away from \(evacuation.hypervisor) while it is worked on: no order keeps the two "
                    + "apart", evacuation.away.map(\.id))
        }
    }

    private mutating func tell(_ invariant: Invariant, _ message: String, _ steps: [StepID]) {
        found.append(Violation(invariant, message, steps: steps))
    }
}
