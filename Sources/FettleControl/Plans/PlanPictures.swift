public import FettleAssessment
public import FettleChecking
public import FettleModel
public import FettlePlanning
public import FettleReporting

/// What a plan's page shows, put together from what is at hand.
public enum PlanPictures {
    /// - Parameters:
    ///   - report: the planner's own; nil: the plan is from a file or was made some time ago.
    ///   - selection: what the plan was made from; nil: not at hand.
    public static func picture(
        of plan: Plan, digest: Digest, check: CheckReport, report: PlanReport? = nil, selection: Selection? = nil,
        risks: [RiskLedger] = []
    ) -> PlanPicture {
        let timeline = PlanTimeline(plan)
        let reasons = report?.groups.map { ($0.id, $0.reason) } ?? []
        return PlanPicture(
            plan: plan, digest: digest,
            times: PlanTimes(
                begins: timeline.begins, ends: timeline.ends, total: timeline.total, start: timeline.start),
            leftOut: report?.leftOut ?? selection.map { leftOut($0, of: plan) },
            reasons: Dictionary(reasons, uniquingKeysWith: { first, _ in first }),
            unavailable: Set((report?.groups ?? []).flatMap(\.unavailable)), warnings: report?.warnings ?? [],
            risks: risks.map(risk), proof: proof(check))
    }

    /// What the selection left out, and what of it the plan does not touch.
    private static func leftOut(_ selection: Selection, of plan: Plan) -> [Selection.LeftOut] {
        let targets = Set(plan.targets.map(\.resource))
        let untouched = selection.hosts.filter { !targets.contains($0.resource) }.map {
            Selection.LeftOut(
                resource: $0.resource, subject: nil, reason: "selected, but left alone when this plan was made")
        }
        return selection.leftOut + untouched
    }

    private static func proof(_ check: CheckReport) -> PlanPicture.Proof {
        guard check.isProven else { return .broken(check.violations.map(\.description)) }
        return .proven(how: method(check.method))
    }

    /// How a plan was proven, in words.
    public static func method(_ method: CheckReport.Method) -> String {
        method == .exact ? "every reachable state was judged" : "by a bound over all reachable states"
    }

    private static func risk(_ ledger: RiskLedger) -> PlanPicture.Risk {
        let due = ledger.dueAt.map { "due \($0.description.prefix(10))" } ?? "no due date"
        return PlanPicture.Risk(
            package: ledger.package, version: ledger.version ?? "", group: ledger.group,
            waiting: RiskTerm.figure(ledger.waiting.perDay), patching: RiskTerm.figure(ledger.patching.perDay),
            unit: ledger.unit, crossing: ledger.crossing.words, outcome: "\(ledger.outcome.rawValue), \(due)")
    }
}
