/// Elements of a series that may be too long to be kept: the first, the newest, and evenly taken ones between them; so that the
/// end counts as much as the beginning.
///
/// When there are more than may be kept, every second is dropped, and of those that come after only every second is kept (and so
/// on). Series that are noted at the same moments keep the same moments.
struct Thinned<Element: Sendable>: Sendable {
    private struct Entry: Sendable {
        var number: Int
        var isAlwaysKept: Bool
        var element: Element
    }

    private let limit: Int
    private var entries: [Entry] = []
    /// Of so many one is kept.
    private var stride = 1
    private var count = 0

    /// - Parameter limit: how many are kept, beside those that always are; at least 2.
    init(limit: Int) { self.limit = max(2, limit) }

    /// In their order.
    var elements: [Element] { entries.map(\.element) }

    /// - Parameter always: it is never dropped. The caller bounds how many those are.
    mutating func append(_ element: Element, always: Bool = false) {
        // Kept so far because it was the newest.
        if let last = entries.last, !isKept(last) { entries.removeLast() }
        entries.append(Entry(number: count, isAlwaysKept: always, element: element))
        count += 1
        guard entries.count > limit else { return }
        while entries.count(where: { $0.number % stride == 0 }) > limit {
            stride *= 2
        }
        entries = entries.enumerated().filter { isKept($1) || $0 == entries.count - 1 }.map(\.element)
    }

    private func isKept(_ entry: Entry) -> Bool { entry.isAlwaysKept || entry.number % stride == 0 }
}
