/// How a group's members are changed: in which order, how many at once, and what is done around the change.
public enum Strategy: Codable, Sendable, Equatable {
    /// One after another, so many at once; up to `maxSurge` more for the group's spares, which go first.
    case rolling(maxUnavailable: Quantity, maxSurge: Quantity? = nil)
    /// First some members, watched for a while; then the rest by rolling. With a growth of 2 or more the rest goes in
    /// waves, each so many times as large as the one before, up to `maxUnavailable`. `judging`: nil: as `CanaryJudging` does
    /// by itself.
    case canary(
        first: Quantity, bakeSeconds: Int, maxUnavailable: Quantity, growth: Int = 1, judging: CanaryJudging? = nil)
    /// Every member at the same time: only for groups whose minimum allows it.
    case allAtOnce
    /// One failure domain after the other, the next only when the one before has been watched: fabrics of a storage
    /// network, the heads of a storage controller, hosts with a path through each.
    case oneSideAtATime(bakeSeconds: Int)
    /// Members of a cluster: followers first, the leader last, after it has handed its role over.
    case replicasFirst(maxUnavailable: Quantity)
    /// Hypervisors: their machines are moved to others first, and home again afterwards.
    case evacuate(maxUnavailable: Quantity)
    /// The side that serves nobody is patched and tested, then all traffic is turned to it at once. The other side is
    /// kept as it is, to turn back to, for `keepSeconds`; then it is dealt with.
    /// - active: the failure domain of the members that serve now.
    case blueGreen(active: String, keepSeconds: Int, then: OldSide)
    /// The patch is handed to the cluster's own controller, which takes its members through it, at most `atOnce` of
    /// them out.
    case throughController(ResourceID, atOnce: Quantity)
    /// Members are not patched but replaced by an image that was patched and tested offline, so many at once; up to
    /// `maxSurge` more for the group's spares, which go first. `machines`: they are virtual machines, and the image is one of the
    /// catalogue; nil: the plan makes it.
    case replace(image: String, maxUnavailable: Quantity, maxSurge: Quantity, machines: ImageMachines? = nil)

    /// What becomes of the side that has served before.
    public enum OldSide: String, Codable, Sendable, CaseIterable {
        /// It is patched as well, and is the next standby.
        case patch
        /// It stays as it is: the standby for the next change, at the earlier patch level.
        case keep
        /// It is shut down.
        case retire
    }

    /// How much larger each wave may be than the one before; 1: no waves.
    public var growth: Int {
        if case .canary(_, _, _, let growth, _) = self { max(1, growth) } else { 1 }
    }
}
