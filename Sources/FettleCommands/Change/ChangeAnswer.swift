import FettleControl
import FettleModel

/// A change as `change show -o json` answers it: the change itself, and beside its own members what a voter has to see.
struct ChangeAnswer: Encodable {
    var change: Change
    var phase: ChangePhase
    /// Approvals that are missing, whoever gives them.
    var missingApprovals: Int
    /// Whose agreement is missing in particular.
    var stillNeeded: [ApprovalRule.Demand]
    var conflicts: [ChangeCalendar.Conflict]
    /// In what the world is no longer as the plan saw it: votes cast are void where there is any.
    var drift: [WorldDrift]
    /// What speaks against the time that it has.
    var timeObjections: [String]

    init(
        _ change: Change, _ changes: ChangeService, fleet: Fleet?, order: [OrderRule], calendar: RunCalendar
    ) async throws {
        self.change = change
        phase = try await changes.phase(of: change)
        missingApprovals = change.missingApprovals
        stillNeeded = change.openDemands
        conflicts = try await changes.conflicts(of: change, fleet: fleet, order: order)
        drift = try await changes.drift(of: change, fleet: fleet)
        timeObjections = try await changes.objectionsToTime(of: change, calendar: calendar)
    }

    private enum Field: String, CodingKey {
        case phase, missingApprovals, stillNeeded, conflicts, drift, timeObjections
    }

    func encode(to encoder: any Encoder) throws {
        try change.encode(to: encoder)
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(phase, forKey: .phase)
        try container.encode(missingApprovals, forKey: .missingApprovals)
        try container.encode(stillNeeded, forKey: .stillNeeded)
        try container.encode(conflicts, forKey: .conflicts)
        try container.encode(drift, forKey: .drift)
        try container.encode(timeObjections, forKey: .timeObjections)
    }
}
