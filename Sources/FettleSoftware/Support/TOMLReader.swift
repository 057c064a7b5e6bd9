import Foundation

/// Reads [TOML 1.0](https://toml.io/en/v1.0.0), strictly, with bounds on depth and on dots in a key.
///
/// TOMLKit 0.6 would do, but it ends the process on a key of 200,000 dots.
struct TOMLReader {
    static let maximumDepth = 32

    var scanner: TOMLScanner
    private let root = TOMLTable()

    static func read(_ data: Data) throws(Refusal) -> TOMLTable {
        guard let text = String(validating: data, as: UTF8.self) else { throw Refusal("this TOML is not in UTF-8") }
        var reader = TOMLReader(scanner: TOMLScanner(text))
        return try reader.document()
    }

    private init(scanner: TOMLScanner) {
        self.scanner = scanner
    }

    private mutating func document() throws(Refusal) -> TOMLTable {
        var current = root
        while true {
            scanner.skipEmptyLines()
            guard let byte = scanner.peek else { return root }
            if byte == UInt8(ascii: "[") {
                current = try header()
            } else {
                try pair(into: current, depth: 0)
            }
            try scanner.endOfLine()
        }
    }

    /// `[a.b]` or `[[a.b]]`.
    private mutating func header() throws(Refusal) -> TOMLTable {
        scanner.advance()
        let isList = scanner.take("[")
        let keys = try key()
        try scanner.expect("]")
        if isList { try scanner.expectNow("]") }
        var table = root
        for name in keys.dropLast() { table = try open(name, in: table) }
        guard let last = keys.last else { throw scanner.refusal("a key is missing") }
        return isList ? try appendTable(last, in: table) : try defineTable(last, in: table)
    }

    private func appendTable(_ name: String, in table: TOMLTable) throws(Refusal) -> TOMLTable {
        let new = TOMLTable()
        switch table.values[name] {
        case .tables(let list): list.tables.append(new)
        case nil:
            let list = TOMLTableList()
            list.tables.append(new)
            _ = table.insert(.tables(list), name)
        default: throw scanner.refusal("`\(ListCollector.shown(name))` is given twice, and not as a list of tables")
        }
        return new
    }

    private func defineTable(_ name: String, in table: TOMLTable) throws(Refusal) -> TOMLTable {
        if case .table(let existing) = table.values[name], !existing.isClosed {
            existing.isClosed = true
            return existing
        }
        let new = TOMLTable()
        new.isClosed = true
        guard table.insert(.table(new), name) else {
            throw scanner.refusal("`\(ListCollector.shown(name))` is given twice")
        }
        return new
    }

    /// The table of this name, or the last of a list of tables; made where it isn't there.
    private func open(_ name: String, in table: TOMLTable) throws(Refusal) -> TOMLTable {
        switch table.values[name] {
        case .table(let existing): return existing
        case .tables(let list):
            guard let last = list.tables.last else { break }
            return last
        case nil:
            let new = TOMLTable()
            _ = table.insert(.table(new), name)
            return new
        default: break
        }
        throw scanner.refusal("`\(ListCollector.shown(name))` is given twice, once as no table")
    }

    /// `a.b = value`.
    private mutating func pair(into table: TOMLTable, depth: Int) throws(Refusal) {
        let keys = try key()
        try scanner.expect("=")
        scanner.skipBlanks()
        let value = try value(depth: depth)
        var table = table
        for name in keys.dropLast() { table = try open(name, in: table) }
        guard let last = keys.last, table.insert(value, last) else {
            throw scanner.refusal("`\(ListCollector.shown(keys.last ?? ""))` is given twice")
        }
    }

    /// A key of one or more parts between dots.
    private mutating func key() throws(Refusal) -> [String] {
        var keys: [String] = []
        repeat {
            scanner.skipBlanks()
            guard keys.count < Self.maximumDepth else {
                throw scanner.refusal("a key of more than \(Self.maximumDepth) parts")
            }
            keys.append(try scanner.keyPart())
            scanner.skipBlanks()
        } while scanner.take(".")
        return keys
    }

    private mutating func value(depth: Int) throws(Refusal) -> TOMLValue {
        guard depth < Self.maximumDepth else {
            throw scanner.refusal("nested deeper than \(Self.maximumDepth) levels")
        }
        switch scanner.peek {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try scanner.string())
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "{"): return try inlineTable(depth: depth)
        default: return .bare(try scanner.bareValue())
        }
    }

    private mutating func array(depth: Int) throws(Refusal) -> TOMLValue {
        scanner.advance()
        var values: [TOMLValue] = []
        while true {
            scanner.skipEmptyLines()
            if scanner.take("]") { return .array(values) }
            values.append(try value(depth: depth + 1))
            scanner.skipEmptyLines()
            if scanner.take(",") { continue }
            try scanner.expectNow("]")
            return .array(values)
        }
    }

    private mutating func inlineTable(depth: Int) throws(Refusal) -> TOMLValue {
        scanner.advance()
        let table = TOMLTable()
        defer { table.isClosed = true }
        scanner.skipBlanks()
        if scanner.take("}") { return .table(table) }
        while true {
            try pair(into: table, depth: depth + 1)
            scanner.skipBlanks()
            if scanner.take(",") { continue }
            try scanner.expectNow("}")
            return .table(table)
        }
    }
}
