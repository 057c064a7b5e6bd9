public import FettleModel

/// Finds out which demand makes a plan miss a deadline, by planning again without it.
public enum DeadlineExplainer {
    /// Deadlines beyond these are told and not explained: their reasons are nearly always the same.
    static let most = 5

    /// What holds one resource back.
    public struct Reason: Codable, Sendable, Equatable {
        public var missed: PlanReport.MissedDeadline
        /// Each of these alone makes the difference: without it the deadline is met. Empty if no single one does.
        public var demands: [Conflict.Stated]
        /// When it would be back if nothing at all were demanded: the work itself.
        public var earliest: Timestamp?

        public init(missed: PlanReport.MissedDeadline, demands: [Conflict.Stated], earliest: Timestamp?) {
            self.missed = missed
            self.demands = demands
            self.earliest = earliest
        }
    }

    public static func explain(_ input: PlanningInput, _ report: PlanReport) -> [Reason] {
        report.missedDeadlines.prefix(most).map { missed in
            let groups = input.fleet.groups(of: missed.resource)
            let related = Set(groups.map(\.id)).union(groups.flatMap(\.after))
            let demands = input.demands(of: related)
            let decisive = demands.filter { isMet(missed, without: [$0], input) }
            let free = reportWithout(demands, input)
            return Reason(
                missed: missed, demands: decisive.map { .init(demand: $0, words: $0.words(in: input)) },
                earliest: free.map { back(missed.resource, in: $0) } ?? nil)
        }
    }

    private static func isMet(
        _ missed: PlanReport.MissedDeadline, without dropped: [Demand], _ input: PlanningInput
    ) -> Bool {
        guard let report = reportWithout(dropped, input) else { return false }
        return !report.missedDeadlines.contains { $0.resource == missed.resource }
    }

    private static func reportWithout(_ dropped: [Demand], _ input: PlanningInput) -> PlanReport? {
        (try? Planner.plan(dropped.reduce(input) { $1.dropped(from: $0) }))?.1
    }

    private static func back(_ resource: ResourceID, in report: PlanReport) -> Timestamp? {
        report.missedDeadlines.first { $0.resource == resource }?.expectedAt
            ?? report.hosts.first { $0.resource == resource }.map {
                report.startsAt.adding(seconds: $0.backAfterSeconds)
            }
    }
}
