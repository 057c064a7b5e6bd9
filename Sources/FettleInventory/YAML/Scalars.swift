internal import FettleModel

/// Reading of single values: each tells what is wrong and returns nil then.
extension Reading {
    /// Text of one line without control characters, at most `limit` bytes, not empty.
    func text(_ value: YAMLValue, _ name: String, limit: Int = 256) -> String? {
        guard let scalar = value.scalar, scalar.kind == .text else {
            let isScalar = value.scalar.map { $0.kind != .null } ?? false
            problem(
                "\(name) must be text, but it is \(value.kindInWords)", at: value.place,
                hint: isScalar ? "put it in quotes" : value.isNull ? "give a value, or leave the key out" : nil)
            return nil
        }
        guard !scalar.text.isEmpty else {
            problem("\(name) is empty", at: value.place, hint: "give a value, or leave the key out")
            return nil
        }
        guard scalar.text.utf8.count <= limit else {
            problem("\(name) is longer than \(limit) bytes", at: value.place)
            return nil
        }
        guard scalar.text.isPlainLine else {
            problem(
                "\(name) must be one line without control characters, but it is \(scalar.text.quoted)", at: value.place)
            return nil
        }
        return scalar.text
    }

    func integer(_ value: YAMLValue, _ name: String, in range: ClosedRange<Int>) -> Int? {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let scalar = value.scalar, scalar.kind == .integer, let number = Int(scalar.text) else {
            problem("\(name) must be \(expected), but it is \(value.kindInWords)", at: value.place)
            return nil
        }
        guard range.contains(number) else {
            problem("\(name) must be \(expected), but it is \(number)", at: value.place)
            return nil
        }
        return number
    }

    /// A number, with or without a fraction.
    func number(_ value: YAMLValue, _ name: String, in range: ClosedRange<Double>) -> Double? {
        let expected = "a number from \(range.lowerBound.plain) to \(range.upperBound.plain)"
        guard let scalar = value.scalar, scalar.kind == .integer || scalar.kind == .decimal,
            !scalar.text.lowercased().contains("x"), let number = Double(scalar.text), number.isFinite
        else {
            problem("\(name) must be \(expected), but it is \(value.kindInWords)", at: value.place)
            return nil
        }
        guard range.contains(number) else {
            problem("\(name) must be \(expected), but it is \(number.plain)", at: value.place)
            return nil
        }
        return number
    }

    func boolean(_ value: YAMLValue, _ name: String) -> Bool? {
        guard let scalar = value.scalar, scalar.kind == .boolean else {
            problem("\(name) must be true or false, but it is \(value.kindInWords)", at: value.place)
            return nil
        }
        return scalar.text.lowercased() == "true"
    }

    /// One of the names of an enumeration.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ value: YAMLValue, _ name: String, as type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        guard let text = text(value, name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        problem(
            "unknown \(name) \(text.quoted)", at: value.place,
            hint: Suggestion.hint(for: text, in: Choice.allCases.map(\.rawValue), otherwise: "one of"))
        return nil
    }

    /// `30s`, `5m`, `2h`, `1d`, or seconds as a plain number.
    func seconds(_ value: YAMLValue, _ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let scalar = value.scalar, let seconds = Self.seconds(scalar) else {
            problem(
                "\(name) must be a time, but it is \(value.kindInWords)", at: value.place,
                hint: "such as 30s, 5m, 2h, 1d, or seconds as a plain number")
            return nil
        }
        guard range.contains(seconds) else {
            problem(
                "\(name) must be from \(range.lowerBound) to \(range.upperBound) seconds, but it is \(seconds)",
                at: value.place)
            return nil
        }
        return seconds
    }

    private static func seconds(_ scalar: YAMLScalar) -> Int? {
        if scalar.kind == .integer { return Int(scalar.text) }
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard scalar.kind == .text, let unit = scalar.text.last, let factor = units[unit] else { return nil }
        let digits = scalar.text.dropLast()
        guard !digits.isEmpty, digits.utf8.count <= 9, digits.utf8.allSatisfy(YAMLScalar.isDigit) else { return nil }
        return Int(digits).map { $0 * factor }
    }

    /// A count, or a share such as `75%`.
    func quantity(_ value: YAMLValue, _ name: String, atLeast minimum: Int = 0) -> Quantity? {
        if let scalar = value.scalar {
            if scalar.kind == .integer, let count = Int(scalar.text), (minimum...1_000_000).contains(count) {
                return .count(count)
            }
            let digits = scalar.text.dropLast()
            if scalar.kind == .text, scalar.text.last == "%", (1...3).contains(digits.utf8.count),
                digits.utf8.allSatisfy(YAMLScalar.isDigit), let percent = Int(digits),
                (minimum...100).contains(percent)
            {
                return .percent(percent)
            }
        }
        problem(
            "\(name) must be a count from \(minimum), or a share from \(minimum)% to 100%, but it is "
                + value.kindInWords, at: value.place, hint: "such as 2 or \"75%\"")
        return nil
    }

    /// The items of a list.
    func list(_ value: YAMLValue, _ name: String, limit: Int = 10_000) -> [YAMLValue]? {
        guard let items = value.sequence else {
            problem(
                "\(name) must be a list, but it is \(value.kindInWords)", at: value.place,
                hint: value.isNull ? "write [] for an empty one" : nil)
            return nil
        }
        guard items.count <= limit else {
            problem("\(name) has more than \(limit) items", at: value.place)
            return nil
        }
        return items
    }

    /// A list of texts, none of them twice.
    func texts(_ value: YAMLValue, _ name: String, item: String, limit: Int = 1_000) -> [String] {
        var seen: Set<String> = []
        return (list(value, name, limit: limit) ?? []).compactMap { element in
            guard let text = text(element, item) else { return nil }
            guard seen.insert(text).inserted else {
                problem("\(text.quoted) is in \(name) twice", at: element.place)
                return nil
            }
            return text
        }
    }
}

extension Double {
    /// Without `.0` where it is whole.
    var plain: String { Int64(exactly: self).map { String($0) } ?? description }
}
