/// An extended regular expression as `grep -E` takes it, on whose word a log's gate stands: one that it refuses would be found out in the
/// middle of a run.
///
/// What is told here GNU grep 3.8 refuses with exit code 2. It is not compiled: repetitions within repetitions can take any amount of memory.
enum ExtendedPattern {
    private static let classes: Set = [
        "alpha", "digit", "alnum", "upper", "lower", "space", "blank", "punct", "print", "graph", "cntrl", "xdigit",
    ]
    /// `RE_DUP_MAX` of glibc.
    private static let mostRepetitions = 32_767

    /// What is wrong with it, in words; nil: nothing that is known here.
    static func fault(in text: String) -> String? {
        let characters = Array(text)
        var (place, open) = (0, 0)
        while place < characters.count {
            switch characters[place] {
            case "\\":
                guard place + 1 < characters.count else { return "it ends with a backslash" }
                place += 1
            case "(": open += 1
            case ")": open = max(0, open - 1)
            case "{":
                if let fault = repetition(characters[place...].dropFirst()) { return fault }
            case "[":
                guard let end = endOfBracket(characters, from: place) else { return "a '[' has no ']'" }
                if let name = unknownClass(characters[place..<end]) { return "there is no class [:\(name):]" }
                place = end
            default: break
            }
            place += 1
        }
        return open > 0 ? "a '(' has no ')'" : nil
    }

    /// Where the `]` is that ends the one which begins there: not the one that comes first, nor one of a class.
    private static func endOfBracket(_ characters: [Character], from start: Int) -> Int? {
        var place = start + 1
        if place < characters.count, characters[place] == "^" { place += 1 }
        if place < characters.count, characters[place] == "]" { place += 1 }
        while place < characters.count {
            if characters[place] == "]" { return place }
            if characters[place] == "[", place + 1 < characters.count, ":.=".contains(characters[place + 1]) {
                let mark = characters[place + 1]
                guard
                    let end = (place + 2..<characters.count).dropLast().first(where: {
                        characters[$0] == mark && characters[$0 + 1] == "]"
                    })
                else { return nil }
                place = end + 1
            }
            place += 1
        }
        return nil
    }

    private static func unknownClass(_ bracket: ArraySlice<Character>) -> String? {
        let parts = String(bracket).split(separator: "[:", omittingEmptySubsequences: false).dropFirst()
        for part in parts {
            guard let end = part.firstRange(of: ":]") else { continue }
            let name = String(part[..<end.lowerBound])
            if !classes.contains(name) { return name }
        }
        return nil
    }

    /// `{2}`, `{2,}`, `{,3}` or `{2,3}`; what is none of these is taken as it stands.
    private static func repetition(_ rest: ArraySlice<Character>) -> String? {
        guard let end = rest.firstIndex(of: "}") else { return nil }
        let parts = String(rest[..<end]).split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }) else { return nil }
        let numbers = parts.map { $0.isEmpty ? nil : Int($0) ?? .max }
        guard numbers.allSatisfy({ ($0 ?? 0) <= mostRepetitions }) else {
            return "it repeats more than \(mostRepetitions) times"
        }
        if numbers.count == 2, let least = numbers[0], let most = numbers[1], most < least {
            return "it repeats at least \(least) and at most \(most) times"
        }
        return nil
    }
}
