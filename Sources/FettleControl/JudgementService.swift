public import FettleAssessment
public import FettleModel
public import FettleReporting
public import FettleStore

/// What is urgent and why, from the newest findings: both risks, due dates, waivers, and what was not checked. Reads only.
public struct JudgementService: Sendable {
    private let waivers: WaiverService
    private let compliance: ComplianceService
    private let risks: RiskService

    public init(store: any Store, tools: Tools) {
        waivers = WaiverService(store: store, now: tools.now)
        compliance = ComplianceService(store: store, now: tools.now)
        risks = RiskService(store: store, tools: tools)
    }

    /// The fleet as it stands now; nil if it was never looked at.
    public func judgement(
        fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds
    ) async throws(ControlError) -> JudgementSummary? {
        guard let look = try await waivers.newestLook() else { return nil }
        let kept = try await waivers.findings(of: look, fleet: fleet)
        let findings = FindingAges(try await waivers.governance.sightings()).applied(to: kept, policy: policy)
        let report = try await compliance.report(on: fleet.resources, fleet: fleet, policy: policy)
        let standings = report.environments.count > 1 ? report.environments + [report.total] : [report.total]
        return try await summary(
            of: findings, fleet: fleet, policy: policy, feeds: feeds,
            compliance: standings.map(JudgementSummary.Standing.init))
    }

    /// What was judged before a run, of the resources that its plan is about. The risks are weighed as they stand now.
    public func judgement(
        before evidence: Evidence, fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds
    ) async throws(ControlError) -> JudgementSummary {
        let targets = Set(evidence.plan.targets.map(\.resource))
        var findings = evidence.findingsBefore
        findings.findings.removeAll { !targets.contains($0.resource) }
        findings.notJudged.removeAll { !targets.contains($0.resource) }
        findings.undecided?.removeAll { !targets.contains($0.resource) }
        return try await summary(of: findings, fleet: fleet, policy: policy, feeds: feeds, compliance: [])
    }

    /// Only what is shown is weighed: a fleet has thousands of patches, a page some of them.
    private func summary(
        of findings: FindingSet, fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds,
        compliance: [JudgementSummary.Standing]
    ) async throws(ControlError) -> JudgementSummary {
        let shown = Set(JudgementSummary(findings).patches.map { [$0.source, $0.fixed ?? ""] })
        let weighed = findings.findings.filter { !$0.isWaived && shown.contains([$0.source, $0.fixed ?? ""]) }
        let ledgers = Dictionary(
            grouping: try await risks.ledgers(weighed, fleet: fleet, policy: policy, feeds: feeds)
        ) { [$0.package, $0.version ?? ""] }
        return JudgementSummary(
            findings, risks: { (ledgers[[$0, $1 ?? ""]] ?? []).map(JudgementSummary.Risk.init) }, compliance: compliance
        )
    }
}

extension JudgementSummary.Risk {
    init(_ ledger: RiskLedger) {
        self.init(
            group: ledger.group, unit: "\(ledger.unit) a day", waitingPerDay: ledger.waiting.perDay,
            patchingPerDay: ledger.patching.perDay, waiting: RiskTerm.figure(ledger.waiting.perDay),
            patching: RiskTerm.figure(ledger.patching.perDay), crossing: ledger.crossing.words,
            explanation: ledger.explanation)
    }
}

extension JudgementSummary.Standing {
    init(_ part: ComplianceReport.Part) {
        self.init(
            name: part.name, resources: part.resources, notJudged: part.notJudged, withinDue: part.withinDue,
            overdue: part.overdue, overdueWithoutFix: part.overdueWithoutFix, waived: part.waived,
            mostDaysOverdue: part.mostDaysOverdue)
    }
}
