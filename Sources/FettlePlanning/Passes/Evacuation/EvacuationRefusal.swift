import FettleModel

/// Says why machines cannot all be moved away, in the smallest truth that there is: one machine that fits nowhere, a sum that is
/// too large, or a few machines that stand in each other's way; what is missing where, and what would help.
struct EvacuationRefusal {
    let scene: EvacuationScene
    /// Sources that were solved together.
    let part: [Int]

    /// For each attempt to leave a machine out of what does not fit, and for all of them.
    static let mostLooks = 200_000
    static let mostLooksInAll = 2_000_000

    init(_ scene: EvacuationScene, part: [Int]) {
        self.scene = scene
        self.part = part
    }

    func tell(_ notes: inout PlanNotes) {
        let isTold = part.map { tell($0, &notes) }
        if !isTold.contains(true) { tellTogether(&notes) }
    }

    private func source(_ place: Int) -> PlacementProblem.Source { scene.problem.sources[place] }

    private func pools(_ place: Int) -> String {
        (scene.hosts[place].residence?.pools ?? []).map(\.rawValue).joined(separator: ", ")
    }

    /// - Returns: whether the source alone is a reason.
    private func tell(_ place: Int, _ notes: inout PlanNotes) -> Bool {
        let source = source(place)
        guard !source.machines.isEmpty else { return false }
        let at = PlanningRefusal.Place.resource(source.id)
        guard !source.candidates.isEmpty else {
            notes.refuse(
                .noRoom, at: at,
                "\(source.id): no other hypervisor of \(pools(place)) can take its machines\(exclusions(place)); "
                    + advice(place))
            return true
        }
        let lost = source.machines.filter { machine in
            source.candidates.allSatisfy { candidate in
                !scene.problem.destinations[candidate].mayTake(machine)
                    || scene.problem.shortage(of: machine, on: candidate) != nil
            }
        }
        for machine in lost.prefix(5) {
            notes.refuse(
                .noRoom, at: at,
                "\(source.id): \(Self.words(machine)) fits on no other hypervisor: \(reasons(machine, source))"
                    + "\(exclusions(place)); \(advice(place))")
        }
        if lost.count > 5 {
            notes.refuse(.noRoom, at: at, "\(source.id): \(lost.count - 5) more of its machines fit nowhere")
        }
        guard lost.isEmpty else { return true }
        let problem = scene.problem.keeping([place])
        if let sum = sum(source) {
            notes.refuse(.noRoom, at: at, "\(source.id): \(sum)\(exclusions(place)); \(advice(place))")
            return true
        }
        switch PlacementSearch.solve(problem) {
        case .placed: return false
        case .impossible:
            notes.refuse(
                .noRoom, at: at, "\(source.id): \(smallest(problem))\(exclusions(place)); \(advice(place))")
        case .undecided:
            notes.refuse(
                .noRoom, at: at,
                "\(source.id): no way to place its \(source.machines.count) machines was found, though not all were tried"
                    + "\(exclusions(place)); \(advice(place))")
        }
        return true
    }

    /// Each source has a way of its own, but not all at once. Of one pool only one goes at a time by now: so it is several pools.
    private func tellTogether(_ notes: inout PlanNotes) {
        let sources = part.map(source).filter { !$0.machines.isEmpty }
        let names =
            sources.prefix(4).map(\.id.rawValue).joined(separator: ", ")
            + (sources.count > 4 ? " and \(sources.count - 4) more" : "")
        let pool = part.first.flatMap { scene.hosts[$0].residence?.pools.first }
        notes.refuse(
            .noRoom, at: pool.map { .group($0) } ?? .plan,
            "\(names): several of them can be out at the same time, and then the machines of all of them do not fit on the "
                + "others together (\(smallest(scene.problem.keeping(part)))); put one of their pools after the other")
    }

    /// Why a machine cannot be put on any candidate, the one that comes nearest first.
    private func reasons(_ machine: PlacementProblem.Machine, _ source: PlacementProblem.Source) -> String {
        var lacking: [(memory: Int, processors: Int, words: String)] = []
        var ruled: [String] = []
        for candidate in source.candidates {
            let destination = scene.problem.destinations[candidate]
            if let lacks = scene.problem.shortage(of: machine, on: candidate) {
                lacking.append((lacks.memory, lacks.processors, "\(destination.id) lacks \(Self.words(lacks))"))
            } else {
                ruled.append("\(destination.id) has a machine that it must be apart from")
            }
        }
        lacking.sort { ($0.memory, $0.processors, $0.words) < ($1.memory, $1.processors, $1.words) }
        return Self.list(lacking.map(\.words) + ruled)
    }

