public import FettleModel

/// What one play among disasters showed.
public struct DisasterResult: Sendable, Equatable {
    public var seed: UInt64
    public var outcome: RunOutcome?
    /// Why it stands still for a person at the end.
    public var awaitingHuman: String?
    /// In virtual time.
    public var seconds: Int
    /// Invariants that were broken, in words; empty if all held.
    public var violations: [String]
    /// What happened on the way, of that which a large number of plays has to meet.
    public var met: Set<Encounter>
    /// What went wrong and what became of it, a line each, with its true time.
    public var story: [String]
    /// The faults that struck, in order.
    public var drawn: [DrawnFault]
    public var journal: [JournalRecord]
}

/// What has to happen sometimes, or a large number of plays proves little.
public enum Encounter: String, Sendable, CaseIterable, Comparable {
    case crash, crashWithoutAcknowledgement, stall, fencedAppend, takenFromTheLiving, fencedReservation
    case takenOverInReboot, takenOverInPatch, takenOverOut
    case lostReply, lateReply, repeatedReply, lieOfSuccess, lieOfFailure
    case hostAway, hostLost, halfConfigured, unwellAfterPatch, flap, oldKernel
    case drainsForgotten, drainTakenAgain, balancerRefused, foreignDrain, leftDrained, clockForward, clockBack
    case paused, aborted, rolledBackByPerson, retried, skipped
    case canaryFailed, budgetLatched, rolledBackDuringPromotion, crashedInRollback, watchCutShort, quarantined
    case refusedForCapacity, awaitedHuman
    case controlRestarted, controlFailed, controlFailedAlone, nobodyToCompareWith, takenOverInRestart
    case crashInAppend, diskFull, wroteFromReserve, diskFullBeyondReserve, packagesLocked, silentGate, staleGate
    case freezeDeclared, refusedByCalendar, windowClosedInMidDrain, changedAfterClosing, clockOutsideWindow
    case machineMoved, migrationBrokeOff, strangerAppeared, takenOverInEvacuation
    case handedOver, failedOver, leaderMovedBack, takenThrough, takenOverInUpgrade
    case memberLeft, memberLeftWhileOut, memberReturned, memberJoined, flapping, otherSideInQuarantine
    case trafficTurned, trafficTurnedBack, takenOverInSwitch, turnedHalf
    case hostTakenBack, waveTakenBack, groupTakenBack, dependentsTakenBack, endedInPart
    case failedTriedAgain, cameThroughOnceMore
    case handedToAnother, stalledInHandOver, handOverMissed, zombieHeard
    case superseded, supersededWhileUnwell, supersededWhileOwing, supersededAfterTheEnd, supersessionRefused
    case snapshotRemoved, snapshotLeft, wentBackToSnapshot
    case succeeded, rolledBack, failed

    public static func < (left: Encounter, right: Encounter) -> Bool { left.rawValue < right.rawValue }
}
