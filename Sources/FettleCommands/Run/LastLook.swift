import FettleControl
import FettleModel
import FettleReporting

/// The look at a run's hosts before it counts as succeeded. What it saw is kept for the report, so that nobody is asked twice.
actor LastLook {
    private let run: RunID
    private let evidence: EvidenceService
    private let fleet: Fleet
    private let policy: Policy
    private let feeds: AdvisorySource
    private let directory: String?
    private let isTold: Bool
    private(set) var scan: ScanService.Scan?

    init(
        at run: RunID, _ evidence: EvidenceService, fleet: Fleet, policy: Policy, feeds: AdvisorySource,
        directory: String?, isTold: Bool
    ) {
        self.run = run
        self.evidence = evidence
        self.fleet = fleet
        self.policy = policy
        self.feeds = feeds
        self.directory = directory
        self.isTold = isTold
    }

    /// What is not as the plan wants it, in words. Empty too where nothing could be looked at, the store or the feeds, say: that is told by
    /// the exit code, and says nothing of the hosts, which their own steps have proven.
    func shortfalls() async -> [String] {
        if isTold { Output.writeLine("looking at the hosts again …") }
        let first = try? await look()
        if let first, first.isEmpty { return [] }
        // A line that is cut for a moment, or a unit that is being restarted just then, is no failure of the run.
        try? await Task.sleep(for: Self.pause)
        return (try? await look()) ?? first ?? []
    }

    private static let pause = Duration.seconds(15)

    private func look() async throws -> [String] {
        let seen = try await evidence.gather(
            for: run, fleet: fleet, policy: policy, feeds: feeds.fleetFeeds(directory: directory))
        scan = seen.scan
        return try await evidence.shortfalls(of: seen.evidence)
    }
}
