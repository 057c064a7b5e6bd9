/// One command to run on a target.
public struct RemoteCommand: Sendable, Hashable {
    public var program: Program
    /// What the command reads on its standard input, any bytes; none means `/dev/null`.
    /// At most `maximumInputBytes`. A target whose `/bin/sh` is bash takes about a second for each MB.
    public var input: [UInt8]
    /// How long the command may run, not counting the wait for commands before it and for the connection. More is
    /// `timeout`.
    public var timeout: Duration
    /// Bytes of standard output, and as many of standard error, that may come. More is `outputTooLarge`.
    public var outputLimit: Int

    public enum Program: Sendable, Hashable {
        /// POSIX shell text, run by a fresh `/bin/sh -c` as the user that is connected, in `/`, with `LC_ALL=C` and
        /// the system's programs on the `PATH`. At most `maximumScriptBytes`, no NUL.
        ///
        /// What it leaves running in the background must redirect its output, and must have a session of its own
        /// (`setsid`) to outlive the channel.
        case script(String)
        /// One program run as root: directly if the channel is root's, else through `sudo -n`. What sudo started
        /// belongs to root and cannot be stopped by the user: past its time the channel ends, but the program may go
        /// on.
        case root(RootCommand)
    }

    /// Linux takes no single argument of 128 KiB; this leaves room for the quoting.
    public static let maximumScriptBytes = 96 * 1_024
    public static let maximumInputBytes = 4 * 1_024 * 1_024

    public init(
        script: String, input: [UInt8] = [], timeout: Duration = .seconds(30), outputLimit: Int = 1_024 * 1_024
    ) {
        self.program = .script(script)
        self.input = input
        self.timeout = timeout
        self.outputLimit = outputLimit
    }

    public init(
        root: RootCommand, input: [UInt8] = [], timeout: Duration = .seconds(30), outputLimit: Int = 1_024 * 1_024
    ) {
        self.program = .root(root)
        self.input = input
        self.timeout = timeout
        self.outputLimit = outputLimit
    }

    /// Runs `arguments` as root; `arguments[0]` is an absolute path. See `RootCommand` and `SudoRule`.
    public static func root(
        _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = [],
        timeout: Duration = .seconds(30), outputLimit: Int = 1_024 * 1_024
    ) -> RemoteCommand {
        RemoteCommand(
            root: RootCommand(arguments, environment: environment), input: input, timeout: timeout,
            outputLimit: outputLimit)
    }
}

/// A program with its arguments, to run as root.
///
/// It is a list of words and no shell text, so that a `sudo` rule can name exactly this program with these arguments.
public struct RootCommand: Sendable, Hashable {
    /// The absolute path of the program, and its arguments.
    public var arguments: [String]
    /// Set through `/usr/bin/env` as part of the command: a rule for `sudo` then names the variables and their values,
    /// where the tag `SETENV` would permit any variable, and with `LD_PRELOAD` everything.
    public var environment: [String: String]

    public init(_ arguments: [String], environment: [String: String] = [:]) {
        self.arguments = arguments
        self.environment = environment
    }

    /// The words that run, and that a `SudoRule` is held against; the variables in the order of their names.
    public var commandLine: [String] {
        guard !environment.isEmpty else { return arguments }
        let assignments = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ["/usr/bin/env"] + assignments + arguments
    }
}

/// What a command that ran to its end gave.
public struct CommandResult: Sendable, Hashable {
    /// The exit status as the target's shell tells it: 126 not executable, 127 not found, 128 + n ended by signal n.
    public var status: Int32
    public var standardOutput: [UInt8]
    public var standardError: [UInt8]
    /// From sending the command to having all of its output.
    public var duration: Duration

    public init(status: Int32, standardOutput: [UInt8], standardError: [UInt8], duration: Duration) {
        self.status = status
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.duration = duration
    }

    public var succeeded: Bool { status == 0 }
    /// Standard output as text; bytes that are not UTF-8 become U+FFFD. May hold anything: clean it before a terminal.
    public var outputText: String { String(decoding: standardOutput, as: UTF8.self) }
    /// Standard error as text, like `outputText`.
    public var errorText: String { String(decoding: standardError, as: UTF8.self) }
}
