/// An order between resources that the product demands, such as "schema before code" or "standby before primary": whoever `first`
/// selects is finished before anybody whom `then` selects is taken out.
public struct OrderRule: Codable, Sendable, Hashable {
    /// How plans and refusals name it.
    public var name: String
    public var first: ResourceSelector
    public var then: ResourceSelector
    /// Which pairs it speaks of.
    public var within: Scope
    /// Why it is so, for people; nil if not told.
    public var because: String?

    public init(
        name: String, first: ResourceSelector, then: ResourceSelector, within: Scope = .environment,
        because: String? = nil
    ) {
        self.name = name
        self.first = first
        self.then = then
        self.within = within
        self.because = because
    }

    public enum Scope: String, Codable, Sendable, CaseIterable {
        /// Members of the same group.
        case group
        /// Resources of the same environment.
        case environment
        /// Any two.
        case fleet
    }
}
