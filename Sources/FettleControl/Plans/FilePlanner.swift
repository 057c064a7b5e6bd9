public import FettleModel
public import FettlePlanning

/// Plans from values that were read from files: no store, no host, no clock. The same values and the same time give the same plan to
/// the byte; its name comes from its content.
public struct FilePlanner: Sendable {
    public var fleet: Fleet
    public var policy: Policy
    public var facts: FactSet
    public var basis: Basis
    public var filter: PatchFilter
    /// nil: as the policy's calendar says.
    public var windows: WindowOffer?
    public var title: String?

    /// What is wanted.
    public enum Basis: Sendable {
        /// What was found; what each host's resolver would answer is taken from the facts.
        case findings(FindingSet)
        /// With the answers of the hosts' own resolvers, such as `fettle export selection` writes it.
        case selection(Selection)
    }

    public init(
        fleet: Fleet, policy: Policy, facts: FactSet, basis: Basis, filter: PatchFilter = PatchFilter(),
        windows: WindowOffer? = nil, title: String? = nil
    ) {
        self.fleet = fleet
        self.policy = policy
        self.facts = facts
        self.basis = basis
        self.filter = filter
        self.windows = windows
        self.title = title
    }

    /// - Throws: `invalid` for names that do not exist; `blocked` if no plan can be made.
    public func plan(at time: Timestamp) throws(ControlError) -> PlanService.Result {
        var deadlines: [ResourceID: PlanningInput.Deadline] = [:]
        let selection: Selection
        let reference: StageReference
        switch basis {
        case .findings(let found):
            let findings = Self.withoutExpired(found, at: time)
            selection = try select(from: findings, found, at: time)
            reference = try Self.named(selection)
            deadlines = PlanDeadlines.of(findings, selected: selection)
        case .selection(let given):
            reference = StageReference(id: given.id, digest: try StageKeeper.digest(of: given))
            selection = try narrowed(given)
        }
        let input = PlanningInput(
            id: "plan", title: title, selection: selection, selectionReference: reference, facts: facts, fleet: fleet,
            policy: policy, createdAt: time, environments: filter.environments, named: Set(filter.resources),
            windows: windows ?? WindowOffer(MaintenanceCalendar(policy: policy, fleet: fleet, from: time).offered),
            deadlines: deadlines)
        var made = try PlanMaking.make(input)
        let name = PlanID("plan-\(try PlanDocument.digest(of: made.plan).short)")
        made.plan.id = name
        made.report.plan = name
        return PlanService.Result(
            plan: made.plan,
            reference: StageReference(id: name.rawValue, digest: try PlanDocument.digest(of: made.plan)),
            report: made.report, check: made.check, unread: UnreadHost.all(of: fleet, filter, facts: facts))
    }

    /// A waiver that has run out since the findings were judged hides nothing.
    private static func withoutExpired(_ findings: FindingSet, at time: Timestamp) -> FindingSet {
        var findings = findings
        for place in findings.findings.indices where findings.findings[place].waivers != nil {
            findings.findings[place].waivers?.removeAll { $0.expiresAt <= time }
        }
        return findings
    }

    private func select(
        from findings: FindingSet, _ found: FindingSet, at time: Timestamp
    ) throws(ControlError) -> Selection {
        let patches = SelectionPlanner.selectPatches(
            findings, facts: facts, fleet: fleet, policy: policy, filter: filter, at: time)
        guard patches.unmatched.isEmpty else {
            throw ControlError(.invalid, "nothing is called \(patches.unmatched.joined(separator: ", "))")
        }
        try filter.requireSomebody(in: fleet)
        return SelectionPlanner.assemble(
            patches, answers: OfferedAnswers.of(patches.requests, facts: facts), policy: policy, id: "selection",
            findings: StageReference(id: found.id, digest: try StageKeeper.digest(of: found)), selectedAt: time,
            facts: facts, fleet: fleet)
    }

    private static func named(_ selection: Selection) throws(ControlError) -> StageReference {
        var selection = selection
        selection.id = "selection-\(try StageKeeper.digest(of: selection).short)"
        return StageReference(id: selection.id, digest: try StageKeeper.digest(of: selection))
    }

    /// What was selected is given: it can be narrowed to hosts, and not to packages, because a host's answer is one whole.
    private func narrowed(_ selection: Selection) throws(ControlError) -> Selection {
        guard filter.packages.isEmpty, !filter.onlySecurity else {
            throw ControlError(
                .invalid, "a selection has chosen its packages already",
                hint: "plan from findings to choose packages, or leave --only and --security out")
        }
        guard filter != PatchFilter() else { return selection }
        try filter.requireSomebody(in: fleet)
        let inScope = Set(fleet.resources.filter { filter.includes($0, in: fleet) }.map(\.id))
        var selection = selection
        selection.hosts.removeAll { !inScope.contains($0.resource) }
        selection.leftOut.removeAll { !inScope.contains($0.resource) }
        return selection
    }
}
