import FettleModel

/// Compares two plans part by part, each in one walk over both.
struct PlanComparison {
    let first: Plan
    let second: Plan
    private(set) var entries: [PlanDifference.Entry] = []

    init(first: Plan, second: Plan) {
        self.first = first
        self.second = second
    }

    mutating func run() {
        compareEnvironments()
        let common = compareTargets()
        compareVersions(of: common)
        compareGroups()
        compareRooms()
        compareLimits()
        compareWindows()
        compareOrders()
        compare(first.steps, second.steps, as: .step, common: common)
        compare(first.rollback, second.rollback, as: .wayBack, common: common)
        note(.target, "run that is replaced", first.supersedes?.run.rawValue, second.supersedes?.run.rawValue)
        note(.target, "taken over from it", Self.words(first.supersedes), Self.words(second.supersedes))
        note(.pointOfNoReturn, "step", first.pointOfNoReturn?.rawValue, second.pointOfNoReturn?.rawValue)
    }

    private static func words(_ supersession: Supersession?) -> String? {
        guard let supersession else { return nil }
        let hosts = supersession.taken.map { host in
            "\(host.resource)\(host.isQuarantined ? " (in quarantine)" : "")"
                + host.obligations.map { ", owed to \($0.traffic.backend) since \($0.since)" }.joined()
        }
        return "as of line \(supersession.sequence): \(hosts.joined(separator: "; "))"
    }

    private mutating func note(
        _ kind: PlanDifference.Kind, _ subject: String, at resource: ResourceID? = nil, _ before: String?,
        _ after: String?
    ) {
        guard before != after else { return }
        entries.append(PlanDifference.Entry(kind, subject, at: resource, before: before, after: after))
    }

    // MARK: Where

    private mutating func compareEnvironments() {
        note(.environment, "order", first.environments.words, second.environments.words)
    }

