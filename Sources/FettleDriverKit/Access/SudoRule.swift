/// One thing that a driver must be able to run as root, for `sudoers`: a program, its arguments, and why.
///
/// Drivers list their rules; `SudoersFile` prints them; `permits` says whether a command is covered, so that a driver's
/// tests can hold every `RootCommand` it makes against its own rules.
public struct SudoRule: Sendable, Hashable {
    /// The absolute path of the program.
    public let program: String
    /// Variables that the command sets, as in `RootCommand.environment`.
    public let environment: [String: String]
    public let arguments: [Argument]
    /// One line for the administrator who reads the file.
    public let reason: String
    /// What can be said of the rule only where its arguments are exact, such as that it reads only. A file with
    /// wildcards, which let in further arguments, leaves it out.
    public let reasonIfExact: String?

    public enum Argument: Sendable, Hashable {
        /// This argument, letter by letter.
        case exact(String)
        /// Any one argument of this form.
        case word(SudoWord)
        /// One or more arguments of this form. Only as the last.
        case words(SudoWord)
    }

    /// - Throws: `SudoRuleError` where the rule could be read in more than one way: sudo compares the arguments joined
    ///   by spaces, and its file has special characters, so an argument is not empty and holds only
    ///   `SudoWord.characters`; and `words` stands only at the end.
    public init(
        program: String, arguments: [Argument] = [], environment: [String: String] = [:], reason: String,
        reasonIfExact: String? = nil
    ) throws(SudoRuleError) {
        guard program.hasPrefix("/"), !program.hasSuffix("/") else {
            throw SudoRuleError("the program must be an absolute path: \(program)")
        }
        var literals = [program] + environment.map { "\($0.key)=\($0.value)" }
        for (index, argument) in arguments.enumerated() {
            switch argument {
            case .exact(let text): literals.append(text)
            case .word: break
            case .words:
                guard index == arguments.count - 1 else {
                    throw SudoRuleError("`words` can only be the last argument of \(program)")
                }
            }
        }
        for name in environment.keys where !Self.isVariableName(name) {
            throw SudoRuleError("\(name) is no name of a variable")
        }
        for literal in literals where literal.isEmpty || !SudoWord.isPlain(literal) {
            throw SudoRuleError("\(program): an argument is empty, or has a character that sudoers could misread")
        }
        for text in [reason] + (reasonIfExact.map { [$0] } ?? []) {
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), !text.hasSuffix("\\") else {
                throw SudoRuleError("\(program): the reason must be one line of text")
            }
        }
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.reason = reason
        self.reasonIfExact = reasonIfExact
    }

    /// Whether this rule covers the command.
    public func permits(_ command: RootCommand) -> Bool {
        guard command.arguments.first == program, command.environment == environment else { return false }
        var rest = command.arguments.dropFirst()
        for argument in arguments {
            switch argument {
            case .exact(let text):
                guard rest.popFirst() == text else { return false }
            case .word(let form):
                guard let next = rest.popFirst(), form.matches(next) else { return false }
            case .words(let form):
                guard !rest.isEmpty, rest.allSatisfy(form.matches) else { return false }
                rest = []
            }
        }
        return rest.isEmpty
    }

    /// The program that sudo sees and the arguments behind it: `env` with its assignments first where there are any.
    var commandLine: (program: String, arguments: [Argument]) {
        guard !environment.isEmpty else { return (program, arguments) }
        let prefix = RootCommand([program], environment: environment).commandLine
        return (prefix[0], prefix.dropFirst().map { .exact($0) } + arguments)
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

/// The form of an argument that varies: fixed text it begins with, then a first character from one set, then any number
/// from another; or one of several such forms.
///
/// A set and no pattern of the driver's own, so that no rule can let in a space, and with it further arguments.
public struct SudoWord: Sendable, Hashable {
    /// One form of a word.
    struct Form: Sendable, Hashable {
        let prefix: String
        /// ASCII codes, sorted.
        let first: [UInt8]
        let following: [UInt8]
        let suffix: String

        func matches(_ argument: String) -> Bool {
            guard argument.utf8.starts(with: prefix.utf8),
                argument.utf8.reversed().starts(with: suffix.utf8.reversed()),
                argument.utf8.count > prefix.utf8.count + suffix.utf8.count
            else { return false }
            let rest = argument.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
            guard let start = rest.first, first.contains(start) else { return false }
            return rest.dropFirst().allSatisfy(following.contains)
        }
    }

    /// At least one.
    let forms: [Form]

    /// - Parameters:
    ///   - prefix: what it begins with, letter by letter, such as a directory or an option with its `=`.
    ///   - first: the characters that may follow the prefix. Leave out `-` where there is none, or the argument can be
    ///     an option; leave out `.` behind a directory, or it can lead out of it.
    ///   - following: the characters that may follow.
    ///   - suffix: what it ends with, letter by letter, such as `.service`.
    /// - Throws: `SudoRuleError` for an empty `first`, or a character that is not one of `characters`.
    public init(
        prefix: String = "", first: String, following: String, suffix: String = ""
    ) throws(SudoRuleError) {
        guard !first.isEmpty, Self.isPlain(prefix + first + following + suffix) else {
            throw SudoRuleError("the characters of an argument must be some of \(Self.characters)")
        }
        forms = [
            Form(
                prefix: prefix, first: Set(first.utf8).sorted(), following: Set(following.utf8).sorted(),
                suffix: suffix)
        ]
    }

    private init(forms: [Form]) { self.forms = forms }

    /// A word of this form or of the other.
    public func or(_ other: SudoWord) -> SudoWord { SudoWord(forms: forms + other.forms) }

    /// ASCII letters and digits, to build sets from.
    public static let alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    /// All that can stand in a rule. White space, `$ # * ? [ ] ! ^ | \`, quotes and what a shell takes for itself
    /// cannot: they have meanings in sudoers, its wildcards or its regular expressions that no escape takes away in all
    /// of them.
    public static let characters = alphanumerics + "%()+,-./:=@_{}~"

    static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy(characters.utf8.contains) }

    public func matches(_ argument: String) -> Bool { forms.contains { $0.matches(argument) } }
}

/// A rule that cannot be written down safely.
public struct SudoRuleError: Error, Sendable, Equatable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}
