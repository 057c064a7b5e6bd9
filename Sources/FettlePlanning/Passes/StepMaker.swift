import FettleModel

/// Strings the steps of one way together, host by host: each of a host's steps waits for the one before.
///
/// All are written into one list, so that a million steps are not handed from list to list.
struct StepMaker {
    private(set) var host: HostWork
    private var wave = 0
    private var prefix = ""
    private var leg: StepLeg?
    let priors: DurationPriors
    private(set) var steps: [Step] = []
    /// Where those begin that are not taken yet.
    private var start = 0
    private var last: StepID?
    private var shared = SharedActions()

    /// - Parameters:
    ///   - host: any of those whose steps will be made.
    ///   - count: how many steps there will be, roughly.
    init(_ host: HostWork, priors: DurationPriors, roughly count: Int) {
        self.host = host
        self.priors = priors
        steps.reserveCapacity(count)
    }

    /// From here on the steps are this host's.
    mutating func begin(_ host: HostWork, wave: Int, prefix: String) {
        self.host = host
        self.wave = wave
        self.prefix = prefix
        leg = nil
        last = nil
        start = steps.count
    }

    /// From here on the steps are of an outage before that of the change.
    mutating func begin(_ leg: StepLeg) {
        self.leg = leg
        prefix += "\(leg.rawValue)/"
    }

    /// From here on they are of the change again.
    mutating func endLeg() {
        if let leg { prefix.removeLast(leg.rawValue.count + 1) }
        leg = nil
    }

    /// The places of those made since the host was begun, or since the last ones were taken.
    mutating func takeSteps() -> Range<Int> {
        defer { start = steps.count }
        return start..<steps.count
    }

    /// A step that is not one host's.
    mutating func add(_ step: Step) { steps.append(step) }

    /// Lets a step wait for others as well.
    mutating func addAwaited(_ others: [StepID], at place: Int) {
        if !others.isEmpty { steps[place].after = (steps[place].after + others).sorted() }
    }

    /// - Parameters:
    ///   - leastTimeout: the least time that it is given, in seconds, where `timeout` is not.
    ///   - fixed: what it lasts besides, whatever history says.
    mutating func add(
        _ name: String, _ action: StepAction, _ availability: AvailabilityEffect, _ estimate: DurationEstimate,
        group: GroupID? = nil, rollback: RollbackClass = .nothingToUndo, compensates: StepID? = nil,
        timeout: Int? = nil, leastTimeout: Int = 0, after others: [StepID] = [], fixed: DurationEstimate? = nil
    ) {
        let id = StepID(prefix + name)
        let awaited =
            others.isEmpty
            ? last.map { AwaitedSteps($0) } ?? AwaitedSteps()
            : AwaitedSteps(Set(others + [last].compactMap { $0 }).sorted())
        var step = Step(
            id: id, resource: host.id, group: group, wave: wave, action: action, awaited: awaited,
            availability: availability, rollbackClass: rollback, compensates: compensates, estimate: estimate,
            timeoutSeconds: timeout ?? max(leastTimeout, priors.timeout(estimate)), leg: leg)
        if !priors.learnsNothing(of: action) {
            step = priors.learned(
                step, on: host.resource, groups: host.groups.map(\.id), isTimeGiven: timeout != nil)
        }
        if let fixed {
            step.estimate = step.estimate.adding(fixed)
            step.timeoutSeconds += fixed.p95Seconds
        }
        last = id
        steps.append(step)
    }

    mutating func add(_ steps: [ExtraStep]) {
        for step in steps {
            add(
                step.name, step.action, step.availability, step.estimate, group: step.group,
                rollback: step.rollbackClass, compensates: step.compensates, leastTimeout: step.leastTimeout,
                after: step.after)
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
                places.count == 1 ? "drain" : "drain-\(group)", shared.traffic(traffic).drain, .takesOut,
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
                places.count == 1 ? "restore" : "restore-\(group)", shared.traffic(traffic).restore, .bringsBack,
                priors.restore(traffic), group: group)
        }
        if places.isEmpty || extra?.needsReservation == true {
            add("bring-back", .bringBack, .bringsBack, priors.takeOut, group: onlyGroup)
        }
        add(extra?.afterBack ?? [])
    }

    /// As `HostWork.expectation`, of the host whose turn it is.
    mutating func expectation(
        _ side: ChangeSide, noStaleServicesExcept: [String]? = nil, noRebootPending: Bool = false
    ) -> HostExpectation {
        shared.expectation(
            of: host, side, noStaleServicesExcept: noStaleServicesExcept, noRebootPending: noRebootPending)
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
    /// Whether the members hand the traffic to each other, with no balancer before them: `via` is one of them then.
    var isAmongMembers: Bool { driver == "keepalived" }

    func isSamePlace(as other: TrafficBinding, of host: ResourceID) -> Bool {
        driver == other.driver && via == other.via && endpoint == other.endpoint
            && backend(of: host) == other.backend(of: host) && serverName(of: host) == other.serverName(of: host)
    }
}
