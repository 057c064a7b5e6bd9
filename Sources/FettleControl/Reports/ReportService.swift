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

    /// - Parameter resources: those that are asked about.
    /// - Throws: `notFound` if the fleet was never looked at, except for exceptions and ownership, which need no look.
    public func report(
        _ kind: Kind, on resources: [Resource], fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> ReportDocument {
        switch kind {
        case .compliance:
            ComplianceDocument.make(try await compliance.standing(of: resources, fleet: fleet, policy: policy))
        case .age: AgeDocument.make(try await compliance.standing(of: resources, fleet: fleet, policy: policy))
        case .exceptions: try await exceptions(resources, fleet, policy)
        case .ownership:
            OwnershipDocument.make(
                resources, obligations: try await governance.obligations(resources, policy: policy), at: now())
        case .alignment:
            AlignmentDocument.make(try await compliance.standing(of: resources, fleet: fleet, policy: policy))
        case .trend:
            TrendDocument.make(
                try await compliance.standing(of: resources, fleet: fleet, policy: policy), runs: try await runLines())
        }
    }

    /// A team's own list of systems and versions, held against what was observed.
    ///
    /// - Throws: `notFound` if the fleet was never looked at.
    public func alignment(
        with list: SystemList, on resources: [Resource], fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> (ReportDocument, ListComparison) {
        let standing = try await compliance.standing(of: resources, fleet: fleet, policy: policy)
        let comparison = ListJudge(resources, facts: standing.facts).compare(list)
        return (ListDocument.make(standing, list: list, comparison), comparison)
    }

    /// Names of packages that any system has, as its newest facts say.
    public func packageNames() async throws(ControlError) -> Set<String> {
        try await governance.facts().hosts.reduce(into: []) { names, host in
            for package in host.packages.value ?? [] { names.formUnion([package.name, package.source]) }
        }
    }

    private func exceptions(
        _ resources: [Resource], _ fleet: Fleet, _ policy: Policy
    ) async throws(ControlError) -> ReportDocument {
        let waivers = try await compliance.waivers.waivers()
        var standing: Standing?
        do throws(ControlError) {
            standing = try await compliance.standing(of: resources, fleet: fleet, policy: policy)
        } catch {
            guard error.code == .notFound else { throw error }
        }
        return ExceptionsDocument.make(standing, waivers: waivers, at: now())
    }

    /// More runs than a page tells of would each have to be replayed.
    private static let runLimit = 200

    private func runLines() async throws(ControlError) -> [TrendDocument.RunLine] {
        var lines: [TrendDocument.RunLine] = []
        for summary in try await runs.runs(limit: Self.runLimit) {
            let story = try await runs.story(of: summary.run)
            lines.append(
                .init(
                    run: summary.run, title: story.plan.title, createdAt: summary.createdAt,
                    outcome: story.state.outcome))
        }
        return lines
    }
}
