public import FettleModel

/// What one probe of one neighbour answered, before the change and while it was watched.
public struct NeighbourSeries: Sendable, Equatable {
    public var resource: ResourceID
    public var group: GroupID
    public var probe: String
    /// Beside controls alone: it shows what would have happened without the change.
    public var isOfControls: Bool
    /// What it said before the change; nil: it was not asked.
    public var before: GateVerdict?
    public var passed: Int
    public var failed: Int
    /// How often it could not be asked, or could not tell.
    public var unanswered: Int
    /// The longest row of bad answers.
    public var failedInRow: Int
    /// So many in a row are no accident; at least 2.
    public var neededInRow: Int
    /// The newest answer was a bad one.
    public var endsBadly: Bool
    /// Why the newest answer that was not good was not, in a line for people.
    public var reason: String

    /// - Parameters: see the properties.
    public init(
        resource: ResourceID, group: GroupID, probe: String, isOfControls: Bool = false, before: GateVerdict?,
        passed: Int = 0, failed: Int = 0, unanswered: Int = 0, failedInRow: Int = 0, neededInRow: Int = 2,
        endsBadly: Bool = false, reason: String = ""
    ) {
        self.resource = resource
        self.group = group
        self.probe = probe
        self.isOfControls = isOfControls
        self.before = before
        self.passed = passed
        self.failed = failed
        self.unanswered = unanswered
        self.failedInRow = failedInRow
        self.neededInRow = max(2, neededInRow)
        self.endsBadly = endsBadly
        self.reason = reason
    }

    var asked: Int { passed + failed + unanswered }
    var isFailing: Bool { failedInRow >= max(2, neededInRow) }
}
