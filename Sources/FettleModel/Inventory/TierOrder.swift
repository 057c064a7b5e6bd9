/// In which order patches go through the tiers of the fleet, in each environment: all of one tier before any of the next.
///
/// Tiers have names, such as `database`, `application` and `web`; or they are whole numbers, where no names are declared.
public struct TierOrder: Codable, Sendable, Equatable {
    /// As declared; empty: tiers are numbers.
    public var names: [String]
    public var direction: Direction

    public init(names: [String] = [], direction: Direction = .firstToLast) {
        self.names = names
        self.direction = direction
    }

    public enum Direction: String, Codable, Sendable, CaseIterable {
        /// The first name, or the lowest number, is patched first.
        case firstToLast
        case lastToFirst
    }

    /// When the tier's turn is: a lower rank goes first. nil: a tier that this fleet doesn't know.
    public func rank(of tier: String) -> Int? {
        guard let place = names.isEmpty ? Int(tier) : names.firstIndex(of: tier) else { return nil }
        return direction == .firstToLast ? place : -place
    }
}
