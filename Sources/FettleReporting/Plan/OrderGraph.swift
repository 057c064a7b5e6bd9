import FettleModel

/// The order of a plan as a graph that can be drawn: a node for each resource, or for each group or several where there are many.
struct OrderGraph {
    /// Up to so many nodes can be told apart on a page.
    static let nodeLimit = 200
    private static let columnLimit = 60

    struct Node {
        var name: String
        var resources: Int
        var groups: [String]
        var band: Int
        var column: Int
        /// Within its band.
        var row = 0
    }

    /// Everyone of `to` waits for everyone of `from`.
    struct Link: Equatable {
        var from: [Int]
        var to: [Int]
    }

    private(set) var nodes: [Node] = []
    private(set) var links: [Link] = []
    private(set) var bands: [Band] = []
    /// One for each environment.
    private(set) var blocks: [Block] = []
    let isFolded: Bool

    struct Band {
        var name: String
        var block: Int
        /// How many nodes stand above each other at most.
        var height = 1
    }

    /// What is drawn for itself, beginning at the left: an environment begins mostly when others have ended, and its columns
    /// would stand where nobody looks.
    struct Block {
        var name: String
        var firstColumn = Int.max
        var lastColumn = 0
        /// Blocks that must be finished as a whole before anyone here begins.
        var after: [Int] = []
        var columns: Int { max(0, lastColumn - firstColumn + 1) }
    }

    func column(_ node: Node) -> Int { node.column - blocks[bands[node.band].block].firstColumn }

    init(_ plan: Plan, _ rows: PlanRows) {
        let all = rows.all
        // Environments from above as they follow each other.
        let present = Set(rows.groups.compactMap(\.environments.first))
        blocks = plan.environments.filter(present.contains).map { Block(name: $0.rawValue) }
        var places: [ResourceID: Int] = [:]
        for (place, row) in all.enumerated() { places[row.resource] = place }
        let orders = plan.order.map { order in
            order.turns.map { turn in Set(turn.compactMap { places[$0] }).sorted() }.filter { !$0.isEmpty }
        }.filter { $0.count > 1 }
        let alone = all.count <= Self.nodeLimit ? TurnDepth.of(Array(all.indices), orders) : []
        isFolded = alone.isEmpty || (alone.max() ?? 0) >= Self.columnLimit
        let classes: [Int]
        if isFolded {
            classes = fold(rows, orders)
        } else {
            classes = Array(all.indices)
            for group in rows.groups { bands.append(Band(name: group.name, block: block(of: group))) }
            for (band, group) in rows.groups.enumerated() {
                for row in group.rows {
                    nodes.append(
                        Node(
                            name: row.resource.rawValue, resources: 1, groups: [group.name], band: band,
                            column: alone[nodes.count]))
                }
            }
        }
        for node in nodes {
            let block = bands[node.band].block
            blocks[block].firstColumn = min(blocks[block].firstColumn, node.column)
            blocks[block].lastColumn = max(blocks[block].lastColumn, node.column)
        }
        var pairs = Self.reduced(Self.pairs(orders, classes, nodes), count: nodes.count)
        findWholeBlocks(&pairs)
        links = Self.bundled(pairs, nodes)
        place(pairs)
    }

    private mutating func block(of group: RowGroup) -> Int {
        let name = group.environments.first?.rawValue ?? ""
        if let known = blocks.firstIndex(where: { $0.name == name }) { return known }
        blocks.append(Block(name: name))
        return blocks.count - 1
    }

    /// Where everyone of a block waits for everyone of another, it is said in words and not drawn.
    private mutating func findWholeBlocks(_ next: inout [Set<Int>]) {
        let block = nodes.map { bands[$0.band].block }
        var begins = Set(nodes.indices)
        for (from, targets) in next.enumerated() { begins.subtract(targets.filter { block[$0] == block[from] }) }
        let firsts = Dictionary(grouping: begins) { block[$0] }.mapValues { Set($0) }
        let lasts = Dictionary(
            grouping: nodes.indices.filter { from in !next[from].contains { block[$0] == block[from] } }
        ) { block[$0] }
        for later in blocks.indices {
            for earlier in blocks.indices where earlier != later {
                guard let first = firsts[later], let last = lasts[earlier],
                    last.allSatisfy({ next[$0].isSuperset(of: first) })
                else { continue }
                blocks[later].after.append(earlier)
                for from in nodes.indices where block[from] == earlier {
                    next[from] = next[from].filter { block[$0] != later }
                }
            }
        }
    }

