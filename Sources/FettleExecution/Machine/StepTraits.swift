import FettleModel

extension Step {
    /// The traffic that the step drains or restores; nil for other actions.
    var traffic: TrafficBinding? {
        switch action {
        case .drain(let traffic), .restore(let traffic): traffic
        default: nil
        }
    }

    /// The resources that the step is about: those that a bake watches, or its own.
    var owners: [ResourceID] {
        guard let resources = action.judged, !resources.isEmpty else { return [resource] }
        return resources
    }

    /// Whether it only gets its resource ready to go out.
    var isPreparation: Bool {
        switch action {
        case .preflight, .stage: availability == .none
        default: false
        }
    }

    /// The part of a resource's chain that must not be left half done: from taking it out to having it back.
    var isCore: Bool {
        switch action {
        case .preflight, .stage, .verify, .bake, .groupGate, .switchTraffic, .buildImage, .discardKept,
            .discardSnapshot:
            availability != .none
        default: true
        }
    }

    /// Whether it changes what is installed: putting the resource back does not take it back.
    var changesPackages: Bool {
        switch action {
        case .changePackages, .replaceImage, .upgradeThroughController: true
        default: false
        }
    }

    /// Whether it can make a resource fail.
    var changesTheHost: Bool {
        switch action {
        case .changePackages, .replaceImage, .upgradeThroughController, .restartServices, .reboot, .snapshot, .revert:
            true
        default: false
        }
    }

    /// Whether nobody answers there in the middle of it.
    var takesItsHostDown: Bool {
        switch action {
        case .reboot, .revert, .replaceImage: true
        default: false
        }
    }

    /// Whether the way back of its resource is gone once it has begun.
    var endsWayBack: Bool {
        switch action {
        case .discardKept, .discardSnapshot, .retire: true
        default: false
        }
    }

    /// Whether it is taken for every resource that has a snapshot and stays as it is, however its run ends; and makes nobody go back who
    /// serves: what it could not remove is owed.
    var discardsSnapshot: Bool {
        if case .discardSnapshot = action { true } else { false }
    }

    var isGate: Bool {
        switch action {
        case .gate, .groupGate: true
        default: false
        }
    }

    /// A step of a wave, behind all that it judges: bakes, and gates of groups.
    var isBake: Bool { action.judged != nil }

    /// Somebody has to answer before it can start.
    var asksPerson: Bool { !action.questions.isEmpty }

    var buildsImage: Bool { if case .buildImage = action { true } else { false } }

    var turnsTraffic: Bool {
        if case .switchTraffic(let turn) = action { !turn.from.isEmpty } else { false }
    }

    /// A person may go on without it: nothing is brought back on its word (I6).
    var maySkip: Bool {
        guard availability == .none else { return false }
        switch action {
        case .preflight, .verify, .bake, .groupGate: return true
        default: return false
        }
    }
}
