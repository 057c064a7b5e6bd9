public import ArgumentParser
import Dispatch
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

            Ctrl-C ends a command that only looks; `run start` and `run resume` first finish what is under way, bring
            hosts that are out back and pause the run; a second Ctrl-C ends them at once.

            With `-o json` standard output holds one JSON document, or nothing where the command fails; notes and the error are JSON
            lines on standard error.

            Exit codes: 0 ok · 1 failure · 2 usage · 3 blocked · 4 partial · 5 rolled back · 100 updates needed ·
            101 security updates needed · 102 reboot needed.
            """,
        version: FettleVersion.text,
        subcommands: [
            Initialise.self, Quickstart.self, Scan.self, Assess.self, FeedsCommand.self, Impact.self, Explain.self,
            Risk.self, PlanCommand.self,
            ChangeCommand.self, PatchSetCommand.self, PromoteCommand.self, PipelineCommand.self, ImageCommand.self,
            SimulateCommand.self, RunCommand.self, QuarantineCommand.self, ReportCommand.self, EvidenceCommand.self,
            InventoryCommand.self,
            ExportCommand.self,
            BaselineCommand.self, ResponsibilityCommand.self, PolicyCommand.self, WindowsCommand.self,
            WaiverCommand.self, ComplianceCommand.self, MessageCommand.self,
            UserCommand.self, TokenCommand.self, WhoAmI.self, AccessCommand.self, SchemaCommand.self,
            VersionCommand.self, CVSSCommand.self, Serve.self,
        ])

    public init() {}

    /// Runs what the arguments ask for and ends the process with the documented exit code.
    public static func runAndExit() -> Never {
        if let assessment = FileAssessment(words: CommandLine.arguments.dropFirst()) { answer(assessment) }
        Task.detached {
            await parseAndRun()
            Foundation.exit(ExitStatus.ok.rawValue)
        }
        dispatchMain()
    }

    /// It neither waits nor holds anything that a signal would have to tidy up.
    private static func answer(_ assessment: FileAssessment) -> Never {
        if assessment.output.isJSON { Output.usesJSON() }
        do {
            let status = try assessment.run()
            Output.tellNotesOfEnd()
            Foundation.exit(status.rawValue)
        } catch { end(after: error) }
    }

    private static func parseAndRun() async {
        if OutputOptions.asksForJSON(CommandLine.arguments.dropFirst()) { Output.usesJSON() }
        do {
            var command = try parseAsRoot()
            if OutputOptions.asksForLines(CommandLine.arguments.dropFirst()), !(command is any ListAnswering) {
                throw ValidationError(
                    "this command answers with `-o table` or `-o json`: it has no list to write as lines")
            }
            if OutputOptions.asksForCalendar(CommandLine.arguments.dropFirst()), !(command is ChangeCalendarCommand) {
                throw ValidationError("only `fettle change calendar` answers with `-o ics`")
            }
            // The server has a way of its own to stop.
            if !(command is Serve) { Interruption.watch() }
            if var asynchronous = command as? any AsyncParsableCommand {
                let post = MessagePost(for: asynchronous)
                await post?.begin()
                do {
                    try await asynchronous.run()
                } catch {
                    await post?.finish()
                    throw error
                }
                await post?.finish()
            } else {
                try command.run()
            }
            Interruption.waitIfEnding()
            Output.tellNotesOfEnd()
        } catch {
            end(after: error)
        }
    }

    private static func end(after error: any Error) -> Never {
        Interruption.waitIfEnding()
        Output.tellNotesOfEnd()
        // Ends that are no errors: a documented exit code, a request for help.
        if error is ExitCode || exitCode(for: error) == .success { exit(withError: error) }
        let status = status(of: error)
        // Somebody else's words may stand in an error, such as a server's or a host's.
        let secrets = SecretMask(environment: ProcessInfo.processInfo.environment, and: .ofThisProcess)
        Output.error(
            secrets.maskedLightly(words(for: error)), status: status,
            problems: (error as? InventoryErrors)?.problems.masked(by: secrets))
        Foundation.exit(status.rawValue)
    }

    static func status(of error: any Error) -> ExitStatus {
        switch error {
        case let failure as CommandFailure: failure.status
        case let error as ControlError: error.status
        case is InventoryErrors: .usage
        case _ where exitCode(for: error) == .validationFailure: .usage
        default: .failure
        }
    }

    /// What a person reads, without the wrapping in which the system hands it over.
    static func words(for error: any Error) -> String {
        switch error {
        case let error as StoreError: error.message
        case let error as CocoaError: words(for: error)
        case is CommandFailure, is ControlError, is InventoryErrors: "\(error)"
        case _ where exitCode(for: error) == .validationFailure: usage(of: error)
        default: "\(error)"
        }
    }

    /// The parser's words, without its own `Error:` before them.
    private static func usage(of error: any Error) -> String {
        let text = fullMessage(for: error)
        let prefix = "Error: "
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }

    private static func words(for error: CocoaError) -> String {
        let path = error.userInfo[NSFilePathErrorKey] as? String ?? error.url?.path ?? "a file"
        guard let cause = error.underlying as? POSIXError, let reason = strerror(cause.code.rawValue) else {
            return "\(path): \(error.localizedDescription)"
        }
        return "\(path): \(String(cString: reason))"
    }
}

extension ControlError {
    var status: ExitStatus {
        switch code {
        case .invalid, .notFound: .usage
        case .blocked, .drift: .blocked
        case .conflict, .unavailable, .internal: .failure
        case .cancelled: .partial
        }
    }
}

/// The version of this build; `make release` checks it against CHANGELOG.md.
public enum FettleVersion {
    public static let text = "0.1.0"
}
