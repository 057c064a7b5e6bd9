import FettleModel

/// I3: a bake means something only if it comes after all that it watches, and if the members that it does not watch wait for it.
struct BakeCheck {
    let tables: PlanTables
    let outages: Outages
    let turns: TurnIndex

    /// Bakes that hold one group back: every one of them is held against every member.
    static let mostOfOneGroup = 64

    func judge(_ found: inout ViolationList) {
        let table = tables.forward
        var groups: [GroupID: Int]?
        for position in table.traits.indices where table.traits[position].contains(.bakes) {
            let action = table.steps[position].action
            guard let watched = action.judged, let id = table.steps[position].group
            else { continue }
            let known = groups ?? placesOfGroups()
            groups = known
            guard let place = known[id] else { continue }
            let targets = Set(watched.compactMap(tables.targets.place(of:)))
            judgeWatched(targets.sorted(), by: position, &found)
            judgeOthers(tables.plan.groups[place], targets, watchedBy: position, &found)
            guard case .bake(_, _, _, let judgement?) = action else { continue }
            judgeControls(judgement, of: tables.plan.groups[place], targets, by: position, &found)
            guard let neighbours = judgement.neighbours else { continue }
            NeighbourCheck(bakes: self, bake: position, watched: watched, controls: judgement.controls)
                .judge(neighbours, of: tables.plan.groups[place], &found)
        }
    }

    private func placesOfGroups() -> [GroupID: Int] {
        Dictionary(
            tables.plan.groups.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    /// What is watched has been brought back before.
    private func judgeWatched(_ watched: [Int], by bake: Int, _ found: inout ViolationList) {
        let table = tables.forward
        var awaited: [Int: [Int]] = [:]
        for step in table.waits(of: bake) { awaited[table.target(Int(step)), default: []].append(Int(step)) }
        for target in watched {
            guard let outage = outages.forward[target] else { continue }
            let end = Int(outage.end)
            let steps = awaited[target] ?? []
            if steps.contains(end) { continue }
            let chain = Chain(table, of: target)
            if steps.contains(where: { chain.precedes(Int(table.links[end]), Int(table.links[$0])) }) { continue }
            found.add(
                .order, "\(table.id(bake)) can begin to watch \(tables.targets.name(target)) before it is back",
                steps: [table.id(end), table.id(bake)])
        }
    }

    /// Who is not watched waits for the bake, or had its turn before one that is watched.
    private func judgeOthers(
        _ group: PlannedGroup, _ watched: Set<Int>, watchedBy bake: Int, _ found: inout ViolationList
    ) {
        let table = tables.forward
        /// For each order the last turn in which one stands that is watched.
        var latest: [Int32: Int32] = [:]
        for target in watched {
            for place in turns.places(of: target) { latest[place.order] = max(latest[place.order] ?? 0, place.turn) }
        }
        for member in group.members {
            guard let target = tables.targets.place(of: member), !watched.contains(target),
                let outage = outages.forward[target]
            else { continue }
            let isEarlier = turns.places(of: target).contains { $0.turn < latest[$0.order] ?? 0 }
            if isEarlier || waits(target, until: Int(outage.begin), for: bake) { continue }
            found.add(
                .order, "\(member) can be taken out before \(table.id(bake)) has watched what was patched first",
                steps: [table.id(bake), table.id(Int(outage.begin))])
        }
    }

    /// A control serves beside those that are watched, and is changed only afterwards: otherwise nobody is compared with the earlier
    /// version. And a bake that may be extended is given the time for it.
    private func judgeControls(
        _ judgement: BakeJudgement, of group: PlannedGroup, _ watched: Set<Int>, by bake: Int,
        _ found: inout ViolationList
    ) {
        let (table, id) = (tables.forward, tables.forward.id(bake))
        for control in judgement.controls {
            guard group.members.contains(control) else {
                found.add(.form, "\(id) compares with \(control), which is no member of group \(group.id)", steps: [id])
                continue
            }
            guard let target = tables.targets.place(of: control) else { continue }
            if watched.contains(target) {
                found.add(.form, "\(id) compares \(control) with itself", steps: [id])
            } else if let outage = outages.forward[target], !waits(target, until: Int(outage.begin), for: bake) {
                found.add(
                    .order, "\(control) can be changed before \(id) has compared with it",
                    steps: [id, table.id(Int(outage.begin))])
            }
            if let restart = outages.control[target] {
                judgeRestart(restart, of: control, target, before: bake, &found)
            }
        }
        guard judgement.extendUntilSeconds > table.steps[bake].timeoutSeconds else { return }
        found.add(
            .form,
            "\(id) may be extended to \(judgement.extendUntilSeconds) s and is given up after "
                + "\(table.steps[bake].timeoutSeconds) s", steps: [id])
    }

    /// A control that is restarted is back before anybody is compared with it.
    private func judgeRestart(
        _ restart: Outage, of control: ResourceID, _ target: Int, before bake: Int, _ found: inout ViolationList
    ) {
        let table = tables.forward
        let chain = Chain(table, of: target)
        let end = Int(restart.end)
        let isAwaited = table.waits(of: bake).contains { step in
            table.target(Int(step)) == target
                && (Int(step) == end || chain.precedes(Int(table.links[end]), Int(table.links[Int(step)])))
        }
        if isAwaited { return }
        found.add(
            .order, "\(table.id(bake)) can begin to compare with \(control) before it is back from its restart",
            steps: [table.id(end), table.id(bake)])
    }

    /// Whether the step that takes the target out, or one that comes before it, names the bake.
    func waits(_ target: Int, until begin: Int, for bake: Int) -> Bool {
        let table = tables.forward
        let isNamed = { (step: Int32) in table.waits(of: Int(step)).contains { Int($0) == bake } }
        if isNamed(Int32(truncatingIfNeeded: begin)) { return true }
        guard table.chain(of: target).contains(where: isNamed) else { return false }
        let chain = Chain(table, of: target)
        return (0..<chain.count).contains { link in
            chain.precedes(link, Int(table.links[begin])) && isNamed(Int32(truncatingIfNeeded: chain.position(link)))
        }
    }
}
