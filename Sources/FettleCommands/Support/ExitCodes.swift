import ArgumentParser

/// How the program ends; documented in the README, so that scripts can rely on it.
enum ExitStatus: Int32 {
    case ok = 0
    case failure = 1
    case usage = 2
    /// A window, a freeze, a missing approval or capacity stands in the way.
    case blocked = 3
    /// Part of what was asked for: some hosts did not answer.
    case partial = 4
    case rolledBack = 5
    case updatesNeeded = 100
    case securityUpdatesNeeded = 101
    case rebootNeeded = 102

    var code: ExitCode { ExitCode(rawValue) }
}

/// A failure that a person reads: what, where, what would be right; and the exit code.
struct CommandFailure: Error, CustomStringConvertible {
    var status: ExitStatus
    var message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    var description: String { message }
}
