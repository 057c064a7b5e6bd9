import FettleModel

/// The gates of groups: behind each wave it is asked whether the group as a whole is well, and who comes next waits for the answer.
enum GroupGates {
    /// Of one group: each names all that went before it, so that they are not asked behind each of a hundred waves.
    static let most = 16

    static func steps(
        of group: GroupWork, _ places: [Int], _ layout: WaveLayout, _ priors: DurationPriors
    ) -> [GroupStep] {
        guard let probes = group.group.groupProbes, !probes.isEmpty else { return [] }
        let taken = places.filter { layout.hosts[$0].isTakenOut }
        // Nobody is shut down for good before the group as a whole is seen to be well.
        let retired = places.filter { layout.hosts[$0].role == .retired }
        let ends = hasWaves(group) ? ends(of: taken, layout.waves) : [taken.count]
        return ends.filter { $0 > 0 }.enumerated().map { number, end in
            let behind = Array(taken[..<end])
            let asked = probes.filter { !$0.isManual }
            return GroupStep(
                group: group.group.id, name: number == 0 ? "group-gate" : "group-gate-\(number + 1)",
                action: .groupGate(
                    gate: GroupGate(
                        group: group.group.id, resources: behind.map { layout.hosts[$0].id }.sorted(), probes: probes)),
                estimate: priors.gate(asked), host: behind.first ?? 0, behind: behind,
                holds: Array(taken[end...]) + retired)
        }
    }

    /// Sides that are switched, and members that their controller takes through, are not held by a wave: they are asked for at the
    /// end.
    private static func hasWaves(_ group: GroupWork) -> Bool {
        switch group.strategy {
        case .blueGreen, .throughController: false
        default: true
        }
    }

    /// How many of those in the line are finished at the end of each wave, or of several where there are too many waves.
    private static func ends(of places: [Int], _ waves: [Int]) -> [Int] {
        var ends: [Int] = []
        var latest = 0
        for (number, place) in places.enumerated() {
            if number > 0, waves[place] > latest { ends.append(number) }
            latest = max(latest, waves[place])
        }
        ends.append(places.count)
        guard ends.count > most else { return ends }
        return (1...most).map { ends[ends.count * $0 / most - 1] }
    }
}
