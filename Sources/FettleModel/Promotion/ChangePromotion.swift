/// What binds a change to the patch set that its plan was made from. Written when it is submitted, as policy was then.
public struct ChangePromotion: Codable, Sendable, Equatable {
    public var set: StageReference
    public var stage: StageID
    public var lane: PromotionLane
    /// By which it was admitted, and is held to again when its run starts.
    public var policy: PromotionPolicy
    /// Its plan's hosts by platform; nil: an earlier Fettle submitted it.
    public var platforms: [PlatformHosts]?

    public init(set: StageReference, stage: StageID, lane: PromotionLane, policy: PromotionPolicy) {
        self.set = set
        self.stage = stage
        self.lane = lane
        self.policy = policy
    }
}
