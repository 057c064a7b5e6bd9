import FettleAssessment
public import FettleChecking
import FettleDriverKit
public import FettleModel
public import FettlePlanning
public import FettleStore

/// From findings to a proven plan: select, ask every host's own resolver, plan, check, keep.
public struct PlanService: Sendable {
    let keeper: StageKeeper
    let durations: DurationService
    let gate: Gate
    let tools: Tools

    public init(store: any Store, tools: Tools, access: Access = .local) {
        keeper = StageKeeper(store: store)
        gate = Gate(keeper, access, now: tools.now)
        durations = DurationService(store: store, tools: tools)
        self.tools = tools
    }

    public struct Result: Sendable {
        public var plan: Plan
        public var reference: StageReference
        public var report: PlanReport
        public var check: CheckReport
        /// Hosts in its scope of which too little is known to say what they need: they are in no plan, and not done either.
        public var unread: [UnreadHost] = []
    }

    /// Makes a plan from the newest findings and keeps it. The plan may be empty: then there is nothing to do.
    ///
    /// - Parameters:
    ///   - windows: nil: as the policy's calendar says.
    ///   - run: a run that stands still or has left hosts in quarantine: the plan takes its hosts over as they are.
    /// - Throws: `blocked` if no plan can be made or the checker finds a way to break an invariant; `invalid` for names that do
    ///   not exist.
    public func make(
        filter: PatchFilter, fleet: Fleet, policy: Policy, windows: WindowOffer? = nil, title: String? = nil,
        superseding run: RunID? = nil,
        progress: @escaping @Sendable (ResourceID) -> Void = { _ in },
        willAsk: @Sendable (Int) -> Void = { _ in }
    ) async throws(ControlError) -> Result {
        try await gate.require(.plan, on: ActScope(filter, fleet), saying: .title(title))
        try await gate.requireAccepted(policy, fleet)
        var filter = filter
        var superseded: SupersededRun?
        if let run {
            let runs = RunService(store: keeper.store, tools: tools)
            // Its plan ends that run: who may not is told now, and not when everybody has agreed.
            let old = try await runs.story(of: run).plan
            try await gate.require(.steer, on: ActScope(old), saying: .nothing)
            superseded = try await SupersededRun.read(run, runs)
            // All of the fleet is not meant: others may have to go before hosts that have to be first.
            if filter.environments.isEmpty, filter.groups.isEmpty, filter.resources.isEmpty {
                filter.resources = old.targets.map(\.resource).filter { fleet.resource($0) != nil }
            }
        }
        let (findings, findingsReference, facts) = try await newestFindings(for: fleet)
        let patches = SelectionPlanner.selectPatches(
            findings, facts: facts, fleet: fleet, policy: policy, filter: filter, at: tools.now())
        guard patches.unmatched.isEmpty else {
            throw ControlError(.invalid, "nothing is called \(patches.unmatched.joined(separator: ", "))")
        }
        try filter.requireSomebody(in: fleet)
        willAsk(patches.requests.count { !$0.wanted.isEmpty })
        let answers = await ask(patches.requests, progress: progress)
        let time = tools.now()
        let (selection, selectionReference) = try await keeper.keepNext(as: .selection, at: time) {
            id throws(ControlError) in
            SelectionPlanner.assemble(
                patches, answers: answers, policy: policy, id: id, findings: findingsReference, selectedAt: time,
                facts: facts, fleet: fleet)
        }
        var result = try await plan(
            selection, selectionReference, facts: facts, filter: filter, fleet: fleet, policy: policy, windows: windows,
            deadlines: PlanDeadlines.of(findings, selected: selection), title: title, superseded: superseded)
        result.unread = UnreadHost.all(result.unread, asked: answers)
        return result
    }

    /// The newest findings as they hold now, the reference of what is kept of them, and the facts that they rest on: a waiver that has
    /// run out since the scan hides nothing.
    ///
    /// - Throws: `notFound` if the fleet was never looked at.
    func newestFindings(
        for fleet: Fleet
    ) async throws(ControlError) -> (findings: FindingSet, reference: StageReference, facts: FactSet) {
        guard let (kept, reference) = try await keeper.newest(FindingSet.self, .findings) else {
            throw ControlError.neverLookedAt
        }
        let (facts, _) = try await keeper.load(FactSet.self, .facts, id: kept.facts.id)
        let waivers = try await Governance(store: keeper.store).waivers()
        let book = WaiverBook(waivers, fleet: fleet, systems: WaiverBook.systems(of: facts))
        return (book.applied(to: kept, at: tools.now()), reference, facts)
    }

