/// Text with ranges in brackets that stands for several texts: `web-[01:10]`, `rack-[a:d]`, `node-[0:20:5]`
/// ([as in Ansible](https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#adding-ranges-of-hosts)).
/// Both ends are included; leading zeros of the first end set the width. Brackets that hold no range are themselves.
struct RangePattern {
    private var parts: [Part] = []

    static let maximumNames = 10_000

    private enum Part {
        case literal(String)
        case choices([String])
    }

    struct Problem: Error {
        var message: String
    }

    init(_ text: String) throws(Problem) {
        var rest = Substring(text)
        var literal = ""
        while let open = rest.firstIndex(of: "[") {
            guard let close = rest[open...].firstIndex(of: "]"),
                let choices = try Self.choices(rest[rest.index(after: open)..<close])
            else {
                literal += rest[...open]
                rest = rest[rest.index(after: open)...]
                continue
            }
            literal += rest[..<open]
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = ""
            parts.append(.choices(choices))
            rest = rest[rest.index(after: close)...]
        }
        literal += rest
        if !literal.isEmpty { parts.append(.literal(literal)) }
        var total = 1
        for case .choices(let choices) in parts {
            total *= choices.count
            guard total <= Self.maximumNames else {
                throw Problem(message: "\(text.quoted) stands for more than \(Self.maximumNames) names")
            }
        }
    }

    var hasRange: Bool { parts.contains { if case .choices = $0 { true } else { false } } }

    /// All that it stands for, the last range running fastest.
    var expanded: [String] {
        parts.reduce([""]) { names, part in
            switch part {
            case .literal(let text): names.map { $0 + text }
            case .choices(let choices): names.flatMap { name in choices.map { name + $0 } }
            }
        }
    }

    /// nil if it is no range.
    private static func choices(_ body: Substring) throws(Problem) -> [String]? {
        let fields = body.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 2 || fields.count == 3, fields.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 18 }) else {
            return nil
        }
        var step = 1
        if fields.count == 3 {
            guard fields[2].utf8.allSatisfy(YAMLScalar.isDigit), let given = Int(fields[2]) else { return nil }
            guard given > 0 else { throw Problem(message: "the step of the range [\(body)] is 0") }
            step = given
        }
        if fields[0].utf8.allSatisfy(YAMLScalar.isDigit), fields[1].utf8.allSatisfy(YAMLScalar.isDigit),
            let first = Int(fields[0]), let last = Int(fields[1])
        {
            return try numbers(first, last, step, width: fields[0].hasPrefix("0") ? fields[0].utf8.count : 0, body)
        }
        guard let first = letter(fields[0]), let last = letter(fields[1]),
            (first & 0x20) == (last & 0x20)
        else { return nil }
        guard first <= last else { throw Problem(message: "the range [\(body)] runs backwards") }
        return stride(from: Int(first), through: Int(last), by: step).compactMap { code in
            UInt8(exactly: code).map { String(Unicode.Scalar($0)) }
        }
    }

    private static func numbers(
        _ first: Int, _ last: Int, _ step: Int, width: Int, _ body: Substring
    ) throws(Problem) -> [String] {
        guard first <= last else { throw Problem(message: "the range [\(body)] runs backwards") }
        guard (last - first) / step < maximumNames else {
            throw Problem(message: "the range [\(body)] stands for more than \(maximumNames) names")
        }
        return stride(from: first, through: last, by: step).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
    }

    private static func letter(_ field: Substring) -> UInt8? {
        guard field.utf8.count == 1, let byte = field.utf8.first,
            (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        else { return nil }
        return byte
    }
}
