import FettleModel

/// The largest outage of a group that can be: takers of which no two are kept apart by an order, who take as many members as
/// possible. Branch and bound over bits, bounded by a colouring (Tomita and Seki 2003; San Segundo et al. 2011,
/// https://doi.org/10.1016/j.cor.2010.07.019): of takers that are all kept apart from each other, one at most is out.
struct OutageSearch {
    private let load: GroupLoad
    private let words: Int
    private let memberWords: Int
    /// For each taker, who may be out together with it.
    private var together: [UInt64]
    /// For each taker, the members that it takes; empty if each takes one of its own.
    private var taken: [UInt64] = []
    /// More cannot be out.
    private let upper: Int
    private var wordsLeft: Int
    private(set) var wordsSeen = 0
    private(set) var most: Int
    private(set) var who: [Int32]

    /// Rows of bits grow with the square.
    static let mostTakers = 1_024

    /// - Parameters:
    ///   - known: an outage that can be.
    ///   - words: of 64 bits, to be looked at; after that the search ends undecided.
    init(
        _ load: GroupLoad, members: Int, _ turns: TurnIndex, known: TurnCover.Bound, upper: Int, words limit: Int
    ) {
        self.load = load
        self.upper = upper
        wordsLeft = limit
        most = known.most
        who = known.who
        let count = load.count
        words = (count + 63) / 64
        memberWords = load.isPlain ? 0 : (members + 63) / 64
        together = [UInt64](repeating: 0, count: count * words)
        for one in 0..<count {
            for other in 0..<one where !turns.keepsApart(Int(load.takers[one]), Int(load.takers[other])) {
                together[one * words + other / 64] |= 1 << UInt64(other % 64)
                together[other * words + one / 64] |= 1 << UInt64(one % 64)
            }
        }
        guard !load.isPlain else { return }
        taken = [UInt64](repeating: 0, count: count * memberWords)
        for taker in 0..<count {
            for member in load.takes[taker] {
                taken[taker * memberWords + Int(member) / 64] |= 1 << UInt64(member % 64)
            }
        }
    }

    /// - Returns: whether every outage was judged; if not, larger ones than `most` may be.
    mutating func run() -> Bool {
        var all = [UInt64](repeating: 0, count: words)
        for taker in 0..<load.count { all[taker / 64] |= 1 << UInt64(taker % 64) }
        var chosen: [Int32] = []
        expand(all, &chosen, [UInt64](repeating: 0, count: memberWords), value: 0)
        return wordsLeft > 0 || most >= upper
    }

    private mutating func spend(_ count: Int) -> Bool {
        wordsSeen += count
        wordsLeft -= count
        return wordsLeft > 0
    }

    private mutating func expand(_ candidates: [UInt64], _ chosen: inout [Int32], _ covered: [UInt64], value: Int) {
        if value > most {
            most = value
            who = chosen
        }
        let (order, bounds) = coloured(candidates, covered)
        var candidates = candidates
        for place in order.indices.reversed() {
            guard value + bounds[place] > most, most < upper, spend(words + memberWords) else { return }
            let taker = Int(order[place])
            var next = candidates
            for word in 0..<words { next[word] &= together[taker * words + word] }
            var union = covered
            for word in 0..<memberWords { union[word] |= taken[taker * memberWords + word] }
            chosen.append(order[place])
            expand(next, &chosen, union, value: value + gain(taker, covered))
            chosen.removeLast()
            candidates[taker / 64] &= ~(1 << UInt64(taker % 64))
        }
    }

    /// How many members more are out with the taker.
    private func gain(_ taker: Int, _ covered: [UInt64]) -> Int {
        guard memberWords > 0 else { return 1 }
        var count = 0
        for word in 0..<memberWords { count += (taken[taker * memberWords + word] & ~covered[word]).nonzeroBitCount }
        return count
    }

    /// The candidates colour by colour, and for each the most that it and all before it can add.
    private mutating func coloured(_ candidates: [UInt64], _ covered: [UInt64]) -> (order: [Int32], bounds: [Int]) {
        var order: [Int32] = []
        var bounds: [Int] = []
        var left = candidates
        var before = 0
        while left.contains(where: { $0 != 0 }) {
            var colour = left
            var largest = 0
            while let word = colour.firstIndex(where: { $0 != 0 }) {
                let taker = word * 64 + colour[word].trailingZeroBitCount
                left[word] &= ~(1 << UInt64(taker % 64))
                colour[word] &= ~(1 << UInt64(taker % 64))
                // One colour: nobody in it is out together with another one in it.
                for word in 0..<words { colour[word] &= ~together[taker * words + word] }
                largest = max(largest, gain(taker, covered))
                order.append(Int32(truncatingIfNeeded: taker))
                bounds.append(before + largest)
                guard spend(2 * words + memberWords) else { return ([], []) }
            }
            before += largest
        }
        return (order, bounds)
    }
}
