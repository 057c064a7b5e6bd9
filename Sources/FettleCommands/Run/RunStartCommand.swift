import ArgumentParser
import FettleControl
import FettleExecution
import FettleModel
import FettleStore
import Foundation

struct RunStartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Carry an approved change out, and watch it.",
        discussion: """
            Ctrl-C (or SIGTERM) finishes what is under way, brings hosts that are out back, pauses the run and leaves; a second one
            ends this process at once. Either way `fettle run resume` goes on. If the terminal is closed the run goes on without it.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var display: RunDisplayArguments
    @Argument(help: "The approved change, such as change-1.") var change: String

    func run() async throws {
        let session = try Session(options)
        let asked = try await session.changes.change(ChangeID(change))
        if let words = asked.sharedLoginWords { session.note(words) }
        await session.noteUnseconded(asked, fleet: try? session.fleetIfAny)
        let run = try await session.runs.create(
            for: ChangeID(change), calendar: session.calendar, fleet: session.fleetIfAny, by: session.person)
        try await RunWatcher(session: session, display: display).carryOut(run, takeOver: .never)
    }
}

struct RunResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Go on with a run that is paused, or whose process has died.",
        discussion:
            "Where another process carries the run out, that one goes on; otherwise this one does, from the journal.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var display: RunDisplayArguments
    @Argument(help: "The run, such as run-1.") var run: String
    @Flag(help: "Although another process seems to hold it: that process touches nothing more.") var takeOver = false

    func run() async throws {
        let session = try Session(options)
        let watcher = RunWatcher(session: session, display: display)
        let story = try await session.runs.story(of: RunID(run))
        if story.state.outcome != nil { try await watcher.tellEnd(of: story) }
        let executor = story.summary.executor
        let isOrphan = executor.map(ExecutorName.isGone) ?? true
        if story.state.pause != nil {
            try await session.runs.ask(.resume(by: session.person), of: RunID(run))
            if !isOrphan, !takeOver {
                if options.output == .json {
                    return try session.printJSON(RunAnswer(story, report: nil, goesOnIn: executor))
                }
                return session.print("asked; the process that carries \(run.printable) out goes on with it")
            }
        }
        if takeOver, !isOrphan, let executor {
            session.note(
                "\(executor) may live: nothing is begun until it must have noticed that it has lost the run, for a third of its lease"
            )
        }
        try await watcher.carryOut(
            RunID(run), takeOver: isOrphan ? .fromWhoIsGone : takeOver ? .fromAnybody : .never,
            goesOn: !story.journal.isEmpty)
    }
}

struct RunDisplayArguments: ParsableArguments {
    @OptionGroup(title: "Feeds for the check afterwards") var advisories: AdvisoryOptions
    @Option(help: "Write the HTML report here when the run ends.") var report: String?
    @Flag(help: "Do not look at the hosts again when the run ends.") var noVerify = false
    @Flag(help: "Leave the run (exit code 4) when a gate asks a person, rather than wait for the answer with it.")
    var noStay = false
}

/// `host:pid`, so that a run whose process died on this machine can be taken over at once. In a container `host:pid:namespace`: two of
/// one name see each other's numbers nowhere.
enum ExecutorName {
    static var own: String {
        let process = "\(ProcessInfo.processInfo.hostName):\(ProcessInfo.processInfo.processIdentifier)"
        return namespace.map { "\(process):\($0)" } ?? process
    }

    /// Whether that process was on this machine and is no more.
    static func isGone(_ name: String) -> Bool {
        let parts = name.split(separator: ":").map(String.init)
        guard parts.count == (namespace == nil ? 2 : 3), parts[0] == ProcessInfo.processInfo.hostName,
            parts.count == 2 || parts[2] == namespace, let process = pid_t(parts[1])
        else { return false }
        return kill(process, 0) == -1 && errno == ESRCH
    }

    /// The namespace of process numbers; nil: the machine's own, whose number is the same on every Linux (`PROC_PID_INIT_INO`), or none
    /// can be told.
    private static let namespace: String? = {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        guard let number = link?.split(whereSeparator: { !$0.isNumber }).first, number != "4026531836" else {
            return nil
        }
        return String(number)
    }()
}
