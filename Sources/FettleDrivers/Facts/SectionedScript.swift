/// POSIX shell text that runs named sections one after the other, so that one round trip collects everything, a section
/// that fails leaves the others alone, and none can print without bound.
///
/// Around each section stand lines with a nonce of this one run: nothing that a host prints from its own data can
/// pass for them. Standard error is marked the same way. A section's last line tells its exit status; where that line
/// is missing, the section was cut at its limit.
struct SectionedScript: Sendable {
    struct Section: Sendable, Equatable {
        /// Lower-case letters: it becomes part of a function's name.
        let name: String
        /// Bytes of output that are kept.
        let limit: Int
        /// The body of a shell function. `return 77` says that what it asks for does not exist on this host.
        let body: String
    }

    /// The exit status of a section that has nothing to ask on this host.
    static let absentStatus = 77

    let sections: [Section]
    let nonce: String

    init(sections: [Section], nonce: String = SectionedScript.makeNonce()) {
        self.sections = sections
        self.nonce = nonce
    }

    /// 128 random bits in hexadecimal digits.
    static func makeNonce() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    var text: String {
        var lines = [Self.prologue, "nonce=\(nonce)"]
        for section in sections { lines.append("collect_\(section.name)() {\n\(section.body)\n}") }
        lines.append("all() {")
        for section in sections { lines.append("section \(section.name) \(section.limit)") }
        lines += ["}", Self.epilogue, "exit 0"]
        return lines.joined(separator: "\n") + "\n"
    }

    /// What all sections may print together, with the lines around them.
    var outputLimit: Int { sections.reduce(64 * 1_024) { $0 + $1.limit } }

    /// What comes in dozens of small pieces is sent in few large ones: each piece is a packet, which wakes up sshd, ssh and
    /// us, and costs more processor time than what is in it.
    private static let epilogue = #"""
        gather() { dd ibs=4096 obs=65536 2>/dev/null; }
        if have dd; then
            exec 3>&2
            { all 2>&1 >&4 3>&- 4>&- | gather >&3 3>&- 4>&-; } 4>&1 | gather 3>&-
        else all; fi
        """#

    /// `set -f`: a name from the host is never a pattern; sections that want patterns switch them on. `within SECONDS`
    /// stops what hangs, where there is a `timeout` to do it with. `have` asks for a program.
    private static let prologue = #"""
        set -f
        have() { command -v "$1" >/dev/null 2>&1; }
        if have timeout; then within() { timeout "$@"; }; else within() { shift; "$@"; }; fi
        section() {
            printf '\n%s begin %s\n' "$nonce" "$1"
            printf '\n%s begin %s\n' "$nonce" "$1" >&2
            { ( "collect_$1" ); printf '\n%s status %s end\n' "$nonce" "$?"; } | head -c "$2"
        }
        """#
}
