import FettleModel

/// Pass 4: the order of hosts made narrow enough that every group keeps its minimum (I1), by dependencies alone: the plan is
/// safe whoever carries it out, and however many steps that one takes at once.
///
/// A group with `maximumOut` m gets m lanes; its members are dealt to them in turn, and in a lane one goes after another, so that
/// at most one of each lane is out.
///
/// The relation is closed over chains: if a goes before b and b before c, then c names a itself. For a rollback takes only the
/// hosts that were begun, and a person may go on without a host that failed: whichever hosts drop out, what is left still waits
/// for each other as before. A mere chain would break at the first gap.
struct WaveLayout {
    /// In the order in which they are taken.
    let hosts: [HostWork]
    /// For each host, the places of all hosts that must be back before it is taken out. Closed over chains.
    private(set) var earlier: [PlaceSet]
    /// The other way round, for the way back.
    private(set) var later: [PlaceSet]
    /// From 0: the longest chain before a host.
    private(set) var waves: [Int]
    private(set) var bakes: [Bake]

    /// Watches a group's first members before the others go.
    struct Bake {
        var group: GroupWork
        /// Places of the canaries, ascending; never empty.
        var canaries: [Int]
        /// Places of those that wait for it.
        var waiting: Set<Int>
        var seconds: Int
    }

    init(_ order: HostOrder, groups: [GroupWork], parallelSteps: Int) {
        hosts = order.hosts
        earlier = order.earlier
        bakes = []
        later = Array(repeating: PlaceSet(count: order.hosts.count), count: order.hosts.count)
        waves = Array(repeating: 0, count: order.hosts.count)
        for group in groups { lay(group) }
        layUngrouped(lanes: parallelSteps)
        close()
    }

    private mutating func lay(_ group: GroupWork) {
        let members = hosts.indices.filter { place in hosts[place].groups.contains { $0.id == group.group.id } }
        let canaries = Array(members.prefix(group.canaries))
        let others = Array(members.dropFirst(group.canaries))
        deal(canaries, lanes: group.maximumOut)
        deal(others, lanes: group.maximumOut)
        guard !canaries.isEmpty else { return }
        for place in others {
            for canary in canaries { earlier[place].insert(canary) }
        }
        if let seconds = group.bakeSeconds, !others.isEmpty {
            bakes.append(Bake(group: group, canaries: canaries, waiting: Set(others), seconds: seconds))
        }
    }

    /// Hosts in no group keep no minimum; but there is no use in having more of them out than can be worked on at once.
    private mutating func layUngrouped(lanes: Int) {
        deal(hosts.indices.filter { hosts[$0].groups.isEmpty }, lanes: lanes)
    }

    private mutating func deal(_ places: [Int], lanes: Int) {
        let lanes = max(1, lanes)
        for (turn, place) in places.enumerated() {
            for before in stride(from: turn - lanes, through: 0, by: -lanes) { earlier[place].insert(places[before]) }
        }
    }

    private mutating func close() {
        for place in hosts.indices {
            for before in earlier[place] {
                waves[place] = max(waves[place], waves[before] + 1)
                earlier[place].formUnion(earlier[before])
            }
            for before in earlier[place] { later[before].insert(place) }
        }
    }
}
