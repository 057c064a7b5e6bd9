/// A table of TOML. A class, because headers may come back to a table that is already there.
final class TOMLTable {
    private(set) var values: [String: TOMLValue] = [:]
    /// Written as `{ ... }` or by a header already: neither may be extended or opened again.
    var isClosed = false

    func has(_ key: String) -> Bool { values[key] != nil }

    func string(_ key: String) -> String? {
        if case .string(let text) = values[key] { return text }
        return nil
    }

    func table(_ key: String) -> TOMLTable? {
        if case .table(let table) = values[key] { return table }
        return nil
    }

    /// The tables of `[[key]]`; empty where there are none.
    func tables(_ key: String) -> [TOMLTable] {
        switch values[key] {
        case .tables(let list): return list.tables
        case .array(let values):
            return values.compactMap { value in
                if case .table(let table) = value { return table }
                return nil
            }
        default: return []
        }
    }

    func isTrue(_ key: String) -> Bool {
        if case .bare(let text) = values[key] { return text == "true" }
        return false
    }

    /// False where the key is taken.
    func insert(_ value: TOMLValue, _ key: String) -> Bool {
        guard values[key] == nil else { return false }
        values[key] = value
        return true
    }
}

/// The tables of `[[name]]`, which grow while the document is read.
final class TOMLTableList {
    var tables: [TOMLTable] = []
}

/// A value of TOML. Numbers, dates and truth values stay as they are written: lock files need none of them.
enum TOMLValue {
    case string(String)
    case bare(String)
    case array([TOMLValue])
    case table(TOMLTable)
    case tables(TOMLTableList)
}
