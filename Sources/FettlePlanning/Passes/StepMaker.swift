import FettleModel

/// Strings one host's steps together: each waits for the one before.
struct StepMaker {
    let host: HostWork
    let wave: Int
    let prefix: String
    let priors: DurationPriors
    private var steps: [Step] = []
    private var last: StepID?

    init(host: HostWork, wave: Int, prefix: String, priors: DurationPriors) {
        self.host = host
        self.wave = wave
        self.prefix = prefix
        self.priors = priors
    }

    mutating func takeSteps() -> [Step] {
        defer { steps = [] }
        return steps
    }

    mutating func add(
        _ name: String, _ action: StepAction, _ availability: AvailabilityEffect, _ estimate: DurationEstimate,
        group: GroupID? = nil, rollback: RollbackClass = .nothingToUndo, compensates: StepID? = nil,
        timeout: Int? = nil, after others: [StepID] = []
    ) {
        let step = Step(
            id: StepID(prefix + name), resource: host.id, group: group, wave: wave, action: action,
            after: others.isEmpty ? last.map { [$0] } ?? [] : Set(others + [last].compactMap { $0 }).sorted(),
            availability: availability, rollbackClass: rollback,
            compensates: compensates, estimate: estimate,
            timeoutSeconds: timeout ?? priors.timeout(estimate))
        last = step.id
        steps.append(
            priors.learned(step, on: host.resource, groups: host.groups.map(\.id), isTimeGiven: timeout != nil))
    }

    mutating func add(_ steps: [ExtraStep]) {
        for step in steps {
            add(
                step.name, step.action, step.availability, step.estimate, group: step.group,
                rollback: step.rollbackClass, compensates: step.compensates, after: step.after)
        }
    }

    /// One drain for each place at a load balancer, each of them taking the host out, so that it counts as out until every one
    /// is taken back. Where something has to be done in between, the host's place in its groups is reserved first.
    mutating func takeOut(_ extra: ChainExtras.Way? = nil) {
        let places = trafficPlaces(but: extra?.undrained)
        let reserves = places.isEmpty || extra?.needsReservation == true
        if reserves { add("take-out", .takeOut, .takesOut, priors.takeOut, group: onlyGroup) }
        add(extra?.beforeDrain ?? [])
        for (group, traffic) in places {
            add(
                places.count == 1 ? "drain" : "drain-\(group)", .drain(traffic: traffic), .takesOut,
                priors.drain(traffic), group: group)
        }
        add(extra?.afterOut ?? [])
    }

    /// In the reverse order of `takeOut`.
    mutating func bringBack(_ extra: ChainExtras.Way? = nil) {
        let places = trafficPlaces(but: extra?.undrained)
        add(extra?.beforeBack ?? [])
        for (group, traffic) in places.reversed() {
            add(
                places.count == 1 ? "restore" : "restore-\(group)", .restore(traffic: traffic), .bringsBack,
                priors.restore, group: group)
        }
        if places.isEmpty || extra?.needsReservation == true {
            add("bring-back", .bringBack, .bringsBack, priors.takeOut, group: onlyGroup)
        }
        add(extra?.afterBack ?? [])
    }

    private var onlyGroup: GroupID? { host.groups.count == 1 ? host.groups[0].id : nil }

    /// Two groups may speak of the same server at the same balancer: it is drained once, with the longer of the two waits.
    private func trafficPlaces(but undrained: Set<GroupID>?) -> [(GroupID, TrafficBinding)] {
        var result: [(GroupID, TrafficBinding)] = []
        for group in host.groups {
            guard let traffic = group.traffic, undrained?.contains(group.id) != true else { continue }
            if let same = result.firstIndex(where: { $0.1.isSamePlace(as: traffic, of: host.id) }) {
                result[same].1.drainTimeoutSeconds = max(
                    result[same].1.drainTimeoutSeconds, traffic.drainTimeoutSeconds)
            } else {
                result.append((group.id, traffic))
            }
        }
        return result
    }
}

extension TrafficBinding {
    func isSamePlace(as other: TrafficBinding, of host: ResourceID) -> Bool {
        driver == other.driver && via == other.via && endpoint == other.endpoint && backend == other.backend
            && serverName(of: host) == other.serverName(of: host)
    }
}
