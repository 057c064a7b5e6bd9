import FettleDriverKit
public import FettleModel

/// The way of one step to its host: commands, with what goes wrong told as a step's failure.
struct HostSession: Sendable {
    let channels: any ChannelProvider
    let address: ResourceAddress
    let clock: DriverClock

    /// - Throws: `refused` if the plan names no address for the step's resource.
    init(_ step: Step, in context: StepContext, channels: any ChannelProvider, clock: DriverClock) throws(StepFailure) {
        guard let target = context.plan.target(step.resource) else {
            throw StepFailure(code: .refused, message: "the plan has no address for \(step.resource)")
        }
        self.init(to: target.address, channels: channels, clock: clock)
    }

    /// The way to a host for what is no step.
    init(to address: ResourceAddress, channels: any ChannelProvider, clock: DriverClock = DriverClock()) {
        self.channels = channels
        self.address = address
        self.clock = clock
    }

    func tryRun(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        try await channels.channel(to: address).run(command)
    }

    func run(_ command: RemoteCommand) async throws(StepFailure) -> CommandResult {
        do { return try await tryRun(command) } catch { throw StepFailure(error) }
    }

    /// A program as root that must succeed.
    func runRoot(
        _ command: RootCommand, timeout: Duration = .seconds(30), failingAs code: StepFailure.Code = .internal
    ) async throws(StepFailure) {
        let result = try await run(RemoteCommand(root: command, timeout: timeout))
        guard result.succeeded else {
            let program = command.arguments.first ?? "the command"
            let words = SafeText.lastLines(of: result.errorText) ?? "it said nothing"
            throw StepFailure(
                code: words.contains("No space left") ? .noSpace : code,
                message: "\(program) ended with status \(result.status): \(words)", output: HostText.tail(result))
        }
    }

    /// Runs a script of sections and takes its answer apart.
    func collect(_ script: SectionedScript, timeout: Duration = .seconds(60)) async throws(StepFailure) -> Transcript {
        let result = try await run(
            RemoteCommand(script: script.text, timeout: timeout, outputLimit: script.outputLimit))
        return Transcript(
            standardOutput: result.standardOutput, standardError: result.standardError, nonce: script.nonce)
    }

    /// - Parameter fingerprinted: with the fingerprint, which costs about as much as all the rest.
    func snapshot(fingerprinted: Bool = false) async throws(StepFailure) -> PackageSnapshot {
        let began = clock.now()
        let transcript = try await collect(SnapshotScript.make(fingerprinted: fingerprinted))
        return try snapshot(transcript, at: began)
    }

    private func snapshot(_ transcript: Transcript, at began: Timestamp) throws(StepFailure) -> PackageSnapshot {
        do {
            return PackageSnapshot(
                observedAt: began,
                entries: try PackageSnapshotParser.entries(try transcript.requiredOutput(of: "packages")),
                automatic: PackageSnapshotParser.automatic(try transcript.requiredOutput(of: "automatic")),
                locks: try transcript.output(of: "locks").map { text throws(FactError) in try LockParser.locks(text) }
                    ?? [],
                jobs: DetachedJob.states(try transcript.requiredOutput(of: "jobs")),
                freeBytes: PackageSnapshotParser.freeBytes(try transcript.requiredOutput(of: "space")),
                hasSystemd: FactText.lines(try transcript.requiredOutput(of: "system")).first == "systemd",
                fingerprint: PackageSnapshotParser.fingerprint(try? transcript.output(of: "fingerprint")))
        } catch {
            throw StepFailure(code: .internal, message: "the state of the packages cannot be read: \(error)")
        }
    }
}

/// Time as the drivers see it.
public struct DriverClock: Sendable {
    public var now: @Sendable () -> Timestamp
    /// Waits; returns at once when the task is cancelled.
    public var sleep: @Sendable (Duration) async -> Void

    public init(
        now: @escaping @Sendable () -> Timestamp = { Timestamp.now() },
        sleep: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) {
        self.now = now
        self.sleep = sleep
    }
}

/// Output of a host, cut and cleaned for a failure.
enum HostText {
    static let outputLimit = 4_096

    /// The end of a text, at most 4 KiB, without control characters.
    static func tail(_ text: String) -> String {
        let lines = text.replacing("\r", with: "\n")
        var clean = FactText.decode(lines.utf8.suffix(outputLimit))
        while clean.utf8.count > outputLimit { clean.removeFirst() }
        return clean
    }

    static func tail(_ result: CommandResult) -> String {
        tail(result.outputText + (result.standardError.isEmpty ? "" : "\n" + result.errorText))
    }

    static func mebibytes(_ bytes: Int64) -> String {
        let tenths = (bytes * 10 + 524_288) / 1_048_576
        return tenths >= 1_000 ? "\(tenths / 10) MiB" : "\(tenths / 10).\(tenths % 10) MiB"
    }
}
