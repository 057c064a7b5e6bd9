/// Finds who waits for himself, in groups and in resources alike.
struct AfterCycles {
    let reading: Reading
    /// Such as `groups`.
    let what: String

    /// Who has written that many has one mistake, many times.
    private static let limit = 20

    struct Node {
        var id: String
        /// Whom it comes after, and where the file says so.
        var after: [(id: String, place: Place)]
    }

    /// Tells each cycle that it comes upon, with its path and the place of the `after` that closes it. Depth first, with a stack
    /// of its own: a chain of thousands must not end the program.
    func tell(_ nodes: [Node]) {
        let byID = Dictionary(nodes.map { ($0.id, $0.after) }) { first, _ in first }
        var told = 0
        var finished: Set<String> = []
        for start in nodes.map(\.id).sorted() where !finished.contains(start) {
            var path: [(id: String, next: Int)] = [(start, 0)]
            var onPath: Set<String> = [start]
            while let top = path.last {
                guard told < Self.limit else { return }
                guard let after = byID[top.id], top.next < after.count else {
                    finished.insert(top.id)
                    onPath.remove(top.id)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let next = after[top.next]
                if onPath.contains(next.id) {
                    tell(path.map(\.id).drop { $0 != next.id } + [next.id], at: next.place)
                    told += 1
                } else if byID[next.id] != nil, !finished.contains(next.id) {
                    path.append((next.id, 0))
                    onPath.insert(next.id)
                }
            }
        }
    }

    /// A long way round is told by its ends.
    private func tell(_ cycle: [String], at place: Place) {
        var words = cycle.map { $0.shown() }
        if words.count > 12 { words.replaceSubrange(6..<(words.count - 5), with: ["… (\(cycle.count - 11) more) …"]) }
        reading.problem(
            "\(what) wait for each other: " + words.joined(separator: " after "), at: place,
            hint: "remove one 'after' of them")
    }
}
