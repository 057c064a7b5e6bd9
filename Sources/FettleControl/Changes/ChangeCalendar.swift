public import FettleModel
import FettleStore

/// Changes that are still to be carried out or are being carried out, when, and which of them get in each other's way.
public struct ChangeCalendar: Codable, Sendable, Equatable {
    public var at: Timestamp
    /// By when they begin; those that may begin at any time last.
    public var entries: [Entry]
    public var conflicts: [Conflict]

    public struct Entry: Codable, Sendable, Equatable {
        public var change: ChangeID
        public var plan: PlanID
        public var phase: ChangePhase
        public var kind: Change.Kind
        public var reason: String
        /// When it may be carried out, by its schedule or else by the windows of its plan; nil: at any time.
        public var window: TimeWindow?
        public var hosts: Int
        public var groups: [GroupID]
    }

    /// Two changes that should not be carried out at the same time.
    public struct Conflict: Codable, Sendable, Equatable {
        public var first: ChangeID
        public var second: ChangeID
        /// Whether both are to be carried out at a time that is said; false: at least one may be at any time.
        public var isCertain: Bool
        /// In words, such as `both change web-1`.
        public var reasons: [String]
    }

    /// A change with its plan.
    struct Item {
        var change: Change
        var plan: Plan
        var phase: ChangePhase

        /// From when the first to when the last of its hosts may be out.
        var window: TimeWindow? {
            if let schedule = change.schedule { return schedule }
            let places = plan.targets.map(\.window)
            guard !places.contains(where: { $0 == nil }) else { return nil }
            let windows = places.compactMap { $0 }.filter(plan.windows.indices.contains).map { plan.windows[$0] }
            guard let opens = windows.map(\.opensAt).min(), let closes = windows.map(\.closesAt).max() else {
                return nil
            }
            return TimeWindow(opensAt: opens, closesAt: closes)
        }
    }

    /// - Parameter items: in whatever order.
    init(_ items: [Item], fleet: Fleet?, at time: Timestamp) {
        at = time
        let sorted = items.sorted { left, right in
            let (one, other) = (left.window?.opensAt.milliseconds ?? .max, right.window?.opensAt.milliseconds ?? .max)
            return (one, left.change.id.rawValue) < (other, right.change.id.rawValue)
        }
        entries = sorted.map { item in
            let radius = BlastRadius(item.plan)
            return Entry(
                change: item.change.id, plan: item.plan.id, phase: item.phase, kind: item.change.kind,
                reason: item.change.reason, window: item.window, hosts: radius.hosts, groups: radius.groups)
        }
        let reaches = sorted.map { ChangeReach($0.plan) }
        let order = GroupDependencies(fleet)
        conflicts = []
        for first in sorted.indices {
            for second in sorted.indices.dropFirst(first + 1) {
                let windows = (sorted[first].window, sorted[second].window)
                if let one = windows.0, let other = windows.1,
                    one.closesAt <= other.opensAt || other.closesAt <= one.opensAt
                {
                    continue
                }
                let reasons = reaches[first].conflicts(with: reaches[second], order)
                guard !reasons.isEmpty else { continue }
                conflicts.append(
                    Conflict(
                        first: sorted[first].change.id, second: sorted[second].change.id,
                        isCertain: windows.0 != nil && windows.1 != nil, reasons: reasons))
            }
        }
    }

    public func conflicts(of change: ChangeID) -> [Conflict] {
        conflicts.filter { $0.first == change || $0.second == change }
    }
}

/// What a plan touches.
struct ChangeReach {
    var changed: Set<ResourceID>
    /// Those that go down with these.
    var carried: Set<ResourceID>
    var groups: Set<GroupID>

    init(_ plan: Plan) {
        let changed = Set(plan.targets.map(\.resource))
        self.changed = changed
        carried = Set(plan.targets.flatMap { $0.carries + ($0.interrupts ?? []).compactMap(\.resource) })
            .subtracting(changed)
        let touched = changed.union(carried)
        groups = Set(plan.groups.filter { !touched.isDisjoint(with: $0.members) }.map(\.id))
    }

    func conflicts(with other: ChangeReach, _ order: GroupDependencies) -> [String] {
        var reasons: [String] = []
        func tell(_ words: String, _ names: some Collection<String>) {
            guard !names.isEmpty else { return }
            let sorted = names.sorted()
            let more = sorted.count > 3 ? " and \(sorted.count - 3) more" : ""
            reasons.append("\(words) \(sorted.prefix(3).joined(separator: ", "))\(more)")
        }
        tell("both change", changed.intersection(other.changed).map(\.rawValue))
        let down = carried.intersection(other.changed.union(other.carried)).union(other.carried.intersection(changed))
        tell("one takes down what the other touches:", down.map(\.rawValue))
        tell("both take members out of", groups.intersection(other.groups).map(\.rawValue))
        tell("groups that depend on each other:", order.dependent(groups, other.groups))
        return reasons
    }
}

/// Which groups wait for which, over several steps too.
struct GroupDependencies {
    private var before: [GroupID: Set<GroupID>] = [:]

    init(_ fleet: Fleet?) {
        guard let fleet else { return }
        var direct: [GroupID: Set<GroupID>] = [:]
        var groups: [ResourceID: [GroupID]] = [:]
        for group in fleet.groups {
            direct[group.id] = Set(group.after)
            for member in group.members { groups[member, default: []].append(group.id) }
        }
        for resource in fleet.resources where !resource.after.isEmpty {
            let earlier = Set(resource.after.flatMap { groups[$0] ?? [] })
            for group in groups[resource.id] ?? [] { direct[group, default: []].formUnion(earlier) }
        }
        for group in direct.keys {
            var found: Set<GroupID> = []
            var open = Array(direct[group] ?? [])
            while let next = open.popLast() {
                if found.insert(next).inserted { open += direct[next] ?? [] }
            }
            before[group] = found.subtracting([group])
        }
    }

    /// Such as `web after db`, of groups of which one is in each set.
    func dependent(_ first: Set<GroupID>, _ second: Set<GroupID>) -> [String] {
        var pairs: Set<String> = []
        for (here, there) in [(first, second), (second, first)] {
            for group in here {
                for earlier in (before[group] ?? []).intersection(there) where earlier != group {
                    pairs.insert("\(group) after \(earlier)")
                }
            }
        }
        return pairs.sorted()
    }
}

extension ChangeService {
    /// The changes that are not over, and what stands between them.
    ///
    /// - Parameter fleet: whose groups may depend on each other; nil: that is not known.
    public func calendar(fleet: Fleet?) async throws(ControlError) -> ChangeCalendar {
        var items: [ChangeCalendar.Item] = []
        for summary in try await keeper.list(.change, limit: .max) {
            let change = try await change(ChangeID(summary.id))
            let phase = try await phase(of: change)
            guard [.authorise, .scheduled, .implement].contains(phase) else { continue }
            items.append(ChangeCalendar.Item(change: change, plan: try await plan(of: change), phase: phase))
        }
        return ChangeCalendar(items, fleet: fleet, at: now())
    }
}
