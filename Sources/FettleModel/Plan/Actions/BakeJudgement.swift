/// How what a bake has seen is judged: against whom, how sure, and for how long at most.
public struct BakeJudgement: Codable, Sendable, Hashable {
    /// Members that serve meanwhile and were not patched: what goes wrong on them as well is not the patch's doing. Sorted;
    /// empty: those that are watched are compared with what they were before.
    public var controls: [ResourceID]
    /// Units that serve the group: they must be seen running, and must not be started anew. Sorted.
    public var services: [String]
    /// Where too little was seen to tell, the watch goes on until so many seconds after its beginning; never less than the
    /// bake's own time.
    public var extendUntilSeconds: Int
    public var thresholds: BakeThresholds
    /// What must not suffer from the change either, and the same beside the controls. By resource, then by group; left out where
    /// there is none.
    public var neighbours: [BakeNeighbour]?

    public init(
        controls: [ResourceID] = [], services: [String] = [], extendUntilSeconds: Int,
        thresholds: BakeThresholds = BakeThresholds(), neighbours: [BakeNeighbour]? = nil
    ) {
        self.neighbours = neighbours
        self.controls = controls
        self.services = services
        self.extendUntilSeconds = extendUntilSeconds
        self.thresholds = thresholds
    }

    /// How long those that are watched are looked at before they are patched, where nobody is there to compare them with
    /// afterwards. As long as the bake, so that both sides know as much; two minutes at most, because the patch waits for it.
    public static func secondsBefore(bake seconds: Int) -> Int { min(max(0, seconds), 120) }
}

/// What is still called the same. Whole numbers, because a plan has no others.
public struct BakeThresholds: Codable, Sendable, Hashable {
    /// How often, of a thousand good patches, chance alone may stop one: shared by all comparisons of a bake together.
    public var falseAlarmPerMille: Int
    /// By how much of the control's median latency answers may be slower, in percent.
    public var latencyMarginPercent: Int
    /// By how much they may be slower in any case, in milliseconds: below it nobody feels a difference.
    public var latencyMarginMilliseconds: Int
    /// By how much more time the host may stand still for want of processor, memory or disk, in percent of the time.
    public var pressureMarginPercent: Int
    /// When the service will be restarted anyway: a leak that needs longer to exhaust anything stops no patch.
    public var nextMaintenanceSeconds: Int

    public init(
        falseAlarmPerMille: Int = 50, latencyMarginPercent: Int = 25, latencyMarginMilliseconds: Int = 10,
        pressureMarginPercent: Int = 10, nextMaintenanceSeconds: Int = 30 * 86_400
    ) {
        self.falseAlarmPerMille = falseAlarmPerMille
        self.latencyMarginPercent = latencyMarginPercent
        self.latencyMarginMilliseconds = latencyMarginMilliseconds
        self.pressureMarginPercent = pressureMarginPercent
        self.nextMaintenanceSeconds = nextMaintenanceSeconds
    }
}
