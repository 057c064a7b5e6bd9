import FettleModel

/// What `apt-get --simulate` says it would do.
struct AptSimulation: Sendable, Equatable {
    struct Change: Sendable, Hashable, Comparable {
        /// As apt prints it: with its architecture where that is not the host's own.
        var name: String
        /// nil: removed.
        var version: String?

        static func < (left: Change, right: Change) -> Bool {
            (left.name, left.version ?? "") < (right.name, right.version ?? "")
        }

        var summary: String { version.map { "\(name) to \($0)" } ?? "removal of \(name)" }
    }

    var changes: Set<Change> = []

    /// Reads lines such as `Inst openssl [3.0.20] (3.0.22 Debian-Security:12/stable-security [amd64])` and
    /// `Remv billing [1.0]`; all others are for people.
    init(parsing text: String) throws(FactError) {
        for line in FactText.lines(text) {
            let words = line.split(separator: " ")
            guard words.count >= 2, let action = words.first else { continue }
            switch action {
            case "Inst":
                guard let word = words.dropFirst(2).first(where: { $0.hasPrefix("(") }) else {
                    throw .notUnderstood(line, of: "apt-get")
                }
                changes.insert(Change(name: String(words[1]), version: String(word.dropFirst().prefix { $0 != ")" })))
            case "Remv", "Purg":
                changes.insert(Change(name: String(words[1]), version: nil))
            default: continue
            }
        }
    }

    /// How this differs from what is expected; empty if it is exactly that.
    func differences(from expected: [PackageChange]) -> (unforeseen: [Change], missing: [PackageChange]) {
        var rest = changes
        var missing: [PackageChange] = []
        for change in expected {
            let names = ["\(change.name):\(change.architecture)", change.name]
            guard
                let found = names.lazy.map({ Change(name: $0, version: change.to) }).first(where: rest.contains)
            else {
                missing.append(change)
                continue
            }
            rest.remove(found)
        }
        return (rest.sorted(), missing)
    }
}
