/// Writes `SudoRule`s as a file for `/etc/sudoers.d`
/// ([sudoers(5)](https://www.sudo.ws/docs/man/sudoers.man/)). Check it with `visudo -cf` before it goes there.
public struct SudoersFile: Sendable {
    public var user: String
    public var rules: [SudoRule]
    public var patterns: Patterns

    /// How arguments that vary are written.
    public enum Patterns: String, Sendable, CaseIterable {
        /// Exact. For sudo 1.9.10 (2022) and later: Debian 12, Ubuntu 24.04, RHEL 10.
        case regularExpressions
        /// For older sudo. Looser: where an argument varies, `*` also lets in any other characters and further
        /// arguments.
        case wildcards
    }

    /// - Throws: `SudoRuleError` for a user name that is not a plain one: letters, digits, `.`, `_`, `-`, not first
    ///   `-`.
    public init(
        user: String, rules: [SudoRule], patterns: Patterns = .regularExpressions
    ) throws(SudoRuleError) {
        let plain = try SudoWord(first: SudoWord.alphanumerics + "_", following: SudoWord.alphanumerics + "._-")
        // In upper case it could be an alias, and ALL is everybody.
        guard plain.matches(user), user.contains(where: \.isLowercase) else {
            throw SudoRuleError("\(user) is not a user name that can stand in sudoers")
        }
        self.user = user
        self.rules = rules
        self.patterns = patterns
    }

    /// The whole file, one rule a line under its reason; rules that are the same appear once.
    ///
    /// - Throws: `SudoRuleError` for a rule longer than sudo's limit of 1,024 characters for a regular expression.
    public func text() throws(SudoRuleError) -> String {
        var lines = ["# What Fettle runs as root for \(user). Check with: visudo -cf <this file>"]
        if patterns == .wildcards {
            lines.append(
                "# Wildcards, for sudo before 1.9.10: each * also matches other characters and further arguments.")
        }
        var written: Set<String> = []
        for rule in rules {
            let command = try self.command(rule)
            guard written.insert(command).inserted else { continue }
            // NOSETENV: a sudoers file elsewhere may have made SETENV the default.
            let exactly = patterns == .regularExpressions ? rule.reasonIfExact.map { " \($0)" } ?? "" : ""
            lines += ["", "# \(rule.reason)\(exactly)", "\(user) ALL=(root) NOPASSWD: NOSETENV: \(command)"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func command(_ rule: SudoRule) throws(SudoRuleError) -> String {
        let (program, arguments) = rule.commandLine
        let path = Self.escaped(program)
        // Nothing behind the program would permit any arguments; "" permits none.
        guard !arguments.isEmpty else { return path + " \"\"" }
        let varies = arguments.contains { if case .exact = $0 { false } else { true } }
        guard varies, patterns == .regularExpressions else {
            return path + " " + arguments.map(Self.wildcard).joined(separator: " ")
        }
        let expression = "^" + arguments.map(Self.expression).joined(separator: " ") + "$"
        guard expression.utf8.count <= 1_024 else {
            throw SudoRuleError("the rule for \(rule.program) is longer than the 1,024 characters that sudo takes")
        }
        return path + " " + expression
    }

    // MARK: Wildcards and exact arguments

    private static func wildcard(_ argument: SudoRule.Argument) -> String {
        switch argument {
        case .exact(let text): escaped(text)
        case .word(let word), .words(let word): wildcard(word)
        }
    }

    /// Wildcards know no "one or the other": of several forms only what they begin with alike stays, which is the
    /// looser reading that `Patterns.wildcards` announces.
    private static func wildcard(_ word: SudoWord) -> String {
        guard word.forms.count == 1, let form = word.forms.first else {
            let allowed = Set(word.forms.flatMap { $0.prefix.utf8.first.map { [$0] } ?? $0.first })
            return escaped(bracket(allowed.sorted())) + "*"
        }
        return escaped(form.prefix + bracket(form.first)) + "*" + escaped(form.suffix)
    }

    /// Outside regular expressions sudoers wants a backslash before these.
    private static func escaped(_ text: String) -> String {
        text.map { ",:=".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    // MARK: Regular expressions

    private static func expression(_ argument: SudoRule.Argument) -> String {
        switch argument {
        case .exact(let text): literal(text)
        case .word(let form): expression(form)
        case .words(let form): "\(expression(form))( \(expression(form)))*"
        }
    }

    private static func expression(_ word: SudoWord) -> String {
        let forms = word.forms.map(expression)
        return forms.count == 1 ? forms[0] : "(" + forms.joined(separator: "|") + ")"
    }

    private static func expression(_ form: SudoWord.Form) -> String {
        let following = form.following.isEmpty ? "" : bracket(form.following) + "*"
        return literal(form.prefix) + bracket(form.first) + following + literal(form.suffix)
    }

    /// Each character for itself: in a bracket of one where it would mean something else. No backslashes, which sudoers
    /// would take away.
    private static func literal(_ text: String) -> String {
        text.map { ".+(){}".contains($0) ? "[\($0)]" : String($0) }.joined()
    }

    /// The set as a bracket, the same for wildcards and regular expressions: ranges for runs of letters and digits, and
    /// `-` last, where it is no range.
    private static func bracket(_ codes: [UInt8]) -> String {
        let dash = UInt8(ascii: "-")
        let others = codes.filter { $0 != dash }
        var body = ""
        var index = 0
        while index < others.count {
            var end = index
            while end + 1 < others.count, others[end + 1] == others[end] + 1, isSameKind(others[index], others[end + 1])
            {
                end += 1
            }
            let run = others[index...end].map { String(UnicodeScalar($0)) }
            body += run.count > 2 ? "\(run[0])-\(run[run.count - 1])" : run.joined()
            index = end + 1
        }
        return "[\(body)\(codes.contains(dash) ? "-" : "")]"
    }

    private static func isSameKind(_ left: UInt8, _ right: UInt8) -> Bool {
        func kind(_ byte: UInt8) -> Int {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): 1
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): 2
            case UInt8(ascii: "a")...UInt8(ascii: "z"): 3
            default: 0
            }
        }
        return kind(left) != 0 && kind(left) == kind(right)
    }
}
