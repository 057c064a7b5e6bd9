/// Places from 0 on, of which the least is taken out again and again: a tree of bits, each of which says whether there is anything among
/// 64 below it. Insertion and removal take as many steps as the number of places has digits to the base 64.
struct PlaceSet {
    /// Level by level, the places themselves first.
    private var words: [UInt64]
    private let starts: [Int]

    /// - Parameter count: all places are below it.
    init(count: Int) {
        var starts: [Int] = []
        var total = 0
        var width = max(1, count)
        repeat {
            width = (width + 63) / 64
            starts.append(total)
            total += width
        } while width > 1
        self.starts = starts
        words = [UInt64](repeating: 0, count: total)
    }

    mutating func insert(_ place: Int) {
        var place = place
        for start in starts {
            let word = start + place / 64
            let wasEmpty = words[word] == 0
            words[word] |= 1 << UInt64(place % 64)
            guard wasEmpty else { return }
            place /= 64
        }
    }

    mutating func removeFirst() -> Int? {
        guard let top = starts.last, words[top] != 0 else { return nil }
        var place = 0
        for start in starts.reversed() { place = place * 64 + words[start + place].trailingZeroBitCount }
        var rest = place
        for start in starts {
            let word = start + rest / 64
            words[word] &= ~(1 << UInt64(rest % 64))
            guard words[word] == 0 else { break }
            rest /= 64
        }
        return place
    }
}
