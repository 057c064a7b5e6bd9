/// Words in braces, such as `{host}`, for which a probe fills in what is the member's.
extension ProbeReader {
    /// All that any probe knows, and what each stands for.
    private static let placeholders = [("host", "the member's host"), ("id", "its id")]

    /// A word that nothing stands for would be asked for as it is, and fail a gate in the middle of a run.
    func checkPlaceholders(_ text: String, _ filled: [String], at place: Place) {
        for word in Self.bracedWords(in: text) where !filled.contains(word) {
            // That these speak of one member is told with all else that a group's probe cannot do.
            if isOfGroup, Self.placeholders.contains(where: { $0.0 == word }) { continue }
            reading.problem(
                "nothing stands for \("{\(word)}".quoted) in the url", at: place, hint: hint(for: word, filled))
        }
    }

    private func hint(for word: String, _ filled: [String]) -> String {
        let brace = "a brace itself is written %7B"
        if isOfGroup { return "the probe is asked once for the whole group: write it out; \(brace)" }
        if let nearest = Suggestion.nearest(to: word, in: filled) { return "did you mean \("{\(nearest)}".quoted)?" }
        let known = Self.placeholders.filter { filled.contains($0.0) }.map { "{\($0.0)} for \($0.1)" }
        return "there is \(known.joined(separator: ", ")); \(brace)"
    }

    /// In a command nothing is filled in. Programs have braces of their own (`jq '{id}'`), so that a word is only doubted, and only
    /// one that looks like ours: not `%{name}` of rpm or `${name}` of a shell.
    func checkProgramText(_ text: String, at place: Place) {
        let known = Self.placeholders.map(\.0)
        for word in Self.bracedWords(in: text, notBehind: "%$") {
            guard known.contains(word) || Suggestion.nearest(to: word, in: ["host"]) != nil else { continue }
            reading.warning(
                "nothing stands for \("{\(word)}".quoted) in a command: the program gets it as it is", at: place,
                hint: "a command runs on the member itself, and can ask there")
        }
    }

    /// The words of letters alone in braces, each once.
    private static func bracedWords(in text: String, notBehind marks: String = "") -> [String] {
        guard text.utf8.contains(UInt8(ascii: "{")) else { return [] }
        var words: [String] = []
        for match in text.matches(of: /\{([A-Za-z]+)\}/) {
            let word = String(match.output.1)
            if let before = text[..<match.range.lowerBound].last, marks.contains(before) { continue }
            if !words.contains(word) { words.append(word) }
        }
        return words
    }
}
