import FettleModel

/// What is still to happen, by its time; of two at the same time the one that was put in first comes first. A heap: both ways take
/// logarithmic time.
struct EventQueue<Item: Sendable>: Sendable {
    /// What is moved about in the heap. Items are large, and stay where they are.
    private struct Entry: Sendable {
        var at: Timestamp
        var order: Int
        /// Where the item is.
        var slot: Int32

        func comesBefore(_ other: Entry) -> Bool {
            at == other.at ? order < other.order : at < other.at
        }
    }

    private var entries: [Entry] = []
    private var items: [Item?] = []
    private var freeSlots: [Int32] = []
    private var order: Int = 0

    var nextTime: Timestamp? { entries.first?.at }

    mutating func insert(_ item: consuming Item, at time: Timestamp) {
        order += 1
        entries.append(Entry(at: time, order: order, slot: keep(item)))
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
        if !entries.isEmpty {
            entries[0] = last
            sink()
        }
        guard let item = items[Int(first.slot)].take() else { return nil }
        freeSlots.append(first.slot)
        return (first.at, item)
    }

    private mutating func keep(_ item: consuming Item) -> Int32 {
        if let slot = freeSlots.popLast() {
            items[Int(slot)] = item
            return slot
        }
        items.append(item)
        return Int32(truncatingIfNeeded: items.count - 1)
    }

    /// The first entry to where it belongs.
    private mutating func sink() {
        var parent = 0
        while true {
            var next = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < entries.count {
                if entries[child].comesBefore(entries[next]) { next = child }
            }
            guard next != parent else { return }
            entries.swapAt(parent, next)
            parent = next
        }
    }
}
