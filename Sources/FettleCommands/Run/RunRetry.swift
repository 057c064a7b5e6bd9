import ArgumentParser
import FettleControl
import FettleModel
import FettleStore

struct RunRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Try again what failed or stands still.",
        discussion: """
            Without a choice everything that failed or waits is tried again. With --failed only the hosts that failed, with --host or \
            --step only those named. A host in quarantine is settled first; a run that has ended needs a new plan.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var target: RunRequestArguments
    @Flag(help: "Only hosts that failed; nothing else is asked again.") var failed = false
    @Option(name: .customLong("host"), help: "A host that failed; may be given several times.") var hosts: [String] = []
    @Option(name: .customLong("step"), help: "A step that failed, such as web-1/gate: its host is tried again.")
    var steps: [String] = []

    func run() async throws {
        guard failed || !hosts.isEmpty || !steps.isEmpty else {
            return try await target.ask(options) { person, _ in .retry(by: person) }
        }
        let session = try Session(options)
        let resources = try await session.runs.retry(
            of: RunID(target.run), hosts: hosts.map { ResourceID($0) }, steps: steps.map { StepID($0) })
        try await target.ask(session) { person, _ in .retryFailed(resources: resources, by: person) }
    }
}
