import FettleModel

/// Which targets take members of a group out, and which members each of them takes: itself, and what it carries.
struct GroupLoad {
    /// By their places in the plan, in the order of the members that they take.
    private(set) var takers: [Int32] = []
    /// For each taker the members that are out whenever it is, by their places in the group. Empty if `isPlain`.
    private(set) var takes: [[Int32]] = []
    /// Each taker takes one member, and no two take the same.
    private(set) var isPlain = true

    init(_ group: PlannedGroup, _ targets: TargetIndex, _ outages: Outages, _ carriers: CarrierIndex) {
        guard !carriers.isEmpty else {
            takers = group.members.compactMap { member in
                guard let target = targets.place(of: member), outages.has(target) else { return nil }
                return Int32(truncatingIfNeeded: target)
            }
            return
        }
        var places: [Int32: Int] = [:]
        for (place, member) in group.members.enumerated() {
            var taking = carriers.carriers(of: member)
            if let own = targets.place(of: member), outages.has(own) { taking.append(Int32(truncatingIfNeeded: own)) }
            if taking.count > 1 { isPlain = false }
            for taker in taking {
                if let known = places[taker] {
                    isPlain = false
                    takes[known].append(Int32(truncatingIfNeeded: place))
                } else {
                    places[taker] = takers.count
                    takers.append(taker)
                    takes.append([Int32(truncatingIfNeeded: place)])
                }
            }
        }
        if isPlain { takes = [] }
    }

    var count: Int { takers.count }

    func weight(_ taker: Int) -> Int { isPlain ? 1 : takes[taker].count }

    /// How many members are out when these takers are, each counted once.
    func weight(of takers: [Int32]) -> Int { isPlain ? takers.count : members(of: takers).count }

    func members(of takers: [Int32]) -> Set<Int32> {
        takers.reduce(into: []) { $0.formUnion(takes[Int($1)]) }
    }
}

/// For each resource that goes down with others: the targets that carry it and that the plan takes out.
struct CarrierIndex {
    private var places: [ResourceID: [Int32]] = [:]

    init(_ targets: TargetIndex, _ outages: Outages) {
        for (place, target) in targets.targets.enumerated() where !target.carries.isEmpty && outages.has(place) {
            for resource in target.carries { places[resource, default: []].append(Int32(truncatingIfNeeded: place)) }
        }
    }

    var isEmpty: Bool { places.isEmpty }

    /// Ascending.
    func carriers(of resource: ResourceID) -> [Int32] { places[resource] ?? [] }
}
