import FettleModel
import FettlePlanning
import FettleReporting

/// What a plan does to each of its hosts, gathered in one walk over its steps.
struct HostLines {
    struct Host {
        var resource: ResourceID
        var wave = 0
        /// Seconds after the start; nil: it is never out.
        var out: Int?
        var back: Int?
        /// When it is out before that, to be restarted as it is, so that others are compared with it.
        var restart: Range<Int>?
        /// What is done, as a row of names.
        var chain = ""
        var changes = ""
        /// Watches of others that it waits for.
        var bakes: [StepID] = []
        fileprivate var order = Int.max
        fileprivate var packages: [PackageChange] = []
        fileprivate var names: [String] = []
    }

    /// In the order in which they are taken out.
    private(set) var hosts: [Host]

    init(_ plan: Plan, _ timeline: PlanTimeline) {
        var places: [ResourceID: Int] = [:]
        hosts = []
        for target in plan.targets where places[target.resource] == nil {
            places[target.resource] = hosts.count
            hosts.append(Host(resource: target.resource))
        }
        let bakes = Set(plan.steps.filter(\.isBake).map(\.id))
        for (number, step) in plan.steps.enumerated() {
            for entry in step.resourceChanges {
                if let place = places[entry.resource] { hosts[place].packages.append(entry.change) }
            }
            guard let place = places[step.resource] else { continue }
            hosts[place].bakes += step.after.filter { bakes.contains($0) && !hosts[place].bakes.contains($0) }
            guard !step.isBake else { continue }
            hosts[place].wave = max(hosts[place].wave, step.wave)
            hosts[place].names.append(step.action.name)
            guard step.leg == nil else {
                hosts[place].addRestart(step, from: timeline.begins[number], to: timeline.ends[number])
                continue
            }
            switch step.availability {
            case .takesOut:
                hosts[place].order = min(hosts[place].order, number)
                hosts[place].out = min(hosts[place].out ?? .max, timeline.begins[number])
            case .bringsBack: hosts[place].back = timeline.ends[number]
            case .requiresOut, .none: break
            }
        }
        for place in hosts.indices { hosts[place].finish() }
        hosts.sort { ($0.wave, $0.order, $0.resource) < ($1.wave, $1.order, $1.resource) }
    }
}

extension HostLines.Host {
    fileprivate mutating func addRestart(_ step: Step, from begin: Int, to end: Int) {
        let first = min(restart?.lowerBound ?? begin, begin)
        restart = first..<max(restart?.upperBound ?? end, end, first)
    }

    fileprivate mutating func finish() {
        chain = names.joined(separator: " › ")
        let shown = packages.prefix(2).map { "\($0.name) \($0.to ?? "removed")" }.joined(separator: ", ")
        changes = packages.count > 2 ? "\(packages.count): \(shown), …" : shown
        packages = []
        names = []
    }
}

extension Step {
    fileprivate var isBake: Bool {
        action.judged != nil
    }
}
