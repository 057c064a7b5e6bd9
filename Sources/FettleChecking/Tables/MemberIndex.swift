import FettleModel

/// For each target the groups that have it as a member, by their places in the plan.
struct MemberIndex {
    private var starts: [Int32]
    private var groupPlaces: [Int32]

    init(_ groups: [PlannedGroup], _ targets: TargetIndex) {
        var pairs: [(target: Int32, group: Int32)] = []
        for (place, group) in groups.enumerated() {
            for member in group.members {
                guard let target = targets.place(of: member) else { continue }
                pairs.append((Int32(truncatingIfNeeded: target), Int32(truncatingIfNeeded: place)))
            }
        }
        starts = [Int32](repeating: 0, count: targets.count + 1)
        for pair in pairs { starts[Int(pair.target) + 1] += 1 }
        for target in 0..<targets.count { starts[target + 1] += starts[target] }
        var next = starts
        groupPlaces = [Int32](repeating: 0, count: pairs.count)
        for pair in pairs {
            groupPlaces[Int(next[Int(pair.target)])] = pair.group
            next[Int(pair.target)] += 1
        }
    }

    func groups(of target: Int) -> ArraySlice<Int32> { groupPlaces[Int(starts[target])..<Int(starts[target + 1])] }
}
