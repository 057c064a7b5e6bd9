/// Why a command on a target gave no result.
///
/// A command that ran and failed is no error: it is a `CommandResult` with a status other than 0.
public struct AccessError: Error, Sendable, Equatable, Codable, CustomStringConvertible {
    public var code: Code
    /// One sentence without control characters.
    public var message: String
    /// The target as the inventory names it: `user@host:port`, or `local`.
    public var host: String
    /// What the other program said last (OpenSSH, sudo, a login shell): at most 500 characters, no control characters;
    /// nil if it said nothing.
    public var cause: String?

    public init(_ code: Code, _ message: String, host: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.host = host
        self.cause = cause
    }

    public enum Code: String, Sendable, Codable, CaseIterable {
        /// No connection: the name does not resolve, nobody listens, nobody answers in time, or the server hung up.
        case unreachable
        /// The server does not let this user in.
        case authentication
        /// The server's key is unknown or not the one that is known. Never worked around.
        case hostKey
        /// The command ran past its time and was stopped.
        case timeout
        /// The command wrote more than its limit and was stopped.
        case outputTooLarge
        /// The connection ended while the command ran.
        case disconnected
        /// What answers is not a shell that follows the protocol.
        case protocolViolation
        /// A program on this machine (`ssh`, `sh`) could not be started, or refused its configuration.
        case spawn
        /// `sudo` did not permit the command, or is not there.
        case privilege
        /// The task that asked was cancelled; if the command had started, it was stopped.
        case cancelled
        /// The command breaks a limit of `RemoteCommand`, or the address cannot be one.
        case invalidCommand
    }

    /// Whether it is certain that nothing of the command ran. Where it is false only a new look at the target can tell.
    public var nothingRan: Bool {
        switch code {
        case .unreachable, .authentication, .hostKey, .spawn, .privilege, .invalidCommand: true
        case .timeout, .outputTooLarge, .disconnected, .protocolViolation, .cancelled: false
        }
    }

    public var description: String {
        cause.map { "\(host): \(message) (\($0))" } ?? "\(host): \(message)"
    }
}
