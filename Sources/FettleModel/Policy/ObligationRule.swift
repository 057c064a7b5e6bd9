/// By when what others owe must be there.
public struct ObligationRule: Codable, Sendable, Equatable {
    /// Days from when a finding was first seen until its provider or vendor must have settled it, by outcome.
    public var dueInDays: [Outcome: Int]
    /// How often providers and vendors must state how the layers are patched that they answer for.
    public var statementInDays: Int

    public init(
        dueInDays: [Outcome: Int] = [.immediate: 2, .outOfCycle: 14, .scheduled: 30, .defer: 90],
        statementInDays: Int = 90
    ) {
        self.dueInDays = dueInDays
        self.statementInDays = statementInDays
    }
}
