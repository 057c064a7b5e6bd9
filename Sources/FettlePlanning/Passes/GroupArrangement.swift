import FettleModel

/// What a group's strategy says about single members: sides, and who goes last.
extension StrategyPass {
    /// Targets by failure domain, in the order of the domains' names. A member that declares none is a side of its own.
    static func sides(of group: ResourceGroup, targets: [ResourceID], _ index: PlanningIndex) -> [[ResourceID]] {
        let sides = Dictionary(grouping: targets) { member in
            index.resource(member)?.failureDomain.map { "declared " + $0 } ?? "own " + member.rawValue
        }
        return sides.sorted { $0.key < $1.key }.map { $0.value.sorted() }
    }

    static func arrange(_ work: inout GroupWork, _ index: PlanningIndex, notes: inout PlanNotes) {
        switch work.strategy {
        case .oneSideAtATime(let seconds):
            work.sides = sides(of: work.group, targets: work.targets, index)
            work.bakeSeconds = work.group.probes.isEmpty ? nil : max(0, seconds)
            if work.group.probes.isEmpty {
                notes.warn(
                    "group \(work.group.id): without probes nothing says that all paths are back before the other side goes"
                )
            }
        // With a surge only: who rolls without one is none the worse for any order.
        case .rolling(_, .some), .replace: work.first = (work.group.spares ?? []).filter(work.targets.contains).sorted()
        case .replicasFirst: arrangeLeader(&work, index, notes: &notes)
        case .blueGreen: BlueGreen.arrange(&work, index)
        default: break
        }
    }

    /// The leader hands over once: to a member that is patched already.
    private static func arrangeLeader(_ work: inout GroupWork, _ index: PlanningIndex, notes: inout PlanNotes) {
        let roles = work.group.members.map { ($0, index.facts(of: $0)?.clusterRoles?[work.group.id]) }
        let leaders = roles.filter { $0.1 == .leader }.map(\.0)
        work.last = leaders.filter(work.targets.contains).sorted()
        guard work.group.kind == .cluster, leaders.isEmpty else { return }
        let isAsked = work.group.isKeptByPatroni || roles.contains { $0.1 != nil }
        notes.warn(
            "group \(work.group.id): the facts do not say who leads it, so that nobody is put last"
                + (isAsked ? "" : " and nobody hands over"))
    }
}
