internal import FettleModel

/// Checks `after`: the groups exist, and nobody waits for himself.
struct GroupOrder {
    let reading: Reading

    func check(_ groups: [DeclaredGroup]) {
        let ids = groups.map(\.group.id.rawValue).sorted()
        let known = Set(ids)
        for declared in groups {
            for (id, place) in zip(declared.group.after, declared.afterPlaces) where !known.contains(id.rawValue) {
                reading.problem(
                    "unknown group \(id.rawValue.quoted) in 'after'", at: place,
                    hint: Suggestion.hint(for: id.rawValue, in: ids, otherwise: "known groups"))
            }
        }
        tellCycles(groups)
    }

    /// Depth first, with a stack of its own: a chain of thousands of groups must not end the program.
    private func tellCycles(_ groups: [DeclaredGroup]) {
        let byID = Dictionary(groups.map { ($0.group.id, $0) }) { first, _ in first }
        var finished: Set<GroupID> = []
        for start in groups.map(\.group.id).sorted() where !finished.contains(start) {
            var path: [(id: GroupID, next: Int)] = [(start, 0)]
            var onPath: Set<GroupID> = [start]
            while let top = path.last {
                guard let declared = byID[top.id], top.next < declared.group.after.count else {
                    finished.insert(top.id)
                    onPath.remove(top.id)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let next = declared.group.after[top.next]
                if onPath.contains(next) {
                    let cycle = path.map(\.id).drop { $0 != next } + [next]
                    reading.problem(
                        "groups wait for each other: "
                            + cycle.map { $0.rawValue.shown() }.joined(separator: " after "),
                        at: declared.afterPlaces[top.next], hint: "remove one 'after' of them")
                } else if byID[next] != nil, !finished.contains(next) {
                    path.append((next, 0))
                    onPath.insert(next)
                }
            }
        }
    }
}
