import FettleModel

/// Orders for what goes down with something else, and for what is moved while something else is worked on.
extension OrderPass {
    /// A hypervisor is never out while a machine on it is worked on: neither is a machine moved in the middle of its patch, nor
    /// patched in the middle of its move, nor taken down by the one while the other waits for it. Which of the two comes first
    /// is the line's to say.
    mutating func orderHypervisors() {
        for place in hosts.indices where !hosts[place].isOwn {
            let machines = (hosts[place].residence?.houses ?? []).compactMap { placesOfHosts[$0] }
                .filter { !hosts[$0].isOwn }.sorted()
            guard !machines.isEmpty else { continue }
            add(
                "\(hosts[place].id) and the machines on it, one after the other",
                [machines.filter { $0 < place }, [place], machines.filter { $0 > place }])
        }
    }

    /// The members of a group of which some go down with hypervisors: who takes one member out and who takes several are put
    /// into lanes together, each as wide as the most that one of it takes out.
    mutating func orderTakers(of group: GroupWork) {
        let patched = members[group.group.id] ?? []
        let carriers = group.carriers.compactMap { placesOfHosts[$0.hypervisor] }.filter { !hosts[$0].isOwn }
        guard group.sides == nil, group.growth == 1 || group.canaries == 0 else {
            orderMembers(of: group)
            return orderAlone(carriers, among: patched, of: group)
        }
        let name = "group \(group.group.id)"
        let weights = Dictionary(
            carriers.map { ($0, group.weight(of: hosts[$0].id)) }, uniquingKeysWith: { first, _ in first })
        for lane in Self.lanes(Set(patched + carriers).sorted(), weights, pace: max(1, group.pace)) {
            add("\(name): at most \(group.maximumOut) of \(group.group.members.count) out", lane.map { [$0] })
        }
        let spares = patched.filter { group.first.contains(hosts[$0].id) }
        if !spares.isEmpty {
            add("\(name): spares first", [spares, patched.filter { !group.first.contains(hosts[$0].id) }])
        }
        let canaries = Array(patched.prefix(group.canaries))
        if !canaries.isEmpty { add("\(name): canaries first", [canaries, Array(patched.dropFirst(canaries.count))]) }
        let late = patched.filter { group.last.contains(hosts[$0].id) }
        if !late.isEmpty {
            add("\(name): the leader last", [patched.filter { !group.last.contains(hosts[$0].id) }, late])
        }
    }

    /// - Parameter weights: of those that take several; all others take one.
    /// - Returns: lanes whose widest members add up to the pace, or one lane where a single member is wider than that.
    private static func lanes(_ places: [Int], _ weights: [Int: Int], pace: Int) -> [[Int]] {
        let widest = max(1, weights.values.max() ?? 1)
        let wide = max(1, pace / widest)
        let narrow = max(0, pace - wide * widest)
        var lanes = [[Int]](repeating: [], count: wide + narrow)
        var (nextWide, next) = (0, wide % lanes.count)
        for place in places {
            if weights[place] ?? 1 > 1 {
                lanes[nextWide].append(place)
                nextWide = (nextWide + 1) % wide
            } else {
                lanes[next].append(place)
                next = (next + 1) % lanes.count
            }
        }
        return lanes
    }

    /// Where members go in sets, each carrier goes apart from all of them and from the other carriers.
    private mutating func orderAlone(_ carriers: [Int], among patched: [Int], of group: GroupWork) {
        let alone = Set(carriers)
        var turns: [[Int]] = []
        var isOpen = false
        for place in alone.union(patched).sorted() {
            if isOpen, !alone.contains(place) {
                turns[turns.count - 1].append(place)
            } else {
                turns.append([place])
            }
            isOpen = !alone.contains(place)
        }
        add("group \(group.group.id): what takes members down with it goes alone", turns)
    }
}
