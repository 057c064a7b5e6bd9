import FettleModel

/// What is still to happen, by its time; of two at the same time the one that was put in first comes first. A heap: both ways take
/// logarithmic time.
struct EventQueue<Item: Sendable>: Sendable {
    private struct Entry: Sendable {
        var at: Timestamp
        var order: Int
        var item: Item

        func comesBefore(_ other: Entry) -> Bool { (at, order) < (other.at, other.order) }
    }

    private var entries: [Entry] = []
    private var order = 0

    var nextTime: Timestamp? { entries.first?.at }

    mutating func insert(_ item: Item, at time: Timestamp) {
        order += 1
        entries.append(Entry(at: time, order: order, item: item))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].comesBefore(entries[parent]) else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> (at: Timestamp, item: Item)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        guard !entries.isEmpty else { return (first.at, first.item) }
        entries[0] = last
        var parent = 0
        while true {
            var next = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
                if entries[child].comesBefore(entries[next]) { next = child }
            }
            guard next != parent else { return (first.at, first.item) }
            entries.swapAt(parent, next)
            parent = next
        }
    }
}
