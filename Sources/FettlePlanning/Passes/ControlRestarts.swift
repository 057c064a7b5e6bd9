import FettleModel

/// Which of those that canaries are compared with are restarted as they are before anybody is compared with them, and what of them.
///
/// Such a restart is an outage of its own (`StepLeg.control`), between the canaries and their bake: so nobody whose turn comes before the
/// control's may wait for that bake. What a host waits for stands before it in the line; so it is enough that all of those stand at or
/// before the last canary.
struct ControlRestarts: Sendable {
    /// By group, places in the line, ascending.
    private var places: [GroupID: [Int]] = [:]
    /// What is restarted on each of them; sorted.
    private(set) var units: [ResourceID: [String]] = [:]

    /// Nobody is.
    init() {}

    init(
        _ layout: WaveLayout, groups: [GroupWork], extras: [ResourceID: ChainExtras], policy: Policy,
        notes: inout PlanNotes
    ) {
        let asking = groups.filter { $0.controlRestart != .never && $0.canaries > 0 }
        guard !asking.isEmpty else { return }
        let members = GroupSteps.places(of: asking, in: layout)
        let forerunners = Self.forerunners(layout)
        for group in asking {
            let line = members[group.group.id] ?? []
            guard let judgement = group.judgement, group.canaries < line.count else { continue }
            let units = judgement.services.filter { policy.neverRestart.firstGlob(matchingAnyOf: [$0]) == nil }
            for place in line.dropFirst(group.canaries).prefix(group.controls) {
                let host = layout.hosts[place]
                let reason =
                    units.isEmpty
                    ? "no probe of the group names a unit that may be restarted"
                    : Self.refusal(host, isAlone: extras[host.id] == nil)
                        ?? (forerunners[place] > line[group.canaries - 1]
                            ? "some whose turn comes before it wait for the canary to be judged" : nil)
                if let reason {
                    if group.controlRestart == .declared {
                        notes.warn(
                            "group \(group.group.id): \(host.id) is compared with and not restarted before: \(reason)")
                    }
                    continue
                }
                places[group.group.id, default: []].append(place)
                self.units[host.id] = Set((self.units[host.id] ?? []) + units).sorted()
            }
        }
    }

    var isEmpty: Bool { units.isEmpty }
    func places(of group: GroupID) -> [Int] { places[group] ?? [] }

    /// Why a host cannot be restarted for a comparison; nil if it can.
    private static func refusal(_ host: HostWork, isAlone: Bool) -> String? {
        if host.isOwn { return "Fettle runs on it" }
        if !host.isPatchedInPlace || host.changes.isEmpty { return "no packages are changed on it" }
        // If it does not come back it is proven to be as it was, and there has to be something to prove that by.
        if !host.isReversible { return "its earlier versions are lost" }
        if host.probes.isEmpty { return "no probe says whether it is well" }
        if host.isBalancer { return "it carries the traffic of others" }
        if host.residence != nil { return "machines run on it" }
        return isAlone ? nil : "more than a drain is needed to let it go"
    }

    /// For each host the last place in the line of all whose turn comes before its own; -1 where there is none.
    private static func forerunners(_ layout: WaveLayout) -> [Int] {
        var latest = [Int](repeating: -1, count: layout.hosts.count)
        for order in layout.orders {
            var before = -1
            for turn in order.turns {
                for place in turn { latest[place] = max(latest[place], before) }
                before = max(before, turn.max() ?? -1)
            }
        }
        return latest
    }

    /// Whether everybody is restarted in the window of those that it is compared with: later it would be no comparison.
    static func areInTime(_ steps: [GroupStep], _ windows: [Int?]) -> Bool {
        steps.allSatisfy { step in
            step.restarted.isEmpty || Set((step.restarted + step.behind).map { windows[$0] }).count == 1
        }
    }
}
