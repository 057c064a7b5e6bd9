/// Reads crashes and the kernel's messages down to signatures: what stays the same when it happens again.
enum TroubleParser {
    private static let signaturesKept = 64

    /// Lines of `coredumpctl list`: the signal and the program. A line without them is counted as a crash of its own.
    static func dumps(_ text: String) -> [String: Int] {
        var found: [String: Int] = [:]
        for line in FactText.lines(text) where !line.allSatisfy({ $0 == " " }) {
            let words = FactText.words(line)
            let signal = words.firstIndex { $0.hasPrefix("SIG") }
            let program = signal.flatMap { place in words[place...].first { $0.hasPrefix("/") } }
            let name = program.flatMap { program in signal.map { "\(words[$0]) in \(program)" } }
            count(name ?? signature(line), &found)
        }
        return found
    }

    /// The kernel's messages: programs that it stopped, and its own troubles.
    static func kernel(_ text: String) -> (crashes: [String: Int], troubles: [String: Int]) {
        var (crashes, troubles): ([String: Int], [String: Int]) = ([:], [:])
        for line in FactText.lines(text) {
            if let crash = crash(line) {
                count(crash, &crashes)
            } else if own.contains(where: { line.contains($0) }) {
                count(signature(line), &troubles)
            }
        }
        return (crashes, troubles)
    }

    private static let own = [
        "BUG:", "Oops", "WARNING: CPU", "kernel BUG at", "Kernel panic", "soft lockup", "hard LOCKUP",
        "blocked for more than", "rcu_sched self-detected", "Machine check events", "EXT4-fs error",
        "XFS: Internal error",
        "I/O error, dev",
    ]

    /// `python3[123]: segfault at 0 ip ... in libfoo.so[...]`, `traps: python3[123] trap invalid opcode ...`,
    /// `python3[123] general protection fault ...`.
    private static func crash(_ line: Substring) -> String? {
        for word in ["segfault", "trap ", "general protection fault"] {
            guard let range = line.firstRange(of: word), let bracket = line[..<range.lowerBound].lastIndex(of: "[")
            else {
                continue
            }
            let before = line[..<bracket]
            let program = before.split { $0 == " " || $0 == ":" }.last.map(String.init) ?? "?"
            let library = line[range.upperBound...].split(separator: " in ").last.map { $0.prefix { $0 != "[" } }
            let place = library.flatMap { $0.count < 80 && !$0.contains(" ") ? " in \($0)" : nil } ?? ""
            return "\(word == "trap " ? "trap" : word) of \(program.prefix(40))\(place)"
        }
        return nil
    }

    /// The line without numbers: addresses, process ids and times differ each time.
    private static func signature(_ line: Substring) -> String {
        let words = FactText.words(line).map { word in
            word.contains(where: \.isNumber) ? "#" : word
        }
        return String(words.joined(separator: " ").prefix(100))
    }

    private static func count(_ name: String, _ found: inout [String: Int]) {
        let known = found[name] != nil || found.count < signaturesKept
        found[known ? name : "and others", default: 0] += 1
    }
}
