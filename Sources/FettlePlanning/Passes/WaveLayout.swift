import FettleModel

/// Pass 5: who is in which wave, and what is watched before others go.
struct WaveLayout: Sendable {
    /// In the order in which they are taken.
    let hosts: [HostWork]
    let orders: [OrderPass.PlacedOrder]
    /// From 0: the longest chain of turns before a host, on the way forward and on the way back.
    let waves: [Int]
    let wavesBack: [Int]
    let bakes: [Bake]
    /// For each host, the places in `bakes` of those that it waits for.
    let awaited: [[Int]]

    /// Watches some of a group's members before the others go.
    struct Bake: Sendable {
        var group: GroupWork
        /// Counted from 0: a group that is changed side by side has a bake behind each side but the last.
        var number: Int
        /// Places of the canaries, ascending; never empty.
        var canaries: [Int]
        var seconds: Int
    }

    init(_ line: HostOrder, _ orders: [OrderPass.PlacedOrder], groups: [GroupWork]) {
        hosts = line.hosts
        self.orders = orders
        waves = Self.waves(Array(line.hosts.indices), orders)
        let back = line.hosts.indices.reversed()
        wavesBack = Self.waves(
            back.filter { !line.hosts[$0].isOwn } + line.hosts.indices.filter { line.hosts[$0].isOwn },
            orders.map { order in
                var order = order
                if order.wayBack == .reversed { order.turns.reverse() }
                return order
            })
        (bakes, awaited) = Self.bakes(line.hosts, groups)
    }

    /// - Parameter line: every host stands behind all that have their turn before it.
    private static func waves(_ line: [Int], _ orders: [OrderPass.PlacedOrder]) -> [Int] {
        var turns = [[(order: Int, turn: Int)]](repeating: [], count: line.count)
        for (order, placed) in orders.enumerated() {
            for (turn, places) in placed.turns.enumerated() {
                for place in places { turns[place].append((order, turn)) }
            }
        }
        /// The first wave that is free for whoever has the current turn, and for whoever comes behind it.
        var open = [(turn: Int, wave: Int, next: Int)](repeating: (0, 0, 0), count: orders.count)
        var waves = [Int](repeating: 0, count: line.count)
        for place in line {
            for (order, turn) in turns[place] {
                if turn > open[order].turn { open[order] = (turn, open[order].next, open[order].next) }
                waves[place] = max(waves[place], open[order].wave)
            }
            for (order, _) in turns[place] { open[order].next = max(open[order].next, waves[place] + 1) }
        }
        return waves
    }

    private static func bakes(_ hosts: [HostWork], _ groups: [GroupWork]) -> ([Bake], [[Int]]) {
        var members: [GroupID: [Int]] = [:]
        for (place, host) in hosts.enumerated() {
            for group in host.groups { members[group.id, default: []].append(place) }
        }
        var bakes: [Bake] = []
        var awaited = [[Int]](repeating: [], count: hosts.count)
        for group in groups {
            let places = members[group.group.id] ?? []
            guard let seconds = group.bakeSeconds else { continue }
            for (number, watched) in watched(places, hosts, group).enumerated() {
                let last = watched.last ?? 0
                for place in places where place > last { awaited[place].append(bakes.count) }
                bakes.append(Bake(group: group, number: number, canaries: watched, seconds: seconds))
            }
        }
        return (bakes, awaited)
    }

    /// Places of those that others wait to see watched, set by set.
    private static func watched(_ places: [Int], _ hosts: [HostWork], _ group: GroupWork) -> [[Int]] {
        guard let sides = group.sides else {
            return group.canaries > 0 && group.canaries < places.count ? [Array(places.prefix(group.canaries))] : []
        }
        let side = Dictionary(
            sides.enumerated().flatMap { number, side in side.map { ($0, number) } },
            uniquingKeysWith: { first, _ in first })
        return sides.indices.dropLast().map { number in places.filter { side[hosts[$0].id] == number } }
            .filter { !$0.isEmpty }
    }
}
