internal import FettleDriverKit

/// What a command must keep to, and what sudo's answers mean.
extension FramedShell {
    nonisolated func check(_ command: RemoteCommand) throws(AccessError) {
        guard command.input.count <= RemoteCommand.maximumInputBytes else {
            throw failure(.invalidCommand, "the input is longer than \(RemoteCommand.maximumInputBytes) bytes")
        }
        guard command.outputLimit >= 0, command.timeout > .zero else {
            throw failure(.invalidCommand, "the limit or the time of the command is not positive")
        }
        // Before a connection is made, and not only when the command is quoted for it.
        guard !command.program.holdsNull else {
            throw failure(.invalidCommand, ShellQuoteError().description)
        }
        let length: Int
        switch command.program {
        case .script(let script):
            length = script.utf8.count
        case .root(let root):
            guard let program = root.arguments.first, program.hasPrefix("/") else {
                throw failure(.invalidCommand, "a command for root must begin with an absolute path")
            }
            for name in root.environment.keys where name.isEmpty || name.contains("=") || name.hasPrefix("-") {
                throw failure(.invalidCommand, "a variable of the command has no proper name")
            }
            length = root.commandLine.reduce(0) { $0 + $1.utf8.count + 1 }
        }
        guard length <= RemoteCommand.maximumScriptBytes else {
            throw failure(.invalidCommand, "the command is longer than \(RemoteCommand.maximumScriptBytes) bytes")
        }
    }

    nonisolated func frame(_ command: RemoteCommand, channelIsRoot: Bool) throws(AccessError) -> CommandFrame {
        do throws(ShellQuoteError) {
            return try CommandFrame(command, channelIsRoot: channelIsRoot)
        } catch {
            throw failure(.invalidCommand, error.description)
        }
    }

    /// Tells sudo's own refusal from the failure of the command: by its words, which are English under `LC_ALL=C`, and
    /// only where nothing else is on standard error and nothing on standard output.
    nonisolated func refusePrivilegeFailure(_ result: CommandResult) throws(AccessError) {
        guard result.status == 1 || result.status == 127, result.standardOutput.isEmpty else { return }
        let lines = result.errorText.split(whereSeparator: \.isNewline)
        guard !lines.isEmpty, lines.count <= 8 else { return }
        let refusals = [
            "a password is required", "a terminal is required", "you must have a tty", "is not allowed to execute",
            "is not in the sudoers file", "may not run sudo", "no valid sudoers sources", "account validation failure",
            "sudo: not found", "sudo: inaccessible or not found", "sudo: command not found",
            "must be owned by uid 0 and have the setuid bit set",
        ]
        let isAboutSudo = lines.allSatisfy { line in
            line.hasPrefix("sudo: ") || refusals.contains { line.contains($0) }
                || line.contains("incident has been reported") || line.contains("incident will be reported")
        }
        guard isAboutSudo, lines.contains(where: { line in refusals.contains { line.contains($0) } }) else { return }
        throw failure(
            .privilege, "sudo does not permit the command; `fettle access sudoers` prints the rules that it needs",
            cause: SafeText.lastLines(of: result.errorText))
    }

    nonisolated func failure(_ code: AccessError.Code, _ message: String, cause: String? = nil) -> AccessError {
        AccessError(code, message, host: host, cause: cause)
    }
}

extension RemoteCommand.Program {
    /// No argument of a program can hold a NUL.
    fileprivate var holdsNull: Bool {
        switch self {
        case .script(let script): script.utf8.contains(0)
        case .root(let root): root.commandLine.contains { $0.utf8.contains(0) }
        }
    }
}
