import FettleControl
import FettleExecution
import FettleModel
import FettleReporting

/// The look at a run's hosts before it counts as succeeded. What it saw is kept for the report, so that nobody is asked twice.
actor LastLook {
    private let run: RunID
    private let evidence: EvidenceService
    private let reads: @Sendable () throws -> (Fleet, Policy)
    private let feeds: AdvisorySource
    private let directory: String?
    private let isTold: Bool
    private(set) var scan: ScanService.Scan?

    /// - Parameter reads: what is declared, as it is when the hosts are looked at.
    init(
        at run: RunID, _ evidence: EvidenceService, reads: @escaping @Sendable () throws -> (Fleet, Policy),
        feeds: AdvisorySource, directory: String?, isTold: Bool
    ) {
        self.run = run
        self.evidence = evidence
        self.reads = reads
        self.feeds = feeds
        self.directory = directory
        self.isTold = isTold
    }

    func proof() async -> RunProof {
        if isTold { Output.writeLine("looking at the hosts again …") }
        let first = await look()
        if first == .holds { return .holds }
        // A line that is cut for a moment, or a unit that is being restarted just then, is no failure of the run.
        try? await Task.sleep(for: Self.pause)
        let second = await look()
        // What was seen once is not undone by a look that could not be made.
        if case .unknown = second, case .fails = first { return first }
        return second
    }

    private static let pause = Duration.seconds(15)

    private func look() async -> RunProof {
        do {
            let (fleet, policy) = try reads()
            let seen = try await evidence.gather(
                for: run, fleet: fleet, policy: policy, feeds: feeds.fleetFeeds(directory: directory))
            scan = seen.scan
            let shortfalls = try await evidence.shortfalls(of: seen.evidence)
            return shortfalls.isEmpty ? .holds : .fails(shortfalls)
        } catch { return .unknown(FettleCommand.words(for: error)) }
    }
}
