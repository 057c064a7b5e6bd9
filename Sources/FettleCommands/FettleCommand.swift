public import ArgumentParser
import FettleControl
import FettleInventory
import FettleStore
import Foundation

/// The root of all commands: a folder for each noun, a file for each verb.
public struct FettleCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "fettle",
        abstract: "Keeps a fleet patched without downtime: plans, proves, carries out, verifies, goes back.",
        discussion: """
            New here?  `fettle quickstart` looks at this machine and changes nothing.
            Your own fleet:  `fettle init`, then `fettle scan`, `fettle plan make`, `fettle change submit`.

            Exit codes: 0 ok · 1 failure · 2 usage · 3 blocked · 4 partial · 5 rolled back · 100 updates needed ·
            101 security updates needed · 102 reboot needed.
            """,
        version: FettleVersion.text,
        subcommands: [
            Initialise.self, Quickstart.self, Scan.self, Assess.self, PlanCommand.self, ChangeCommand.self,
            SimulateCommand.self, RunCommand.self, QuarantineCommand.self, ReportCommand.self, InventoryCommand.self,
            AccessCommand.self,
            SchemaCommand.self, Serve.self,
        ])

    public init() {}

    /// Runs what the arguments ask for and ends the process with the documented exit code.
    public static func runAndExit() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(after: error)
        }
    }

    private static func end(after error: any Error) -> Never {
        if let status = status(of: error) {
            report(words(for: error))
            Foundation.exit(status.rawValue)
        }
        if exitCode(for: error) == .validationFailure {
            Output.writeError(fullMessage(for: error) + "\n")
            Foundation.exit(ExitStatus.usage.rawValue)
        }
        exit(withError: error)
    }

    /// nil: the argument parser's own, such as a request for help.
    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let failure as CommandFailure: failure.status
        case let error as ControlError: error.status
        case is InventoryErrors: .usage
        case is StoreError: .failure
        case is CocoaError: .failure
        default: nil
        }
    }

    /// What a person reads, without the wrapping in which the system hands it over.
    static func words(for error: any Error) -> String {
        switch error {
        case let error as StoreError: error.message
        case let error as CocoaError: words(for: error)
        default: "\(error)"
        }
    }

    private static func words(for error: CocoaError) -> String {
        let path = error.userInfo[NSFilePathErrorKey] as? String ?? error.url?.path ?? "a file"
        guard let cause = error.underlying as? POSIXError, let reason = strerror(cause.code.rawValue) else {
            return "\(path): \(error.localizedDescription)"
        }
        return "\(path): \(String(cString: reason))"
    }

    private static func report(_ message: String) {
        let prefix = TextStyle.red.apply("error:", in: .error)
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        Output.writeError("\(prefix) \(lines.joined(separator: "\n"))\n")
    }
}

extension ControlError {
    var status: ExitStatus {
        switch code {
        case .invalid, .notFound: .usage
        case .blocked, .drift: .blocked
        case .conflict, .unavailable, .internal: .failure
        }
    }
}

/// The version of this build; `make release` checks it against CHANGELOG.md.
public enum FettleVersion {
    public static let text = "0.1.0"
}
