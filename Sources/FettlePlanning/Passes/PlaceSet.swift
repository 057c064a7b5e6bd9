/// A set of places in a line of known length, as bits: the order of hosts is closed over chains, which costs a pass over all
/// pairs, and this makes a pass over 64 of them one operation.
struct PlaceSet: Sequence, Equatable {
    private var words: [UInt64]

    /// Empty, for places from 0 up to `count`.
    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    mutating func insert(_ place: Int) { words[place / 64] |= 1 << UInt64(place % 64) }

    func contains(_ place: Int) -> Bool { words[place / 64] & (1 << UInt64(place % 64)) != 0 }

    mutating func formUnion(_ other: PlaceSet) {
        for word in words.indices { words[word] |= other.words[word] }
    }

    /// Ascending.
    func makeIterator() -> AnyIterator<Int> {
        var word = 0
        var rest = words.first ?? 0
        return AnyIterator {
            while rest == 0 {
                word += 1
                guard word < words.count else { return nil }
                rest = words[word]
            }
            defer { rest &= rest - 1 }
            return word * 64 + rest.trailingZeroBitCount
        }
    }
}