    /// Makes nodes of groups; of several groups that stand equally far from the beginning where there are too many.
    /// - Returns: by place of a resource, its node.
    private mutating func fold(_ rows: PlanRows, _ orders: [[[Int]]]) -> [Int] {
        let group = rows.groups.enumerated().flatMap { index, group in group.rows.map { _ in index } }
        let depth = TurnDepth.of(group, orders)
        var columns = [Int](repeating: .max, count: rows.groups.count)
        for (place, index) in group.enumerated() { columns[index] = min(columns[index], depth[place]) }
        for group in rows.groups { _ = block(of: group) }
        bands = blocks.indices.map { Band(name: blocks[$0].name, block: $0) }
        let keepsGroups = rows.groups.count <= Self.nodeLimit
        let stride = keepsGroups ? 1 : ((columns.max() ?? 0) + Self.columnLimit) / Self.columnLimit
        var known: [[Int]: Int] = [:]
        var nodeOf: [Int] = []
        for (index, lot) in rows.groups.enumerated() {
            let band = block(of: lot)
            let column = columns[index] / stride
            let key = keepsGroups ? [index] : [band, column]
            let node = known[key] ?? nodes.count
            if known[key] == nil {
                known[key] = node
                nodes.append(Node(name: lot.name, resources: 0, groups: [], band: band, column: column))
            }
            nodes[node].resources += lot.rows.count
            nodes[node].groups.append(lot.name)
            nodeOf.append(node)
        }
        return group.map { nodeOf[$0] }
    }

    /// Which node waits for which, as far as it stands further right: groups that share members may wait for each other.
    private static func pairs(_ orders: [[[Int]]], _ classes: [Int], _ nodes: [Node]) -> [Set<Int>] {
        var next = [Set<Int>](repeating: [], count: nodes.count)
        for turns in orders {
            var earlier: Set<Int> = []
            for turn in turns {
                let now = Set(turn.map { classes[$0] })
                for from in earlier where now != earlier {
                    for to in now where nodes[from].column < nodes[to].column { next[from].insert(to) }
                }
                earlier = now
            }
        }
        return next
    }

    /// Without what follows from the rest: all go to the right, so that there is no circle.
    private static func reduced(_ next: [Set<Int>], count: Int) -> [Set<Int>] {
        var reach: [Set<Int>?] = Array(repeating: nil, count: count)
        func reached(_ node: Int) -> Set<Int> {
            if let known = reach[node] { return known }
            let result = next[node].reduce(into: next[node]) { $0.formUnion(reached($1)) }
            reach[node] = result
            return result
        }
        return next.map { targets in targets.filter { to in !targets.contains { $0 != to && reached($0).contains(to) } }
        }
    }

    /// Nodes for which the same ones wait are told together: their lines meet.
    private static func bundled(_ next: [Set<Int>], _ nodes: [Node]) -> [Link] {
        let lots = Dictionary(grouping: next.indices.filter { !next[$0].isEmpty }) { next[$0].sorted() }
        return lots.sorted { $0.value[0] < $1.value[0] }.flatMap { targets, sources -> [Link] in
            let first = targets.map { nodes[$0].column }.min() ?? 0
            // A meeting point needs all of the one before all of the other.
            let meets = sources.filter { nodes[$0].column < first }
            let others = sources.filter { nodes[$0].column >= first }
            return (meets.isEmpty ? [] : [Link(from: meets, to: targets)])
                + others.map { Link(from: [$0], to: targets) }
        }
    }

    /// Each node beside the one that it waits for, where that place is free.
    private mutating func place(_ next: [Set<Int>]) {
        var wish = [Int](repeating: .max, count: nodes.count)
        var taken: Set<[Int]> = []
        let inColumn = Dictionary(grouping: nodes.indices) { nodes[$0].column }
        for column in inColumn.keys.sorted() {
            for node in (inColumn[column] ?? []).sorted(by: { (wish[$0], $0) < (wish[$1], $1) }) {
                let band = nodes[node].band
                var row = wish[node] == .max ? 0 : wish[node]
                if taken.contains([band, column, row]) { row = 0 }
                while taken.contains([band, column, row]) { row += 1 }
                taken.insert([band, column, row])
                nodes[node].row = row
                bands[band].height = max(bands[band].height, row + 1)
                for to in next[node] where nodes[to].band == band { wish[to] = min(wish[to], row) }
            }
        }
    }
}
