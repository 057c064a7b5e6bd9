import FettleModel

/// What the strategies of its groups make of a host.
enum HostRole: Equatable, Sendable {
    /// Patched where it is.
    case patched
    /// Started anew from an image that has the patch in it.
    case replaced(ImageReplacement)
    /// Patched where it is, with its disks kept as they were to go back to.
    case snapshotted(MachineSnapshot)
    /// Taken through the patch by its cluster's controller: it has no outage of its own in the plan.
    case passenger(of: ResourceID, in: GroupID)
    /// Takes members of clusters through a patch, which touches other groups of theirs as well. Its own packages may be
    /// patched in the same outage.
    case controller(of: Set<GroupID>, touching: Set<GroupID>, isPatched: Bool)
    /// Shut down for good, after another side has taken its traffic.
    case retired
}

extension HostWork {
    /// Whether the plan itself takes it out of its groups and back: only then it has turns.
    var isTakenOut: Bool {
        switch role {
        case .patched, .replaced, .snapshotted, .controller: true
        case .passenger, .retired: false
        }
    }

    /// Whether its own package manager makes the changes.
    var isPatchedInPlace: Bool {
        switch role {
        case .patched, .snapshotted, .controller(_, _, isPatched: true): true
        case .replaced, .passenger, .controller, .retired: false
        }
    }

    /// Groups whose members it takes out.
    var touchedGroups: Set<GroupID> {
        if case .controller(_, let touched, _) = role { touched } else { [] }
    }

    /// How what happens to it can be taken back.
    var rollbackClass: RollbackClass {
        if role == .retired { return .irreversible }
        if changes.isEmpty { return .nothingToUndo }
        if case .replaced = role { return .imageSwap }
        if snapshot != nil { return .snapshot }
        return isReversible ? .exactVersions : .irreversible
    }

    /// What keeps its disks while it is patched; nil: nothing does.
    var snapshot: MachineSnapshot? {
        if case .snapshotted(let machine) = role { machine } else { nil }
    }

    /// The role as the report names it.
    var reportedRole: PlanReport.Role {
        switch role {
        case .patched, .snapshotted: .patched
        case .replaced: changes.isEmpty ? .patched : .replaced
        case .passenger: .throughController
        case .controller: .controller
        case .retired: .retired
        }
    }
}
