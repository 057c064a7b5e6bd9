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

    /// What is not as the plan wants it, in words. Where nobody could look nothing is proven either.
    func shortfalls() async -> [String] {
        if isTold { Output.writeLine("looking at the hosts again …") }
        do {
            let shortfalls = try await look()
            guard !shortfalls.isEmpty else { return [] }
            // A line that is cut for a moment, or a unit that is being restarted just then, is no failure of the run.
            try await Task.sleep(for: Self.pause)
            return try await look()
        } catch {
            return [Self.unseen(because: error)]
        }
    }

    /// In the run's own words, that the hosts could not be looked at.
    static func unseen(because error: any Error) -> String {
        "nothing is proven: \(FettleCommand.words(for: error))"
    }

    private static let pause = Duration.seconds(5)

    private func look() async throws -> [String] {
        let seen = try await evidence.gather(
            for: run, fleet: fleet, policy: policy, feeds: feeds.fleetFeeds(directory: directory))
        scan = seen.scan
        return try await evidence.shortfalls(of: seen.evidence)
    }
}
