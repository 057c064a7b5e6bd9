public import FettleModel

/// What a group demands of every plan that touches it, worked out as the planner does: so that a plan which was made before can be held
/// against the fleet as it is declared now.
public struct GroupLimits: Sendable, Equatable {
    /// How many members must stay available: as declared, and of a cluster its quorum at least.
    public var minimumAvailable: Int
    /// How many members the strategy lets be out at once, with every spare at work; nil: as many as a side of the group has.
    public var maximumOut: Int?

    public init(_ group: ResourceGroup) {
        minimumAvailable = StrategyPass.minimum(of: group)
        let size = group.members.count
        func surging(_ maximum: Quantity, _ surge: Quantity?) -> Int {
            maximum.asMaximum(of: group.regularCount)
                + min(surge?.asSurge(of: group.regularCount) ?? 0, group.spares?.count ?? 0)
        }
        maximumOut =
            switch StrategyPass.strategyWithReason(for: group).0 {
            case .rolling(let maximum, let surge): surging(maximum, surge)
            case .replace(_, let maximum, let surge, _): surging(maximum, surge)
            case .canary(_, _, let maximum, _, _), .replicasFirst(let maximum), .evacuate(let maximum),
                .throughController(_, let maximum):
                maximum.asMaximum(of: size)
            case .allAtOnce: size
            case .oneSideAtATime, .blueGreen: nil
            }
    }
}
