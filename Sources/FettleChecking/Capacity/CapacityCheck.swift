import FettleModel

/// I1: how many members of each group can be out at once, in any state of the way forward, of the way back, and of all that lies
/// between: some are put back unchanged while others go back changed, one that failed is tried once more when others have gone on.
///
/// In all of them two of different turns of one order are never out together, and nothing else is promised. So the largest outage
/// is the largest set of which no two are kept apart: whoever is not in it drops out before anything is done to it. First a bound
/// is taken from the orders (`TurnCover`), and an outage is looked for that reaches it; where the two differ the largest one is
/// searched (`OutageSearch`).
struct CapacityCheck {
    let tables: PlanTables
    let outages: Outages
    let turns: TurnIndex
    let carriers: CarrierIndex
    /// For each order the turn that was chosen in it, and in whose search.
    private var chosen: [UInt64]
    private var search: UInt64 = 0
    private var wordsLeft = CapacityCheck.mostWords
    private var placesLeft = CapacityCheck.mostPlaces

    /// Searched in one group, and in all of them.
    static let mostWordsOfOneGroup = 10_000_000
    static let mostWords = 100_000_000
    /// Places in turns that are looked at in all groups.
    static let mostPlaces = 100_000_000
    /// Attempts to reach the bound in one group, before it is searched.
    static let mostAttempts = 64
    /// Names in a message.
    static let mostNames = 20

    init(_ tables: PlanTables, _ outages: Outages, _ turns: TurnIndex, _ carriers: CarrierIndex) {
        self.tables = tables
        self.outages = outages
        self.turns = turns
        self.carriers = carriers
        chosen = [UInt64](repeating: 0, count: turns.orderCount)
    }

    /// - Returns: whether every group's largest outage was found, or only bounded.
    mutating func judge(_ found: inout ViolationList, counting work: inout CheckWork) -> CheckReport.Method {
        var method = CheckReport.Method.exact
        for group in tables.plan.groups {
            let load = GroupLoad(group, tables.targets, outages, carriers)
            if load.count == 0 { continue }
            let (known, upper) = largestOutage(load, members: group.members.count, &work)
            if known.most > Self.allowed(group) {
                tell(known, load, group, &found)
                continue
            }
            if known.most < upper { method = .bound }
            guard upper > Self.allowed(group) else { continue }
            found.add(
                .capacity,
                "group \(group.id) is not proven: its orders leave up to \(upper) of its \(group.members.count) members out "
                    + "at once, \(Self.allowed(group)) may be; whether \(upper) can be was not found out")
        }
        return method
    }

    static func allowed(_ group: PlannedGroup) -> Int {
        min(group.maximumOut, group.members.count - group.minimumAvailable)
    }

    /// The largest outage that was found, and what no outage exceeds.
    private mutating func largestOutage(
        _ load: GroupLoad, members: Int, _ work: inout CheckWork
    ) -> (known: TurnCover.Bound, upper: Int) {
        var cover = TurnCover(load, turns, placesLeft: min(placesLeft, 100_000 + 1_000 * load.count))
        let bound = cover.bound()
        placesLeft -= cover.placesSeen
        work.placesCovered += cover.placesSeen
        let known = reached(bound, load, &work)
        let limit = min(wordsLeft, Self.mostWordsOfOneGroup)
        let pairs = load.takers.reduce(1) { $0 + turns.places(of: Int($1)).count } * load.count
        guard known.most < bound.most, load.count <= OutageSearch.mostTakers, pairs < limit else {
            return (known, bound.most)
        }
        var search = OutageSearch(
            load, members: members, turns, known: known, upper: bound.most, words: limit - pairs)
        let isDecided = search.run()
        wordsLeft -= pairs
        wordsLeft -= search.wordsSeen
        work.wordsSearched += search.wordsSeen
        let largest = TurnCover.Bound(most: search.most, who: search.who)
        return (largest, isDecided ? search.most : bound.most)
    }

    /// Tries to make an outage as large as the bound: from those that the bound speaks of, then from others in turn, whoever fits
    /// is added.
    private mutating func reached(
        _ bound: TurnCover.Bound, _ load: GroupLoad, _ work: inout CheckWork
    ) -> TurnCover.Bound {
        let all = (0..<load.count).map { Int32(truncatingIfNeeded: $0) }
        var best = fitting(bound.who + all, load, &work)
        let attempts = min(load.count, Self.mostAttempts)
        for attempt in 0..<attempts where best.most < bound.most && placesLeft > 0 {
            let start = attempt * load.count / attempts
            let next = fitting(Array(all[start...] + all[..<start]), load, &work)
            if next.most > best.most { best = next }
        }
        return best
    }

    /// Takers of which no two are kept apart: each that fits to those before it.
    private mutating func fitting(
        _ candidates: [Int32], _ load: GroupLoad, _ work: inout CheckWork
    ) -> TurnCover.Bound {
        search += 1
        placesLeft -= candidates.count
        var who: [Int32] = []
        var isChosen = [Bool](repeating: false, count: load.count)
        for taker in candidates where !isChosen[Int(taker)] {
            let places = turns.places(of: Int(load.takers[Int(taker)]))
            work.placesCovered += places.count
            placesLeft -= places.count
            let fits = places.allSatisfy { place in
                let entry = chosen[Int(place.order)]
                return entry >> 32 != search || entry & 0xFFFF_FFFF == UInt64(place.turn)
            }
            guard fits else { continue }
            for place in places { chosen[Int(place.order)] = search << 32 | UInt64(place.turn) }
            isChosen[Int(taker)] = true
            who.append(taker)
        }
        return TurnCover.Bound(most: load.weight(of: who), who: who)
    }

    private func tell(
        _ known: TurnCover.Bound, _ load: GroupLoad, _ group: PlannedGroup, _ found: inout ViolationList
    ) {
        let left = group.members.count - known.most
        var names = known.who.sorted().prefix(Self.mostNames).map { words($0, load, group) }
        if known.who.count > names.count { names.append("\(known.who.count - names.count) more") }
        let limit =
            left < group.minimumAvailable
            ? "needs \(group.minimumAvailable)" : "and the plan allows \(group.maximumOut) out at once"
        found.add(
            .capacity,
            "if \(names.joined(separator: ", ")) are out at once, group \(group.id) has \(left) of "
                + "\(group.members.count) members, \(limit)",
            steps: known.who.sorted().prefix(Self.mostNames).compactMap { step(load.takers[Int($0)]) })
    }

    /// The taker, and the members that it carries.
    private func words(_ taker: Int32, _ load: GroupLoad, _ group: PlannedGroup) -> String {
        let name = tables.targets.name(Int(load.takers[Int(taker)]))
        guard !load.takes.isEmpty else { return name.rawValue }
        let carried = load.takes[Int(taker)].map { group.members[Int($0)] }.filter { $0 != name }
        if carried.isEmpty { return name.rawValue }
        let told = carried.prefix(Self.mostNames).map(\.rawValue).joined(separator: ", ")
        return carried.count > Self.mostNames ? "\(name) (with \(told) and others)" : "\(name) (with \(told))"
    }

    private func step(_ target: Int32) -> StepID? {
        let target = Int(target)
        if let outage = outages.forward[target] { return tables.forward.id(Int(outage.begin)) }
        return outages.back[target].map { tables.rollback.id(Int($0.begin)) }
    }
}
