public import FettleAssessment
import FettleExecution
public import FettleModel
public import FettleReporting
public import FettleStore

/// Proves afterwards what became of a run: the hosts are looked at again, by other means than the run's own steps.
public struct EvidenceService: Sendable {
    let keeper: StageKeeper
    let runs: RunService
    let scans: ScanService
    let tools: Tools

    public init(store: any Store, tools: Tools, access: Access = .local) {
        keeper = StageKeeper(store: store)
        runs = RunService(store: store, tools: tools, access: access)
        scans = ScanService(store: store, tools: tools, access: access)
        self.tools = tools
    }

    /// Collects the facts of every member of every group that the run could touch, and judges them.
    ///
    /// Evidence of a run that has ended is kept, once; of one that goes on it is a look in between, and is not.
    ///
    /// - Parameter scan: what was seen when the hosts were looked at a moment ago; nil: they are looked at now.
    public func gather(
        for run: RunID, fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds, seen scan: ScanService.Scan? = nil
    ) async throws(ControlError) -> (evidence: Evidence, scan: ScanService.Scan) {
        let story = try await runs.story(of: run)
        let plan = story.plan
        let concerned = Set(plan.targets.map(\.resource)).union(plan.groups.flatMap(\.members))
        let members = fleet.resources.filter { concerned.contains($0.id) }
        // While the hosts answer, what was known before is read.
        async let looked = looked(at: members, fleet, policy, feeds, unless: scan)
        let change = try await runs.changes.change(story.summary.change)
        let (findings, before) = try await keeper.basis(of: plan)
        let scan = try await looked.get()
        let evidence = Evidence(
            run: run, change: change, plan: plan, before: before, after: scan.facts, findingsBefore: findings,
            findingsAfter: scan.findings, journal: story.journal)
        if story.state.outcome != nil, try await kept(run) == nil {
            try await keeper.keep(evidence, as: .evidence, id: run.rawValue, at: tools.now())
        }
        return (evidence, scan)
    }

    private func looked(
        at members: [Resource], _ fleet: Fleet, _ policy: Policy, _ feeds: AdvisoryFeeds, unless seen: ScanService.Scan?
    ) async -> Result<ScanService.Scan, ControlError> {
        if let seen { return .success(seen) }
        do throws(ControlError) {
            return .success(try await scans.scan(members, fleet: fleet, policy: policy, feeds: feeds))
        } catch { return .failure(error) }
    }

    /// What was gathered when the run ended; nil if nothing was.
    public func kept(_ run: RunID) async throws(ControlError) -> Evidence? {
        do throws(ControlError) {
            return try await keeper.load(Evidence.self, .evidence, id: run.rawValue).value
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// What keeps the run from having succeeded, in words; empty: nothing does.
    public func shortfalls(of evidence: Evidence) async throws(ControlError) -> [String] {
        let (selection, _) = try await keeper.load(Selection.self, .selection, id: evidence.plan.selection.id)
        return RunReport.shortfalls(of: evidence, closing: Set(selection.hosts.flatMap(\.findings)))
    }

    /// - Parameter judgement: of the run's targets before it, as `JudgementService` makes it.
    public static func report(_ evidence: Evidence, judgement: JudgementSummary? = nil) -> RunReport {
        RunReport(evidence, judgement: judgement)
    }
}
