import FettleModel

/// The steps of one resource on one way, and which of them comes before which. Steps are named by their place in the chain.
struct Chain {
    let table: StepTable
    let positions: ArraySlice<Int32>
    /// For each step all those of the chain that are observed done before it starts.
    private(set) var before: [LinkSet]
    private(set) var taking = LinkSet()
    private(set) var inside = LinkSet()
    private(set) var bringing = LinkSet()
    private(set) var changing = LinkSet()
    private(set) var proving = LinkSet()
    /// Those of the outage in which a control is restarted, before that of its change.
    private(set) var control = LinkSet()
    private(set) var traits: StepTraits = []

    init(_ table: StepTable, of target: Int) {
        self.table = table
        positions = table.chain(of: target)
        before = []
        before.reserveCapacity(positions.count)
        for (link, position) in positions.enumerated() {
            let own = table.traits[Int(position)]
            traits.formUnion(own)
            if own.contains(.takesOut) { taking.insert(link) }
            if own.contains(.requiresOut) { inside.insert(link) }
            if own.contains(.bringsBack) { bringing.insert(link) }
            if own.contains(.changes) { changing.insert(link) }
            if own.contains(.proves) { proving.insert(link) }
            if own.contains(.isOfControl) { control.insert(link) }
            var row = LinkSet()
            for earlier in table.waits(of: Int(position)) where table.target(Int(earlier)) == target {
                let other = Int(table.links[Int(earlier)])
                row.insert(other)
                row.formUnion(before[other])
            }
            before.append(row)
        }
    }

    var count: Int { positions.count }

    func precedes(_ earlier: Int, _ later: Int) -> Bool { before[later].contains(earlier) }
    func position(_ link: Int) -> Int { Int(positions[positions.startIndex + link]) }
    func action(_ link: Int) -> StepAction { table.steps[position(link)].action }
    func compensated(by link: Int) -> StepID? { table.steps[position(link)].compensates }
    func id(_ link: Int) -> StepID { table.id(position(link)) }
    func ids(_ links: LinkSet) -> [StepID] { links.members.map(id) }

    /// All of them.
    var all: LinkSet {
        var result = LinkSet()
        for link in 0..<count { result.insert(link) }
        return result
    }

    func links(with traits: StepTraits) -> [Int] {
        (0..<count).filter { table.traits[position($0)].isSuperset(of: traits) }
    }
}

/// Some of the steps of a chain: a bit for each of the 256 that it can have.
struct LinkSet: Equatable {
    private var words = SIMD4<UInt64>()

    var isEmpty: Bool { words == SIMD4() }

    /// Ascending.
    var members: [Int] { (0..<StepTable.longestChain).filter(contains) }

    func contains(_ link: Int) -> Bool { words[link / 64] & (1 << UInt64(link % 64)) != 0 }
    mutating func insert(_ link: Int) { words[link / 64] |= 1 << UInt64(link % 64) }
    mutating func formUnion(_ other: LinkSet) { words |= other.words }

    func union(_ other: LinkSet) -> LinkSet {
        var result = self
        result.words |= other.words
        return result
    }

    func subtracting(_ other: LinkSet) -> LinkSet {
        var result = self
        result.words &= ~other.words
        return result
    }

    func intersection(_ other: LinkSet) -> LinkSet {
        var result = self
        result.words &= other.words
        return result
    }

    func isSubset(of other: LinkSet) -> Bool { words & ~other.words == SIMD4() }

    func removing(_ link: Int) -> LinkSet {
        var result = self
        result.words[link / 64] &= ~(1 << UInt64(link % 64))
        return result
    }
}