    /// What all machines of a source need together, if that is more than there is; nil if it is not.
    private func sum(_ source: PlacementProblem.Source) -> String? {
        let rooms = source.candidates.map { scene.problem.destinations[$0] }
        let memory = source.machines.reduce(0) { $0 + $1.memory } - rooms.reduce(0) { $0 + $1.memory }
        let processors = source.machines.reduce(0) { $0 + $1.processors } - rooms.reduce(0) { $0 + $1.processors }
        guard memory > 0 || processors > 0 else { return nil }
        let names = Self.list(rooms.map { "\($0.id) has \(Self.words(($0.memory, $0.processors)))" })
        return
            "its \(source.machines.count) machines need \(Self.words((max(0, memory), max(0, processors)))) more than "
            + "the others have to spare together (\(names))"
    }

    /// Machines of which none can be left out without the others fitting, and what the last of them lacks then.
    private func smallest(_ problem: PlacementProblem) -> String {
        var problem = problem
        var looked = 0
        for source in problem.sources.indices {
            for machine in problem.sources[source].machines.indices.reversed() {
                guard looked < Self.mostLooksInAll else { break }
                let smaller = problem.without(machine, of: source)
                var search = PlacementSearch(smaller)
                if search.run(looks: Self.mostLooks) == .impossible { problem = smaller }
                looked += search.looked
            }
        }
        let left = problem.sources.flatMap { source in source.machines.map { "\(Self.words($0)) of \(source.id)" } }
        let fault = "no way to place \(Self.list(left, most: 12)) together"
        guard looked < Self.mostLooksInAll, let lacks = lack(problem, looked: looked) else { return fault }
        return "\(fault): \(lacks) would do"
    }

    /// What more would be enough, for the machine that needs the least more when all others are placed.
    private func lack(_ problem: PlacementProblem, looked: Int) -> String? {
        var looked = looked
        var best: (memory: Int, processors: Int, words: String)?
        for source in problem.sources.indices {
            for (number, machine) in problem.sources[source].machines.enumerated() {
                let smaller = problem.without(number, of: source)
                var search = PlacementSearch(smaller)
                let result = search.run(looks: Self.mostLooks)
                looked += search.looked
                guard looked < Self.mostLooksInAll else { return best?.words }
                guard case .placed(let places) = result else { continue }
                for candidate in problem.sources[source].candidates {
                    var taken = (memory: 0, processors: 0)
                    var isApart = problem.destinations[candidate].mayTake(machine)
                    for (other, destinations) in places.enumerated() {
                        guard other == source || problem.together[source][other] else { continue }
                        for (neighbour, destination) in zip(smaller.sources[other].machines, destinations)
                        where destination == candidate {
                            taken.memory += neighbour.memory
                            taken.processors += neighbour.processors
                            isApart = isApart && !neighbour.mustBeApart(from: machine)
                        }
                    }
                    guard isApart else { continue }
                    let room = problem.destinations[candidate]
                    let memory = max(0, machine.memory + taken.memory - room.memory)
                    let processors = max(0, machine.processors + taken.processors - room.processors)
                    let words = "\(Self.words((memory, processors))) more on \(room.id)"
                    if best.map({ (memory, processors, words) < ($0.memory, $0.processors, $0.words) }) ?? true {
                        best = (memory, processors, words)
                    }
                }
            }
        }
        return best?.words
    }

    private func exclusions(_ place: Int) -> String {
        let reasons = scene.excluded[place].map { "\($0.hypervisor): \($0.because)" }
        return reasons.isEmpty ? "" : " (not asked: \(Self.list(reasons)))"
    }

    private func advice(_ place: Int) -> String {
        "free room there, shut machines down before, or add a hypervisor to \(pools(place))"
    }

    private static func words(_ machine: PlacementProblem.Machine) -> String {
        "\(machine.name) (\(words((machine.memory, machine.processors))))"
    }

    private static func words(_ size: (memory: Int, processors: Int)) -> String {
        let memory = size.memory > 0 && size.memory % 1024 == 0 ? "\(size.memory / 1024) GiB" : "\(size.memory) MiB"
        let processors = "\(size.processors) \(size.processors == 1 ? "processor" : "processors")"
        if size.memory == 0, size.processors > 0 { return processors }
        return size.processors == 0 ? memory : "\(memory) and \(processors)"
    }

    /// The first few, so that a message stays one for a thousand hypervisors.
    private static func list(_ items: [String], most: Int = 5) -> String {
        items.prefix(most).joined(separator: ", ") + (items.count > most ? " and \(items.count - most) more" : "")
    }
}