    /// - Returns: resources of both plans.
    private mutating func compareTargets() -> Set<ResourceID> {
        let old = Dictionary(first.targets.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
        let new = Dictionary(second.targets.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
        for target in first.targets where new[target.resource] == nil {
            note(.target, "target", at: target.resource, target.environment.rawValue, nil)
        }
        for target in second.targets {
            guard let before = old[target.resource] else {
                note(.target, "target", at: target.resource, nil, target.environment.rawValue)
                continue
            }
            let at = target.resource
            note(.target, "environment", at: at, before.environment.rawValue, target.environment.rawValue)
            note(.target, "address", at: at, before.address.words, target.address.words)
            note(.target, "takes down with it", at: at, before.carries.words, target.carries.words)
            note(
                .target, "interrupts", at: at, Self.words(before.interrupts ?? []),
                Self.words(target.interrupts ?? []))
            note(.window, "window", at: at, window(before, first), window(target, second))
        }
        return Set(old.keys).intersection(new.keys)
    }

    private func window(_ target: PlanTarget, _ plan: Plan) -> String {
        guard let index = target.window, plan.windows.indices.contains(index) else { return "at any time" }
        return plan.windows[index].words
    }

    // MARK: What

    private struct PackageKey: Hashable {
        var resource: ResourceID
        var name: String
        var architecture: String
    }

    private mutating func compareVersions(of common: Set<ResourceID>) {
        let old = Self.changes(first, common)
        let new = Self.changes(second, common)
        for key in Set(old.keys).union(new.keys) {
            note(
                .version, "\(key.name) \(key.architecture)", at: key.resource, old[key].map(Self.words),
                new[key].map(Self.words))
        }
    }

    private static func changes(_ plan: Plan, _ resources: Set<ResourceID>) -> [PackageKey: PackageChange] {
        var result: [PackageKey: PackageChange] = [:]
        for entry in plan.steps.lazy.flatMap(\.resourceChanges) where resources.contains(entry.resource) {
            let (at, change) = (entry.resource, entry.change)
            result[PackageKey(resource: at, name: change.name, architecture: change.architecture)] = change
        }
        return result
    }

    private static func words(_ change: PackageChange) -> String {
        "\(change.from ?? "not installed") → \(change.to ?? "removed")"
    }

    // MARK: How

    private mutating func compareGroups() {
        let old = Dictionary(first.groups.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let new = Dictionary(second.groups.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for id in Set(old.keys).union(new.keys) {
            guard let before = old[id], let after = new[id] else {
                note(.group, id.rawValue, old[id].map { _ in "touched" }, new[id].map { _ in "touched" })
                continue
            }
            let gone = Set(before.members).subtracting(after.members).sorted()
            let come = Set(after.members).subtracting(before.members).sorted()
            for member in gone { note(.group, "\(id): member", at: member, "member", nil) }
            for member in come { note(.group, "\(id): member", at: member, nil, "member") }
            note(.group, "\(id): minimum available", "\(before.minimumAvailable)", "\(after.minimumAvailable)")
            note(.group, "\(id): out at once", "\(before.maximumOut)", "\(after.maximumOut)")
            note(.group, "\(id): traffic", before.traffic?.words ?? "none", after.traffic?.words ?? "none")
            note(.group, "\(id): probes", before.probes.map(\.words).words, after.probes.map(\.words).words)
        }
    }

    private mutating func compareRooms() {
        func words(_ rooms: [HypervisorRoom]) -> [ResourceID: String] {
            Dictionary(
                rooms.map { ($0.hypervisor, "\($0.memoryMebibytes) MiB, \($0.processors) processors") },
                uniquingKeysWith: { first, _ in first })
        }
        let (old, new) = (words(first.rooms), words(second.rooms))
        for id in Set(old.keys).union(new.keys) { note(.group, "room for machines", at: id, old[id], new[id]) }
        let (rules, others) = (Self.rules(first), Self.rules(second))
        for key in Set(rules.keys).union(others.keys) {
            note(.group, "\(key.machine) runs apart from", at: key.home, rules[key], others[key])
        }
    }

    /// By machine and home.
    private static func rules(_ plan: Plan) -> [ApartMachine: String] {
        let pairs = (plan.apart ?? []).map { machine in
            (ApartMachine(machine: machine.machine, home: machine.home, apartFrom: []), machine.apartFrom.words)
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    private static func words(_ machines: [InterruptedMachine]) -> String {
        machines.map { "\($0.machine) on \($0.host) (\($0.because))" }.words
    }

    private mutating func compareLimits() {
        let (old, new) = (first.limits, second.limits)
        note(.limit, "steps at the same time", "\(old.parallelSteps)", "\(new.parallelSteps)")
        note(.limit, "resources that may fail", "\(old.failureBudget)", "\(new.failureBudget)")
        note(.limit, "tries of each step", "\(old.attempts)", "\(new.attempts)")
        note(
            .limit, "seconds to settle a quarantine", "\(old.quarantineDeadlineSeconds)",
            "\(new.quarantineDeadlineSeconds)")
    }

    private mutating func compareWindows() {
        let old = Set(first.windows.map(\.words))
        let new = Set(second.windows.map(\.words))
        for window in old.subtracting(new) { note(.window, window, "open", nil) }
        for window in new.subtracting(old) { note(.window, window, nil, "open") }
    }

    /// By reason: side by side, lists have no order.
    private mutating func compareOrders() {
        let old = Dictionary(grouping: first.order, by: \.reason).mapValues { $0.map(\.words).sorted() }
        let new = Dictionary(grouping: second.order, by: \.reason).mapValues { $0.map(\.words).sorted() }
        for reason in Set(old.keys).union(new.keys) where old[reason] != new[reason] {
            note(
                .order, reason, old[reason].map { $0.joined(separator: "; ") },
                new[reason].map { $0.joined(separator: "; ") })
        }
    }

    // MARK: Steps

    private mutating func compare(
        _ old: [Step], _ new: [Step], as kind: PlanDifference.Kind, common: Set<ResourceID>
    ) {
        let before = Dictionary(old.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for step in old where after[step.id] == nil && common.contains(step.resource) {
            note(kind, step.action.name, at: step.resource, step.id.rawValue, nil)
        }
        for step in new where common.contains(step.resource) {
            guard let earlier = before[step.id] else {
                note(kind, step.action.name, at: step.resource, nil, step.id.rawValue)
                continue
            }
            compare(earlier, step, as: kind)
        }
    }

    /// What packages it changes is told as versions.
    private mutating func compare(_ old: Step, _ new: Step, as kind: PlanDifference.Kind) {
        let (name, at) = (new.action.name, new.resource)
        note(kind, "\(name): wave", at: at, "\(old.wave)", "\(new.wave)")
        note(kind, "\(name): waits for", at: at, old.after.words, new.after.words)
        note(kind, "\(name): effect", at: at, old.availability.rawValue, new.availability.rawValue)
        note(kind, "\(name): way back", at: at, old.rollbackClass.rawValue, new.rollbackClass.rawValue)
        note(kind, "\(name): outage", at: at, old.leg?.rawValue ?? "change", new.leg?.rawValue ?? "change")
        let step = kind == .wayBack ? "\(name) on the way back" : name
        note(
            .duration, "\(step): seconds, median", at: at, "\(old.estimate.medianSeconds)",
            "\(new.estimate.medianSeconds)")
        note(.duration, "\(step): seconds, 95%", at: at, "\(old.estimate.p95Seconds)", "\(new.estimate.p95Seconds)")
        note(
            .duration, "\(step): seconds until it counts as failed", at: at, "\(old.timeoutSeconds)",
            "\(new.timeoutSeconds)")
        guard old.action != new.action else { return }
        if old.action.name != new.action.name {
            note(kind, "action", at: at, old.action.name, name)
        } else if case .changePackages(let before) = old.action, case .changePackages(let after) = new.action {
            note(
                kind, "\(name): changed configuration files", at: at, before.conffiles.rawValue,
                after.conffiles.rawValue)
            note(kind, "\(name): rehearsed on", at: at, before.rehearsedOn?.rawValue, after.rehearsedOn?.rawValue)
        } else if case .stage = old.action {
            return
        } else {
            note(kind, "\(name): what it does", at: at, Self.json(old.action), Self.json(new.action))
        }
    }

    private static func json(_ action: StepAction) -> String {
        (try? CanonicalJSON.encode(action)).map { String(decoding: $0, as: UTF8.self) } ?? action.name
    }
}

extension Sequence where Element: CustomStringConvertible {
    fileprivate var words: String {
        let text = map(\.description).joined(separator: ", ")
        return text.isEmpty ? "nothing" : text
    }
}

extension ResourceAddress {
    fileprivate var words: String {
        let user = user.map { "\($0)@" } ?? ""
        let port = port.map { ":\($0)" } ?? ""
        return transport == .ssh ? "ssh \(user)\(host)\(port)" : transport.rawValue
    }
}

extension TimeWindow {
    fileprivate var words: String { "\(opensAt) to \(closesAt)" }
}

extension TrafficBinding {
    fileprivate var words: String {
        "\(driver) on \(via) at \(endpoint), backend \(backend), server \(serverName), drained for at most "
            + "\(drainTimeoutSeconds) s"
    }
}

extension Probe {
    fileprivate var words: String {
        "\(name) (\(check), \(samples) times every \(intervalSeconds) s, each at most \(timeoutSeconds) s, within "
            + "\(deadlineSeconds) s)"
    }
}

extension TurnOrder {
    fileprivate var words: String {
        let turns = turns.map { turn in
            turn.count == 1 ? turn[0].rawValue : "(\(turn.map(\.rawValue).sorted().joined(separator: ", ")))"
        }
        return turns.joined(separator: " › ") + (wayBack == .same ? " (the same way back)" : "")
            + (isDependency == true ? " (later ones rest on earlier ones)" : "")
    }
}
