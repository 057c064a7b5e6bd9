import FettleModel

/// I3, I8 of members that are started anew from an image: it is made and tested before any of them is taken out, and
/// each can be started again from exactly what it ran from.
struct ImageCheck {
    let tables: PlanTables
    let outages: Outages

    func judge(_ found: inout ViolationList) {
        let replacements = self.replacements(tables.forward)
        let back = self.replacements(tables.rollback)
        let builds = self.builds(&found)
        judgeBackDiscards(&found)
        let discards = tables.forward.traits.indices.filter { tables.forward.traits[$0].contains(.discards) }
        guard !replacements.isEmpty || !back.isEmpty || !discards.isEmpty else { return }
        var ancestry = StepAncestry(tables.forward)
        judge(discards: discards, &ancestry, &found)
        for (position, replacement) in replacements {
            judgeBuild(of: replacement, position, builds, &ancestry, &found)
            judgeWayBack(replacement, position, back, &found)
        }
        for (position, _) in back where tables.rollback.steps[position].compensates == nil {
            found.add(
                .rollback,
                "\(tables.rollback.id(position)) replaces \(tables.rollback.steps[position].resource) on the way back "
                    + "and takes no step back", steps: [tables.rollback.id(position)])
        }
        if ancestry.isExhausted { found.add(.order, "too many dependencies lie between images and their use") }
    }

    private func replacements(_ table: StepTable) -> [(position: Int, replacement: ImageReplacement)] {
        table.traits.indices.filter { table.traits[$0].contains(.replaces) }.compactMap { position in
            guard case .replaceImage(let replacement) = table.steps[position].action else { return nil }
            return (position, replacement)
        }
    }

    private struct Image: Hashable {
        var name: String
        var version: String
    }

    private func builds(_ found: inout ViolationList) -> [Image: (position: Int, from: String)] {
        var builds: [Image: (position: Int, from: String)] = [:]
        for table in [tables.forward, tables.rollback] {
            for position in table.traits.indices where table.traits[position].contains(.isOfGroup) {
                guard case .buildImage(let build) = table.steps[position].action else { continue }
                let image = Image(name: build.image, version: build.version)
                let isFirst = builds.updateValue((position, build.from), forKey: image) == nil
                if isFirst, !table.isRollback, table.steps[position].availability == .none,
                    build.version != build.from, build.transaction.purpose == .patch
                {
                    continue
                }
                found.add(
                    .form,
                    "\(table.id(position)) must make a new version of image \(build.image), once, on the way forward, "
                        + "and take nobody out", steps: [table.id(position)])
            }
        }
        return builds
    }

    private func judgeBuild(
        of replacement: ImageReplacement, _ position: Int, _ builds: [Image: (position: Int, from: String)],
        _ ancestry: inout StepAncestry, _ found: inout ViolationList
    ) {
        let table = tables.forward
        let (id, target) = (table.id(position), table.target(position))
        if table.chain(of: target).contains(where: { table.traits[Int($0)].contains(.changesPackages) }) {
            found.add(
                .order, "\(tables.targets.name(target)) is replaced, and its packages are changed as well", steps: [id])
        }
        if let machine = replacement.machine {
            judgeState(of: target, id, &found)
            // It exists, and what it is stands in the plan.
            guard machine.version != replacement.to || replacement.from == replacement.to else { return }
            return found.add(
                .form, "\(id) is to make \(replacement.to) from \(machine.version) of image \(replacement.image)",
                steps: [id])
        }
        let build = builds[Image(name: replacement.image, version: replacement.to)]
        let begin = outages.forward[target].map { Int($0.begin) } ?? position
        guard let build, build.from == replacement.from, ancestry.precedes(build.position, begin) else {
            found.add(
                .order,
                "\(tables.targets.name(target)) can be taken out before \(replacement.to) of image "
                    + "\(replacement.image) has been made from \(replacement.from) and tested",
                steps: [table.id(begin), id])
            return
        }
    }

    private func judgeWayBack(
        _ replacement: ImageReplacement, _ position: Int, _ back: [(position: Int, replacement: ImageReplacement)],
        _ found: inout ViolationList
    ) {
        let step = tables.forward.steps[position]
        let ways = back.filter { tables.rollback.steps[$0.position].compensates == step.id }
        if step.rollbackClass == .imageSwap, ways.count == 1, ways[0].replacement == replacement.reversed { return }
        found.add(
            .rollback,
            "\(step.id) is taken back by \(ways.count) steps, or not to version \(replacement.from) of its image",
            steps: [step.id] + ways.map { tables.rollback.id($0.position) })
    }

    // MARK: What is kept

    /// I8: what a member would go back to is removed once, after it is back and proven, by a step that is told as the end of its way
    /// back; and only what this plan has put aside.
    private func judge(discards: [Int], _ ancestry: inout StepAncestry, _ found: inout ViolationList) {
        let table = tables.forward
        var seen: Set<Int> = []
        for position in discards {
            guard case .discardKept(let machine) = table.steps[position].action else { continue }
            let (id, target) = (table.id(position), table.target(position))
            let name = tables.targets.name(target)
            let isReplaced = table.chain(of: target).contains { link in
                guard case .replaceImage(let replacement) = table.steps[Int(link)].action else { return false }
                return replacement.machine == machine
            }
            if !isReplaced || !seen.insert(target).inserted {
                found.add(.ownership, "\(id) removes a machine that no step has put aside for \(name)", steps: [id])
            }
            if table.steps[position].availability != .none || table.steps[position].rollbackClass != .irreversible {
                found.add(
                    .form, "\(id) must be irreversible, and neither take \(name) out nor bring it back", steps: [id])
            }
            let isWatched = outages.forward[target].map { ancestry.isWatched(target, $0, before: position, tables) }
            if isWatched != true {
                found.add(
                    .order, "\(id) can remove what \(name) would go back to before \(name) was watched", steps: [id])
            }
            guard let outage = outages.forward[target], ancestry.precedes(Int(outage.end), position) else {
                found.add(.order, "\(id) can remove what \(name) would go back to before it is back", steps: [id])
                continue
            }
        }
    }

    /// What the plan itself tells of a member that keeps something: it carries others, moves its machines, leads a cluster.
    private func judgeState(of target: Int, _ id: StepID, _ found: inout ViolationList) {
        let table = tables.forward
        let planned = tables.targets.targets[target]
        let isHypervisor =
            !planned.carries.isEmpty
            || tables.plan.groups.contains { $0.machines != nil && $0.members.contains(planned.resource) }
            || table.steps.contains { $0.action.remadeMachine?.hypervisor == planned.resource }
        let leads = table.chain(of: target).contains { link in
            switch table.steps[Int(link)].action {
            case .handOver, .evacuate: true
            default: false
            }
        }
        guard isHypervisor || leads else { return }
        found.add(
            .form, "\(planned.resource) is made anew, and carries machines or has a part in a cluster", steps: [id])
    }

    private func judgeBackDiscards(_ found: inout ViolationList) {
        for position in tables.rollback.traits.indices where tables.rollback.traits[position].contains(.discards) {
            let id = tables.rollback.id(position)
            found.add(.rollback, "\(id) removes a machine on the way back", steps: [id])
        }
    }
}
