import FettleModel

/// A step that concerns several hosts of a group, such as a bake: between hosts that are finished before it and hosts
/// that wait for it.
struct GroupStep: Sendable {
    var group: GroupID
    /// What stands behind the group's name in the step's, such as `bake`.
    var name: String
    var action: StepAction
    var estimate: DurationEstimate
    /// The place in the line of the host whose step it is called.
    var host: Int
    /// Places of the hosts that are finished before it, ascending.
    var behind: [Int] = []
    /// Places of the hosts that are restarted as they are before it, because it compares with them.
    var restarted: [Int] = []
    /// Places of the hosts that are not taken out before it is done; of one that never is, its last steps wait.
    var holds: [Int] = []
    /// Places among all steps of groups of those that it waits for.
    var follows: [Int] = []
    /// The place of a host that is not brought back before it is done.
    var holdsReturn: Int?
    var compensates: StepID?
    var rollbackClass = RollbackClass.nothingToUndo

    var id: StepID { StepID("\(group)/\(name)") }

    var isWatch: Bool { if case .bake = action { true } else { false } }
}

extension Step {
    /// Taken for a group, between the hosts that are finished before it and those that wait for it.
    var isOfGroup: Bool {
        switch action {
        case .bake, .groupGate, .switchTraffic, .buildImage, .discardKept, .discardSnapshot: true
        default: false
        }
    }
}

/// Pass 6: the steps of groups, on both ways.
struct GroupSteps: Sendable {
    private(set) var forward: [GroupStep]
    private(set) var back: [GroupStep]
    /// For each host, the places in `forward` of those that hold it back; the same for the way back.
    let awaited: [[Int]]
    let awaitedBack: [[Int]]

    init(
        _ layout: WaveLayout, groups: [GroupWork], _ index: PlanningIndex, _ groupOrder: GroupOrder, policy: Policy,
        priors: DurationPriors, controls: ControlRestarts, notes: inout PlanNotes
    ) {
        forward = ReplaceByImage.builds(layout, groups, policy: policy, priors, notes: &notes)
        back = []
        let places = Self.places(of: groups, in: layout)
        // Looked for among all of the fleet: only where somebody is watched and compared.
        let search =
            groups.contains { $0.judgement != nil } ? NeighbourSearch(layout, index, groupOrder) : nil
        for group in groups {
            let places = places[group.group.id] ?? []
            switch group.strategy {
            case .blueGreen: BlueGreen.addSteps(of: group, places, layout, index, priors, &forward, &back)
            case .throughController: ThroughController.addBake(of: group, places, layout, priors, &forward)
            default:
                forward += Bakes.steps(
                    of: group, places, layout, priors, controls.places(of: group.group.id), search, notes: &notes)
            }
            forward += GroupGates.steps(of: group, places, layout, priors)
            ReplaceByMachine.addKeeping(of: group, places, layout, priors, &forward)
            Snapshots.addKeeping(of: group, places, layout, priors, &forward)
        }
        awaited = Self.awaited(forward, hosts: layout.hosts.count)
        awaitedBack = Self.awaited(back, hosts: layout.hosts.count)
    }

    /// By group, the places of its members in the line, ascending.
    static func places(of groups: [GroupWork], in layout: WaveLayout) -> [GroupID: [Int]] {
        var result: [GroupID: [Int]] = [:]
        for (place, host) in layout.hosts.enumerated() {
            for group in host.groups { result[group.id, default: []].append(place) }
        }
        return result
    }

    private static func awaited(_ steps: [GroupStep], hosts: Int) -> [[Int]] {
        var result = [[Int]](repeating: [], count: hosts)
        for (place, step) in steps.enumerated() {
            for host in step.holds { result[host].append(place) }
        }
        return result
    }
}

/// Some members watched before the others go: canaries, and each side but the last.
enum Bakes {
    static func steps(
        of group: GroupWork, _ places: [Int], _ layout: WaveLayout, _ priors: DurationPriors, _ restarted: [Int],
        _ search: NeighbourSearch?, notes: inout PlanNotes
    ) -> [GroupStep] {
        guard let seconds = group.bakeSeconds else { return [] }
        let canaries = watched(places, layout.hosts, group).enumerated().map { number, watched in
            let last = watched.last ?? 0
            var judgement = group.judgement
            let holds = places.filter { $0 > last }
            let controls = holds.prefix(group.controls).map { layout.hosts[$0].id }.sorted()
            judgement?.controls = controls
            judgement?.neighbours = search?.neighbours(
                of: watched.map { layout.hosts[$0].id }, controls: controls, in: group.group, held: Set(holds),
                notes: &notes)
            var bake = step(
                group, name: number == 0 ? "bake" : "bake-\(number + 1)", seconds: seconds, watched, holds: holds,
                layout, priors, judgement: judgement)
            if number == 0 { bake.restarted = restarted }
            return bake
        }
        return canaries + rest(group, places, seconds: seconds, layout, priors)
    }

    /// When the last of them is back nobody is left who was not patched: they are compared with what they were before. Nobody waits for
    /// that.
    private static func rest(
        _ group: GroupWork, _ places: [Int], seconds: Int, _ layout: WaveLayout, _ priors: DurationPriors
    ) -> [GroupStep] {
        guard group.watchesRest, let judgement = group.judgement else { return [] }
        let rest = Array(places.dropFirst(group.canaries))
        guard !rest.isEmpty else { return [] }
        return [
            step(group, name: "bake-rest", seconds: seconds, rest, holds: [], layout, priors, judgement: judgement)
        ]
    }

    static func step(
        _ group: GroupWork, name: String, seconds: Int, _ watched: [Int], holds: [Int], _ layout: WaveLayout,
        _ priors: DurationPriors, judgement: BakeJudgement? = nil
    ) -> GroupStep {
        let probes = group.group.probes
        return GroupStep(
            group: group.group.id, name: name,
            action: .bake(
                seconds: seconds, resources: watched.map { layout.hosts[$0].id }.sorted(), probes: probes,
                judgement: judgement),
            estimate: priors.bake(seconds: seconds, until: judgement?.extendUntilSeconds, probes: probes),
            host: watched.first ?? 0, behind: watched,
            holds: holds)
    }

    /// Places of those that others wait to see watched, set by set.
    private static func watched(_ places: [Int], _ hosts: [HostWork], _ group: GroupWork) -> [[Int]] {
        guard group.sides == nil else {
            return group.sidePlaces(places, hosts).dropLast().filter { !$0.isEmpty }
        }
        return group.canaries > 0 && group.canaries < places.count ? [Array(places.prefix(group.canaries))] : []
    }
}
