import FettleModel

/// What dnf's plugin versionlock holds back: the lines of its list, each a pattern of packages as dnf takes them
/// (<https://dnf-plugins-core.readthedocs.io/en/latest/versionlock.html>).
///
/// Of a package that a line names only what a line matches may be installed; what a line with `!` matches may not.
struct DnfLocks: Sendable, Equatable {
    private let allowed: [Pattern]
    private let refused: [Pattern]

    /// More are not read: each is held against each update.
    private static let mostLines = 2_000

    /// - Throws: `FactError` for a list that is longer than any that people keep.
    init(_ lines: some Collection<Substring>) throws(FactError) {
        guard lines.count <= Self.mostLines else {
            throw FactError("versionlock has more than \(Self.mostLines) lines")
        }
        let words = lines.map { $0.split(separator: " ").joined(separator: " ") }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        allowed = words.filter { !$0.hasPrefix("!") }.map { Pattern($0) }
        refused = words.filter { $0.hasPrefix("!") }.map { Pattern(String($0.dropFirst())) }
    }

    /// - Parameter version: `[epoch:]version-release`.
    func holds(_ name: String, _ architecture: String, _ version: String) -> Bool {
        let forms = Self.forms(version, architecture)
        let ofName = allowed.compactMap { $0.rest(of: name, architecture) }
        let isLocked = !ofName.isEmpty && !ofName.contains { $0.contains { Self.matches($0, forms) } }
        return isLocked
            || refused.contains { $0.rest(of: name, architecture)?.contains { Self.matches($0, forms) } == true }
    }

    /// Everything that may stand behind a package's name: `-E:V-R.A` and what is left when its end, or its epoch, is.
    private static func forms(_ version: String, _ architecture: String) -> [String] {
        let bare = version.split(separator: ":", maxSplits: 1).last.map(String.init) ?? version
        let full = version.contains(":") ? version : "0:\(version)"
        return ["", ".\(architecture)"]
            + [full, bare].flatMap { text in
                let withoutRelease = text.split(separator: "-").first.map(String.init) ?? text
                return ["-\(text).\(architecture)", "-\(text)", "-\(withoutRelease)"]
            }
    }

    private static func matches(_ rest: String, _ forms: [String]) -> Bool { forms.contains { Glob(rest).matches($0) } }

    private struct Pattern: Sendable, Equatable {
        let text: String

        init(_ text: String) { self.text = text }

        /// What stands behind the name, for each way to take the pattern apart that gives this name; nil: none does.
        func rest(of name: String, _ architecture: String) -> [String]? {
            let dashes = text.indices.filter { text[$0] == "-" }.suffix(2)
            let ends = [text.endIndex] + [text.lastIndex(of: ".")].compactMap { $0 } + dashes
            let rests = ends.compactMap { end -> String? in
                let rest = text[end...]
                // A version begins with a digit; `libinvoice-*` may be any version of `libinvoice`.
                if rest.first == "-", let first = rest.dropFirst().first, !"0123456789*?[".contains(first) {
                    return nil
                }
                // Names have dots, too: `python3.9` is no `python3` of an architecture 9.
                if rest.first == ".", !Glob(String(rest)).matches(".\(architecture)") { return nil }
                return Glob(String(text[..<end])).matches(name) ? String(rest) : nil
            }
            return rests.isEmpty ? nil : rests
        }
    }
}
