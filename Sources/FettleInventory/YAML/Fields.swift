/// One mapping being read: knows which keys there may be and tells the others.
struct Fields {
    let place: Place
    private let entries: [String: YAMLEntry]

    /// nil, after telling it, if the value is no mapping.
    init?(_ value: YAMLValue, of what: String, keys: [String], _ reading: Reading) {
        guard let mapping = value.mapping else {
            reading.problem(
                "\(what) must be a mapping, but it is \(value.kindInWords)", at: value.place,
                hint: "keys: \(keys.joined(separator: ", "))")
            return nil
        }
        var known: [String: YAMLEntry] = [:]
        for entry in mapping {
            if keys.contains(entry.key) {
                known[entry.key] = entry
            } else {
                reading.problem(
                    "unknown key \(entry.key.quoted) in \(what)", at: entry.keyPlace,
                    hint: Suggestion.hint(for: entry.key, in: keys, otherwise: "known keys"))
            }
        }
        place = value.place
        entries = known
    }

    /// The value of the key; nil if the key is not there.
    subscript(_ key: String) -> YAMLValue? { entries[key]?.value }

    func keyPlace(_ key: String) -> Place { entries[key]?.keyPlace ?? place }

    /// The value of a key that must be there.
    func required(_ key: String, of what: String, _ reading: Reading, hint: String? = nil) -> YAMLValue? {
        guard let value = self[key] else {
            reading.problem("\(what) has no '\(key)'", at: place, hint: hint)
            return nil
        }
        return value
    }
}
