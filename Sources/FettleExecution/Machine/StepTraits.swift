import FettleModel

extension Step {
    /// The traffic that the step drains or restores; nil for other actions.
    var traffic: TrafficBinding? {
        switch action {
        case .drain(let traffic), .restore(let traffic): traffic
        default: nil
        }
    }

    /// Whether this step takes back what `other`, of the same resource, took out.
    func bringsBack(_ other: Step) -> Bool {
        guard availability == .bringsBack, other.availability == .takesOut else { return false }
        return traffic == other.traffic
    }

    /// The part of a resource's chain that must not be left half done: from taking it out to having it back.
    var isCore: Bool {
        switch action {
        case .preflight, .stage, .verify, .bake, .switchTraffic, .buildImage: availability != .none
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
        case .changePackages, .replaceImage, .upgradeThroughController, .restartServices, .reboot: true
        default: false
        }
    }

    var isGate: Bool {
        if case .gate = action { true } else { false }
    }

    var isBake: Bool {
        if case .bake = action { true } else { false }
    }

    var turnsTraffic: Bool {
        if case .switchTraffic(let turn) = action { !turn.from.isEmpty } else { false }
    }

    /// A person may go on without it: nothing is brought back on its word (I6).
    var maySkip: Bool {
        guard availability == .none else { return false }
        switch action {
        case .preflight, .verify, .bake: return true
        default: return false
        }
    }
}
