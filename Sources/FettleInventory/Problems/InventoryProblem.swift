/// Something wrong, or doubtful, at one place of a file.
public struct InventoryProblem: Error, Sendable, Equatable, Encodable, CustomStringConvertible {
    /// The file as it was named to the reader, without control characters.
    public var file: String
    /// From 1.
    public var line: Int
    /// From 1, in Unicode scalars.
    public var column: Int
    /// What is wrong, without control characters.
    public var message: String
    /// What would be right; nil if nothing is known.
    public var hint: String?

    public init(file: String, line: Int, column: Int, message: String, hint: String? = nil) {
        self.file = file.shown(limit: 400)
        self.line = line
        self.column = column
        self.message = message.shown(limit: 1_000)
        self.hint = hint?.shown(limit: 1_000)
    }

    /// One line as compilers write it: `fleet.yaml:4:5: unknown key 'adress' in a resource; did you mean 'address'?`
    public var description: String {
        "\(file):\(line):\(column): \(message)" + (hint.map { "; \($0)" } ?? "")
    }
}

/// Everything that is wrong with the files of one reading, all told at once.
public struct InventoryErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// At most this many are kept: a person who gets more has one mistake, repeated.
    public static let limit = 500

    /// Sorted by file, line and column; never empty.
    public let problems: [InventoryProblem]
    /// How many more there were.
    public let omitted: Int

    public init(_ problems: [InventoryProblem]) {
        let sorted = problems.inFileOrder()
        self.problems = Array(sorted.prefix(Self.limit))
        self.omitted = max(0, sorted.count - Self.limit)
    }

    /// Those of two files, told together.
    public init(_ first: InventoryErrors, _ second: InventoryErrors) {
        let sorted = (first.problems + second.problems).inFileOrder()
        problems = Array(sorted.prefix(Self.limit))
        omitted = first.omitted + second.omitted + max(0, sorted.count - Self.limit)
    }

    /// One line for each problem, then how many there are.
    public var description: String {
        let total = problems.count + omitted
        var lines = problems.map(\.description)
        if omitted > 0 { lines.append("... and \(omitted) more") }
        lines.append(total == 1 ? "1 problem" : "\(total) problems")
        return lines.joined(separator: "\n")
    }
}

extension [InventoryProblem] {
    /// Sorted by place; what was told in the same place keeps its order.
    func inFileOrder() -> [InventoryProblem] {
        enumerated().sorted { left, right in
            (left.element.file, left.element.line, left.element.column, left.offset)
                < (right.element.file, right.element.line, right.element.column, right.offset)
        }.map(\.element)
    }
}

/// A place in a file, both from 1.
struct Place: Hashable, Sendable {
    var line: Int
    var column: Int

    static let start = Place(line: 1, column: 1)
}
