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
    @Flag(help: "Although another process seems to hold it: that process begins nothing more.") var takeOver = false

    func run() async throws {
        let session = try Session(options)
        let watcher = RunWatcher(session: session, display: display)
        let story = try await session.runs.story(of: RunID(run))
        if story.state.outcome != nil { try await watcher.tellEnd(of: story) }
        let executor = story.summary.executor
        let isGone = executor.map(ExecutorName.isGone) ?? true
        var ask: (@Sendable () async throws -> Void)?
        if story.state.pause != nil {
            let (runs, person, id) = (session.runs, session.person, RunID(run))
            ask = { try await runs.ask(.resume(by: person), of: id) }
        }
        if let asks = ask, isGone || !takeOver {
            try await asks()
            ask = nil
            if !isGone {
                if options.output == .json {
                    return try session.printJSON(RunAnswer(story, report: nil, goesOnIn: executor))
                }
                return session.print("asked; the process that carries \(run.printable) out goes on with it")
            }
        }
        if takeOver, !isGone, let executor {
            session.note(
                "\(executor) may live: nothing is begun until it must have noticed that it has lost the run, for a third of its lease"
            )
        }
        let way: TakeOver =
            if let executor, isGone { .fromWhoIsGone(executor) } else { takeOver ? .fromAnybody : .never }
        // Who lives and loses the run is not told to go on with it first.
        try await watcher.carryOut(
            RunID(run), takeOver: way, goesOn: !story.journal.isEmpty, claimed: ask ?? {})
    }
}

struct RunDisplayArguments: ParsableArguments {
    @OptionGroup(title: "Feeds for the check afterwards") var advisories: AdvisoryOptions
    @Option(help: "Write the HTML report here when the run ends.") var report: String?
    @Flag(help: "Do not look at the hosts again when the run ends.") var noVerify = false
    @Flag(help: "Leave the run (exit code 4) when a gate asks a person, rather than wait for the answer with it.")
    var noStay = false
}

/// `host:pid:kernel`, so that a run whose process died on this machine can be taken over at once. The last part tells the running kernel
/// and the namespace of process numbers: two machines, or two containers, may have one name, and see each other's processes nowhere.
enum ExecutorName {
    static var own: String {
        "\(ProcessInfo.processInfo.hostName):\(ProcessInfo.processInfo.processIdentifier):\(kernel)"
    }

    /// Whether that process was on this machine, since it was started, and is no more.
    static func isGone(_ name: String) -> Bool {
        let parts = name.split(separator: ":").map(String.init)
        guard parts.count == 3, parts[0] == ProcessInfo.processInfo.hostName, parts[2] == kernel,
            let process = pid_t(parts[1])
        else { return false }
        return kill(process, 0) == -1 && errno == ESRCH
    }

    private static let kernel: String = {
        let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        let namespace = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        return mark(boot: boot ?? "", namespace: namespace ?? "")
    }()

    /// Eight digits (FNV-1a): a name is read by people too.
    static func mark(boot: String, namespace: String) -> String {
        let hash = "\(boot)\n\(namespace)".utf8.reduce(UInt32(0x811c_9dc5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
