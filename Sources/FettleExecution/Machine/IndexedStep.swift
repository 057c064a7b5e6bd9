import FettleModel

/// What the machine has to know of a step to decide about it, in numbers: read a hundred times for each record, and copied for
/// nothing. What a driver has to know of it is in the plan's `Step`.
struct IndexedStep: Sendable, Equatable {
    /// What a step is, beside its effect on availability. See `Step`'s properties of the same names.
    struct Traits: OptionSet, Sendable {
        let rawValue: UInt32

        static let isRollback = Traits(rawValue: 1 << 0)
        static let isBake = Traits(rawValue: 1 << 1)
        static let isGate = Traits(rawValue: 1 << 2)
        static let isCore = Traits(rawValue: 1 << 3)
        static let changesPackages = Traits(rawValue: 1 << 4)
        static let changesTheHost = Traits(rawValue: 1 << 5)
        static let isPreparation = Traits(rawValue: 1 << 6)
        /// A step of the way back takes it back in particular.
        static let isCompensated = Traits(rawValue: 1 << 7)
        /// It takes back one forward step in particular.
        static let isCompensation = Traits(rawValue: 1 << 8)
        /// Its resource is taken out on the way to which it belongs.
        static let isTakenOut = Traits(rawValue: 1 << 9)
        static let asksPerson = Traits(rawValue: 1 << 10)
        static let turnsTraffic = Traits(rawValue: 1 << 11)
        /// It belongs to the outage in which its resource is restarted as it is, before that of its change.
        static let isControl = Traits(rawValue: 1 << 12)
        /// It turns its group's traffic, or looks where that is.
        static let isOfTraffic = Traits(rawValue: 1 << 13)
        /// What its resource would go back to is gone once it has begun.
        static let endsWayBack = Traits(rawValue: 1 << 14)
        static let discardsSnapshot = Traits(rawValue: 1 << 15)
        /// Others are made anew from what it makes.
        static let buildsImage = Traits(rawValue: 1 << 16)
    }

    let number: StepNumber
    let resource: ResourceNumber
    /// To whom it belongs on the agenda: its resource, or the bake itself.
    let owner: OwnerNumber
    let availability: AvailabilityEffect
    var traits: Traits
    /// Of the bindings to load balancers that the plan's steps name, the one that this step drains or restores; nil for others.
    let traffic: Int32?
    /// The step that it takes back, if it takes back one in particular and the plan has that.
    let compensates: StepNumber?
    let timeoutSeconds: Int

    init(
        _ step: Step, number: StepNumber, resource: ResourceNumber, owner: OwnerNumber, isRollback: Bool,
        traffic: Int32?, compensates: StepNumber?
    ) {
        self.number = number
        self.resource = resource
        self.owner = owner
        availability = step.availability
        var traits: Traits = []
        if isRollback { traits.insert(.isRollback) }
        if step.isBake { traits.insert(.isBake) }
        if step.isGate { traits.insert(.isGate) }
        if step.isCore { traits.insert(.isCore) }
        if step.changesPackages { traits.insert(.changesPackages) }
        if step.changesTheHost { traits.insert(.changesTheHost) }
        if step.isPreparation && !isRollback { traits.insert(.isPreparation) }
        if step.compensates != nil { traits.insert(.isCompensation) }
        if step.asksPerson { traits.insert(.asksPerson) }
        if step.turnsTraffic { traits.insert(.turnsTraffic) }
        if step.buildsImage { traits.insert(.buildsImage) }
        if case .switchTraffic = step.action { traits.insert(.isOfTraffic) }
        if step.endsWayBack { traits.insert(.endsWayBack) }
        if step.discardsSnapshot { traits.insert(.discardsSnapshot) }
        // By the one step that goes back to the snapshot, whatever was changed since.
        if step.rollbackClass == .snapshot { traits.insert(.isCompensated) }
        if step.leg == .control && !isRollback { traits.insert(.isControl) }
        self.traits = traits
        self.traffic = traffic
        self.compensates = compensates
        timeoutSeconds = step.timeoutSeconds
    }

    var isRollback: Bool { traits.contains(.isRollback) }
    var isBake: Bool { traits.contains(.isBake) }
    var isGate: Bool { traits.contains(.isGate) }
    var isCore: Bool { traits.contains(.isCore) }
    var changesPackages: Bool { traits.contains(.changesPackages) }
    var changesTheHost: Bool { traits.contains(.changesTheHost) }
    var isPreparation: Bool { traits.contains(.isPreparation) }
    var isCompensated: Bool { traits.contains(.isCompensated) }
    var isCompensation: Bool { traits.contains(.isCompensation) }
    var isTakenOut: Bool { traits.contains(.isTakenOut) }
    var asksPerson: Bool { traits.contains(.asksPerson) }
    var turnsTraffic: Bool { traits.contains(.turnsTraffic) }
    var buildsImage: Bool { traits.contains(.buildsImage) }
    var isControl: Bool { traits.contains(.isControl) }
    var isOfTraffic: Bool { traits.contains(.isOfTraffic) }
    var endsWayBack: Bool { traits.contains(.endsWayBack) }
    var discardsSnapshot: Bool { traits.contains(.discardsSnapshot) }

    /// Whether this step takes back what `other`, of the same resource, took out. On the way forward only in the same outage; the way
    /// back takes it back whichever it was.
    func bringsBack(_ other: IndexedStep) -> Bool {
        guard availability == .bringsBack, other.availability == .takesOut else { return false }
        guard traffic == other.traffic else { return false }
        return isRollback || other.isRollback || isControl == other.isControl
    }
}
