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
        switch error {
        case let failure as CommandFailure:
            report(failure.message)
            Foundation.exit(failure.status.rawValue)
        case let error as ControlError:
            report(error.description)
            Foundation.exit(error.status.rawValue)
        case let error as InventoryErrors:
            report(error.description)
            Foundation.exit(ExitStatus.usage.rawValue)
        case let error as StoreError:
            report(error.message)
            Foundation.exit(ExitStatus.failure.rawValue)
        default:
            let code = exitCode(for: error)
            if code == .validationFailure {
                FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
                Foundation.exit(ExitStatus.usage.rawValue)
            }
            exit(withError: error)
        }
    }

    private static func report(_ message: String) {
        let prefix = TextStyle.red.apply("error:", in: .error)
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        FileHandle.standardError.write(Data("\(prefix) \(lines.joined(separator: "\n"))\n".utf8))
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
