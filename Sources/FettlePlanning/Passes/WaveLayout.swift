import FettleModel

/// Pass 5: who is in which wave.
struct WaveLayout: Sendable {
    /// In the order in which they are taken.
    let hosts: [HostWork]
    let orders: [OrderPass.PlacedOrder]
    /// From 0: the longest chain of turns before a host, on the way forward and on the way back.
    let waves: [Int]
    let wavesBack: [Int]

    init(_ line: HostOrder, _ orders: [OrderPass.PlacedOrder]) {
        hosts = line.hosts
        self.orders = orders
        waves = Self.settled(Self.waves(Array(line.hosts.indices), orders), line.hosts)
        let back = line.hosts.indices.reversed()
        wavesBack = Self.waves(
            back.filter { !line.hosts[$0].isOwn } + line.hosts.indices.filter { line.hosts[$0].isOwn },
            orders.map { order in
                var order = order
                if order.wayBack == .reversed { order.turns.reverse() }
                return order
            })
    }

    /// Who is not taken out itself is in the wave of whoever moves it, or in one behind its whole group.
    private static func settled(_ waves: [Int], _ hosts: [HostWork]) -> [Int] {
        guard hosts.contains(where: { !$0.isTakenOut }) else { return waves }
        let places = Dictionary(hosts.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { a, _ in a })
        var last: [GroupID: Int] = [:]
        for (place, host) in hosts.enumerated() where host.isTakenOut {
            for group in host.groups { last[group.id] = max(last[group.id] ?? 0, waves[place]) }
        }
        return hosts.indices.map { place in
            switch hosts[place].role {
            case .passenger(let controller, _): places[controller].map { waves[$0] } ?? 0
            case .retired: (hosts[place].groups.compactMap { last[$0.id] }.max() ?? -1) + 1
            case .patched, .replaced, .snapshotted, .controller: waves[place]
            }
        }
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
}
