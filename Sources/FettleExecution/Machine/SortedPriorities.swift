/// Priorities of steps in their order, each once. Changed a few at a time.
struct SortedPriorities: Sendable, Equatable, RandomAccessCollection {
    private var elements: [Int] = []

    init() {}
    init(_ priorities: [Int]) { elements = priorities.sorted() }

    var startIndex: Int { 0 }
    var endIndex: Int { elements.count }
    subscript(position: Int) -> Int { elements[position] }

    mutating func replace(_ old: [Int], with new: [Int]) {
        for priority in old where !new.contains(priority) {
            let place = place(of: priority)
            if place < elements.count, elements[place] == priority { elements.remove(at: place) }
        }
        for priority in new where !old.contains(priority) { elements.insert(priority, at: place(of: priority)) }
    }

    func contains(_ priority: Int) -> Bool {
        let place = place(of: priority)
        return place < elements.count && elements[place] == priority
    }

    /// Where it is, or where it would be.
    private func place(of priority: Int) -> Int {
        var (low, high) = (0, elements.count)
        while low < high {
            let middle = (low + high) / 2
            if elements[middle] < priority { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
