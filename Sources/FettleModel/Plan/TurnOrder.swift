/// Resources that take their turns: nobody is taken out before everyone of all earlier turns is finished, and two of different
/// turns are never out together, whatever way each of them goes (I1, I3).
///
/// What one is after another holds whoever drops out: who waits, waits for all earlier turns, not only for the one before. So
/// a pool whose members stand one to a turn in m orders has at most m of them out in any state, and the environments of a
/// fleet follow each other, in a plan that grows with the number of resources and not with its square.
public struct TurnOrder: Codable, Sendable, Equatable {
    /// Why it is kept, for people, such as `pool web: at most 1 of 3 out`.
    public var reason: String
    /// From first to last; no turn is empty, and no resource stands in two.
    public var turns: [[ResourceID]]
    public var wayBack: WayBack
    /// Later turns rest on earlier ones, such as tiers: who is taken back takes them back with it (I8). Left out where the order is
    /// kept for capacity or for proof alone.
    public var isDependency: Bool?

    public init(
        reason: String, turns: [[ResourceID]], wayBack: WayBack = .reversed, isDependency: Bool? = nil
    ) {
        self.reason = reason
        self.turns = turns
        self.wayBack = wayBack
        self.isDependency = isDependency
    }

    /// In which order the resources go back.
    public enum WayBack: String, Codable, Sendable, CaseIterable {
        /// Who came last goes back first.
        case reversed
        /// As on the way forward: for Fettle's own host, on which the return of all others hangs (I12).
        case same
    }
}
