internal import FettleDriverKit

/// How the child is started that gives a shell on a target.
struct ShellSpecification: Sendable {
    /// The target as messages name it.
    var host: String
    /// Absolute path.
    var executable: String
    var arguments: [String]
    var environment: [String: String]
    /// From the start of the child to the shell's first answer: connection, handshake, login shell.
    var openTimeout: Duration
    /// Says in Fettle's words why the child ended, from how it ended, whether the shell had not answered yet, and the
    /// last that it wrote to standard error (raw).
    var diagnose: @Sendable (String, ChildProcess.Ending, Bool, String) -> AccessError
}
