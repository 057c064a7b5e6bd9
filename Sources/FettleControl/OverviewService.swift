import FettleAssessment
import FettleExecution
public import FettleModel
public import FettleReporting
public import FettleStore

/// What a glance at Fettle shows: the newest findings, the runs, what is in quarantine. Reads only.
public struct OverviewService: Sendable {
    let keeper: StageKeeper
    let runs: RunService
    private let now: @Sendable () -> Timestamp

    public init(store: any Store, tools: Tools) {
        now = tools.now
        keeper = StageKeeper(store: store)
        runs = RunService(store: store, tools: tools)
    }

    /// Changes that have a time, for calendars that subscribe to them.
    public func calendarFeed() async throws(ControlError) -> CalendarFeed {
        try await ChangeService(store: keeper.store, now: now).feed()
    }

    public struct Overview: Codable, Sendable, Equatable {
        /// nil: the fleet was never looked at.
        public var assessedAt: Timestamp?
        public var advisoriesChecked: Bool
        /// Why they were not; nil: they were, or the fleet was never looked at.
        public var advisoriesGap: String?
        public var findings: [Outcome: Int]
        public var notJudged: Int
        public var runs: [RunLine]
        public var quarantined: [QuarantineEntry]

        public init(
            assessedAt: Timestamp?, advisoriesChecked: Bool, findings: [Outcome: Int], notJudged: Int, runs: [RunLine],
            quarantined: [QuarantineEntry], advisoriesGap: String? = nil
        ) {
            self.assessedAt = assessedAt
            self.advisoriesChecked = advisoriesChecked
            self.advisoriesGap = advisoriesGap
            self.findings = findings
            self.notJudged = notJudged
            self.runs = runs
            self.quarantined = quarantined
        }
    }

    public struct RunLine: Codable, Sendable, Equatable {
        public var run: RunID
        public var change: ChangeID
        public var createdAt: Timestamp
        public var settledSteps: Int
        public var steps: Int
        public var outcome: RunOutcome?
        public var awaitingHuman: String?
        public var isPaused: Bool
        /// Why its journal or its plan cannot be read: how it stands is not known. nil: it was read.
        public var unreadable: String?
    }

    public func overview(runs limit: Int = 20) async throws(ControlError) -> Overview {
        let findings = try await findings()
        var counts: [Outcome: Int] = [:]
        for finding in findings?.findings ?? [] where !finding.isWaived { counts[finding.outcome, default: 0] += 1 }
        var lines: [RunLine] = []
        for summary in try await runs.runs(limit: limit) { lines.append(try await line(summary)) }
        return Overview(
            assessedAt: findings?.assessedAt, advisoriesChecked: findings?.feeds.advisoriesChecked ?? false,
            findings: counts, notJudged: findings?.notJudged.count ?? 0, runs: lines,
            quarantined: try await runs.quarantined(), advisoriesGap: findings?.feeds.advisoriesGap)
    }

    public func findings() async throws(ControlError) -> FindingSet? {
        guard let kept = try await keeper.newest(FindingSet.self, .findings)?.value else { return nil }
        // A waiver that has ended since then hides nothing.
        let waivers = try await Governance(store: keeper.store).waivers()
        return WaiverBook.withoutEnded(kept, waivers: waivers, at: now())
    }

    public func journal(of run: RunID) async throws(ControlError) -> [JournalRecord] {
        try await runs.story(of: run).journal
    }

    /// What is owed, over all runs.
    public func obligations() async throws(ControlError) -> ObligationService.Ledger {
        try await ObligationService(store: keeper.store, tools: runs.tools).ledger()
    }

    private func line(_ summary: RunSummary) async throws(ControlError) -> RunLine {
        let state: RunState
        do throws(ControlError) {
            state = try await runs.story(of: summary.run).state
        } catch {
            if error.code == .unavailable { throw error }
            return RunLine(
                run: summary.run, change: summary.change, createdAt: summary.createdAt, settledSteps: 0, steps: 0,
                isPaused: false, unreadable: error.message)
        }
        return RunLine(
            run: summary.run, change: summary.change, createdAt: summary.createdAt,
            settledSteps: state.progress.settled, steps: state.progress.total, outcome: state.outcome,
            awaitingHuman: state.awaitingHuman, isPaused: state.pause != nil)
    }
}
