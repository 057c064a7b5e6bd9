internal import FettleModel

/// Checks `after` of groups: they exist, and nobody waits for himself.
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
        AfterCycles(reading: reading, what: "groups").tell(
            groups.map { declared in
                AfterCycles.Node(
                    id: declared.group.id.rawValue,
                    after: zip(declared.group.after.map(\.rawValue), declared.afterPlaces).map { ($0, $1) })
            })
    }
}
