import FettleModel

/// I12: the machine that Fettle runs on goes last, forward and back: it stands behind all others in orders that are taken in the
/// same way on the way back. What takes that machine down with it counts as that machine.
struct OwnHostCheck {
    let tables: PlanTables
    let outages: Outages
    let turns: TurnIndex

    /// Of Fettle's own machines, so many may need several orders to stand behind all others.
    static let mostUnions = 16

    func judge(_ found: inout ViolationList) {
        let own = ownTargets()
        let others = (0..<tables.targets.count).count { outages.has($0) && !own[$0] }
        guard others > 0 else { return }
        var covers: [Int32: [Int]] = [:]
        var unions = 0
        for target in own.indices where own[target] && outages.has(target) {
            let places = turns.places(of: target).filter { !turns.isReversed[Int($0.order)] }
            let isBehindAll = places.contains { place in
                let before = covers[place.order] ?? othersBefore(order: Int(place.order), own)
                covers[place.order] = before
                return before[Int(place.turn)] == others
            }
            if isBehindAll { continue }
            unions += 1
            let open = unions > Self.mostUnions ? nil : firstOpen(places, own)
            if unions <= Self.mostUnions, open == nil { continue }
            tell(target, open, &found)
        }
    }

    private func ownTargets() -> [Bool] {
        var local: Set<ResourceID> = []
        for target in tables.plan.targets where target.address.transport == .local { local.insert(target.resource) }
        for group in tables.plan.groups {
            for (member, address) in group.memberAddresses where address.transport == .local { local.insert(member) }
        }
        return tables.plan.targets.map { target in
            local.contains(target.resource) || target.carries.contains(where: local.contains)
        }
    }

    /// For each turn of the order, how many that are not Fettle's own stand before it.
    private func othersBefore(order: Int, _ own: [Bool]) -> [Int] {
        var count = 0
        return (0..<turns.turnCount(of: order)).map { turn in
            defer { count += turns.targets(order, turn).count { !own[Int($0)] } }
            return count
        }
    }

    /// The first that is in none of the earlier turns.
    private func firstOpen(_ places: [TurnIndex.Place], _ own: [Bool]) -> Int? {
        var isBefore = own
        for place in places {
            for turn in 0..<Int(place.turn) {
                for target in turns.targets(Int(place.order), turn) { isBefore[Int(target)] = true }
            }
        }
        return isBefore.indices.first { !isBefore[$0] && outages.has($0) }
    }

    private func tell(_ target: Int, _ open: Int?, _ found: inout ViolationList) {
        let name = tables.targets.name(target)
        let who = open.map { tables.targets.name($0).rawValue } ?? "others"
        let steps = [open, target].compactMap { $0 }.compactMap { outages.forward[$0] }
        found.add(
            .ownHost,
            "\(name) is Fettle's own host, or takes it down, and can be taken out though \(who) may still have to go "
                + "or to go back: no order that is the same on the way back has it behind all others",
            steps: steps.map { tables.forward.id(Int($0.begin)) })
    }
}
