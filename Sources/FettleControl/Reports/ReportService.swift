public import FettleAssessment
import FettleExecution
public import FettleModel
public import FettleReporting
public import FettleStore

/// Reports of the fleet, from what is kept. Reads only, and looks at no host.
public struct ReportService: Sendable {
    let compliance: ComplianceService
    let governance: GovernanceService
    let runs: RunService
    let now: @Sendable () -> Timestamp

    public init(store: any Store, tools: Tools) {
        compliance = ComplianceService(store: store, now: tools.now)
        governance = GovernanceService(store: store, tools: tools)
        runs = RunService(store: store, tools: tools)
        now = tools.now
    }

    /// Which report, as `fettle report` calls it. A run's is made from its evidence (`RunDocument`).
    public enum Kind: String, Sendable, CaseIterable {
        case compliance, age, exceptions, ownership, alignment, trend
    }

    /// The newest look, which `report` takes: what is most of the work of large fleets, and needs neither `fleet.yaml` nor the policy.
    ///
    /// - Returns: nil if the fleet was never looked at, and for a report that is not made of it.
    public func look(for kind: Kind) async throws(ControlError) -> FleetLook? {
        kind == .ownership ? nil : try await compliance.waivers.newestLook(whole: kind == .alignment)
    }

    /// - Parameters:
    ///   - resources: those that are asked about.
    ///   - look: what `look(for:)` returned.
    /// - Throws: `notFound` if the fleet was never looked at, except for exceptions and ownership, which need no look.
    public func report(
        _ kind: Kind, of look: FleetLook?, on resources: [Resource], fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> ReportDocument {
        func standing() async throws(ControlError) -> Standing {
            try await compliance.standing(of: resources, look: look, fleet: fleet, policy: policy)
        }
        return switch kind {
        case .compliance: ComplianceDocument.make(try await standing())
        case .age: AgeDocument.make(try await standing())
        case .exceptions:
            ExceptionsDocument.make(
                look == nil ? nil : try await standing(), waivers: try await compliance.waivers.waivers(), at: now())
        case .ownership:
            OwnershipDocument.make(
                resources, obligations: try await governance.obligations(resources, policy: policy), at: now())
        case .alignment: AlignmentDocument.make(try await standing(), facts: try whole(look))
        case .trend: TrendDocument.make(try await standing(), runs: try await runLines())
        }
    }

    /// The same of the newest look.
    public func report(
        _ kind: Kind, on resources: [Resource], fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> ReportDocument {
        try await report(kind, of: try await look(for: kind), on: resources, fleet: fleet, policy: policy)
    }

    /// A team's own list of systems and versions, held against what was observed.
    ///
    /// - Throws: `notFound` if the fleet was never looked at.
    public func alignment(
        with list: SystemList, on resources: [Resource], fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> (ReportDocument, ListComparison) {
        let look = try await look(for: .alignment)
        let standing = try await compliance.standing(of: resources, look: look, fleet: fleet, policy: policy)
        let comparison = ListJudge(resources, facts: try whole(look)).compare(list)
        return (ListDocument.make(standing, list: list, comparison), comparison)
    }

    private func whole(_ look: FleetLook?) throws(ControlError) -> FactSet {
        guard let facts = look?.facts else { throw ControlError.neverLookedAt }
        return facts
    }

    /// Names of packages that any system has, as its newest facts say.
    public func packageNames() async throws(ControlError) -> Set<String> {
        try await governance.facts().hosts.reduce(into: []) { names, host in
            for package in host.packages.value ?? [] { names.formUnion([package.name, package.source]) }
        }
    }

    /// More runs than a page tells of would each have to be replayed.
    private static let runLimit = 200

    private func runLines() async throws(ControlError) -> [TrendDocument.RunLine] {
        var lines: [TrendDocument.RunLine] = []
        for summary in try await runs.runs(limit: Self.runLimit) {
            do throws(ControlError) {
                let story = try await runs.story(of: summary.run)
                lines.append(
                    .init(
                        run: summary.run, title: story.plan.title, createdAt: summary.createdAt,
                        outcome: story.state.outcome))
            } catch {
                guard error.isOfWhatIsKept else { throw error }
                lines.append(
                    .init(
                        run: summary.run, title: "", createdAt: summary.createdAt, outcome: nil,
                        unreadable: error.message))
            }
        }
        return lines
    }
}
