internal import FettleModel

/// What a policy is read against: names that it may use, where its calendars lie, and when it is.
struct PolicySurroundings {
    /// In the fleet's order; nil if they are not known, and names are then not checked.
    var environments: [Environment]?
    var groups: [GroupID]?
    var resources: [ResourceID]?
    /// Where the files lie that a policy names, with its slash: the policy's own folder; empty for the present one.
    var folder: String
    /// nil: nothing is told that depends on it.
    var now: Timestamp?
}
