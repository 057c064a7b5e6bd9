/// What may go wrong beyond single hosts, and how often: chances in 1,000.
public struct WorldFaults: Sendable, Equatable {
    /// A freeze is declared, from now on or from soon on.
    public var freeze: Int
    /// A machine's migration breaks off.
    public var migrationBreaksOff: Int
    /// A machine that nobody expected is started on a hypervisor.
    public var stranger: Int
    /// A cluster's leadership goes to any member, by the cluster's own doing.
    public var failover: Int
    /// A member is taken out of its group by somebody, or put in again.
    public var memberLeaves: Int
    /// A host is well and unwell by turns for a while.
    public var flapping: Int

    public init(
        freeze: Int = 0, migrationBreaksOff: Int = 0, stranger: Int = 0, failover: Int = 0, memberLeaves: Int = 0,
        flapping: Int = 0
    ) {
        self.freeze = freeze
        self.migrationBreaksOff = migrationBreaksOff
        self.stranger = stranger
        self.failover = failover
        self.memberLeaves = memberLeaves
        self.flapping = flapping
    }

    public static let none = WorldFaults()
    public static let everything = WorldFaults(
        freeze: 4, migrationBreaksOff: 60, stranger: 8, failover: 8, memberLeaves: 4, flapping: 4)
}
