import FettleModel

/// What the checks ask of a step, as bits: read once, so that nothing goes through a million actions again and again.
struct StepTraits: OptionSet {
    let rawValue: UInt32

    static let takesOut = StepTraits(rawValue: 1 << 0)
    static let requiresOut = StepTraits(rawValue: 1 << 1)
    static let bringsBack = StepTraits(rawValue: 1 << 2)
    /// Its action takes a resource out, whatever the step says of itself.
    static let isTaking = StepTraits(rawValue: 1 << 3)
    /// Its action brings a resource back, whatever the step says of itself.
    static let isBringing = StepTraits(rawValue: 1 << 4)
    /// It can make the resource fail.
    static let changes = StepTraits(rawValue: 1 << 5)
    /// It can find out that the resource has failed.
    static let proves = StepTraits(rawValue: 1 << 6)
    static let changesPackages = StepTraits(rawValue: 1 << 7)
    static let stages = StepTraits(rawValue: 1 << 8)
    static let reboots = StepTraits(rawValue: 1 << 9)
    static let bakes = StepTraits(rawValue: 1 << 10)
    static let isIrreversible = StepTraits(rawValue: 1 << 11)
    /// It is taken for a group or an image, and not in the chain of one resource.
    static let isOfGroup = StepTraits(rawValue: 1 << 12)
    /// A controller takes members of a cluster through a change: not its own resource is changed, but those.
    static let movesOthers = StepTraits(rawValue: 1 << 13)
    static let replaces = StepTraits(rawValue: 1 << 14)
    static let retires = StepTraits(rawValue: 1 << 15)
    /// It belongs to the outage in which a control is restarted, before that of its change.
    static let isOfControl = StepTraits(rawValue: 1 << 16)
    /// Its action may stand in such an outage.
    static let suitsControl = StepTraits(rawValue: 1 << 17)

    /// It removes what a replacement has kept.
    static let discards = StepTraits(rawValue: 1 << 18)

    static let takesSnapshot = StepTraits(rawValue: 1 << 19)
    static let revertsToSnapshot = StepTraits(rawValue: 1 << 20)
    static let discardsSnapshot = StepTraits(rawValue: 1 << 21)
    static let ofSnapshot: StepTraits = [.takesSnapshot, .revertsToSnapshot, .discardsSnapshot]

    static let isDisruptive: StepTraits = [.takesOut, .requiresOut, .bringsBack]
    /// It concerns several resources: only such a step waits for those of others, and is waited for by them.
    static let concernsSeveral: StepTraits = [.bakes, .isOfGroup, .movesOthers]

    init(rawValue: UInt32) { self.rawValue = rawValue }

    init(
        _ action: StepAction, _ availability: AvailabilityEffect, _ rollbackClass: RollbackClass, _ leg: StepLeg?
    ) {
        var traits: StepTraits =
            switch action {
            case .preflight: []
            case .stage: .stages
            case .drain, .takeOut: .isTaking
            case .changePackages: [.changes, .changesPackages]
            case .restartServices: .changes
            case .reboot: [.changes, .reboots]
            case .gate(let probes): probes.isEmpty ? [] : .proves
            case .restore, .bringBack: .isBringing
            case .bake, .groupGate: .bakes
            case .verify(let expectation):
                expectation.packages.isEmpty && expectation.absentPackages.isEmpty ? [] : .proves
            case .evacuate, .handOver: []
            case .bringHome: .isBringing
            case .upgradeThroughController: .movesOthers
            case .replaceImage: [.changes, .replaces]
            case .discardKept: [.isOfGroup, .discards]
            case .snapshot: [.changes, .takesSnapshot]
            case .revert: [.changes, .revertsToSnapshot]
            case .discardSnapshot: [.isOfGroup, .discardsSnapshot]
            case .retire: .retires
            case .switchTraffic, .buildImage: .isOfGroup
            }
        switch availability {
        case .none: break
        case .takesOut: traits.insert(.takesOut)
        case .requiresOut: traits.insert(.requiresOut)
        case .bringsBack: traits.insert(.bringsBack)
        }
        if rollbackClass == .irreversible { traits.insert(.isIrreversible) }
        if leg == .control { traits.insert(.isOfControl) }
        switch action {
        case .drain, .takeOut, .restartServices, .gate, .restore, .bringBack: traits.insert(.suitsControl)
        default: break
        }
        self = traits
    }

    /// Whether the step has the effect on availability that its action has in the world: a drain that is called harmless would
    /// take a member out of traffic without being counted.
    var isHonest: Bool {
        contains(.isTaking) == contains(.takesOut) && contains(.isBringing) == contains(.bringsBack)
    }
}