    func plan(
        _ selection: Selection, _ reference: StageReference, facts: FactSet, filter: PatchFilter, fleet: Fleet,
        policy: Policy, windows: WindowOffer?, deadlines: [ResourceID: PlanningInput.Deadline], title: String?,
        superseded: SupersededRun?
    ) async throws(ControlError) -> Result {
        var report: PlanReport?
        var check = CheckReport(violations: [], method: .exact)
        let time = tools.now()
        let calendar = MaintenanceCalendar(policy: policy, fleet: fleet, from: time)
        let priors = try await durations.priors(fleet: fleet)
        let images = try await images(for: fleet, at: time)
        let maker = try await gate.actor()
        let (plan, planReference) = try await keeper.by(maker).keepNext(as: .plan, at: time) {
            id throws(ControlError) in
            var input = PlanningInput(
                id: PlanID(id), title: title, selection: selection, selectionReference: reference, facts: facts,
                fleet: fleet, policy: policy, createdAt: time, environments: filter.environments,
                named: Set(filter.resources), windows: windows ?? WindowOffer(calendar.offered), deadlines: deadlines)
            input.priors = priors
            input.images = images
            let made = try PlanMaking.make(input, superseding: superseded)
            report = made.report
            check = made.check
            return made.plan
        }
        guard var report else { throw ControlError(.internal, "the planner gave no report") }
        report.warnings += PlannedLevels.warnings(plan, facts: facts)
        return Result(
            plan: plan, reference: planReference, report: report, check: check,
            unread: UnreadHost.all(of: fleet, filter, facts: facts))
    }

    /// The catalogue of images as it was then; empty where no group's machines are made from it.
    func images(for fleet: Fleet, at time: Timestamp) async throws(ControlError) -> [ImageStanding] {
        let isAsked = fleet.groups.contains { group in
            if case .replace(_, _, _, .some) = group.strategy { true } else { false }
        }
        guard isAsked else { return [] }
        return try await ImageService(store: keeper.store).images().filter { $0.record.addedAt <= time }.map {
            ImageStanding($0.record, notes: $0.notes.filter { $0.at <= time })
        }
    }

    func ask(
        _ requests: [SelectionRequest], progress: @escaping @Sendable (ResourceID) -> Void
    ) async -> [ResourceID: Swift.Result<Resolution, StepFailure>] {
        let resolver = tools.resolver
        let asked = requests.filter { !$0.wanted.isEmpty }
        let answers = await asked.concurrentMap(limit: tools.parallel) { request, _ in
            progress(request.resource)
        } _: { request -> Swift.Result<Resolution, StepFailure> in
            do throws(StepFailure) {
                return .success(
                    try await resolver.resolve(
                        request.wanted, manager: request.manager, on: request.resource, at: request.address))
            } catch {
                return .failure(error)
            }
        }
        return Dictionary(zip(asked.map(\.resource), answers)) { _, last in last }
    }

    /// Those that the plan was made from.
    public func facts(of plan: Plan) async throws(ControlError) -> FactSet {
        try await keeper.basis(of: plan).facts
    }

    public func plan(_ id: PlanID) async throws(ControlError) -> (plan: Plan, reference: StageReference) {
        let (plan, reference) = try await keeper.load(Plan.self, .plan, id: id.rawValue)
        return (plan, reference)
    }
}

extension StageKeeper {
    /// What a plan was made from, by way of its selection.
    func basis(of plan: Plan) async throws(ControlError) -> (findings: FindingSet, facts: FactSet) {
        let (selection, _) = try await load(Selection.self, .selection, id: plan.selection.id)
        let (findings, _) = try await load(FindingSet.self, .findings, id: selection.findings.id)
        return (findings, try await load(FactSet.self, .facts, id: findings.facts.id).value)
    }
}
