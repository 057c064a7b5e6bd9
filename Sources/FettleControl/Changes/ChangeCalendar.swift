public import FettleModel
import FettleStore

/// Changes that are still to be carried out or are being carried out, when, and which of them get in each other's way.
public struct ChangeCalendar: Codable, Sendable, Equatable {
    public var at: Timestamp
    /// By when they begin; those that may begin at any time last.
    public var entries: [Entry]
    public var conflicts: [Conflict]
    /// Changes that cannot be read, or whose plan cannot: when they would be carried out, and in whose way, is not known. nil: all can be.
    public var unread: [UnreadChange]?

    public struct Entry: Codable, Sendable, Equatable {
        public var change: ChangeID
        public var plan: PlanID
        public var phase: ChangePhase
        public var kind: Change.Kind
        public var reason: String
        /// From when it may be carried out until when, by its schedule or else by the windows of its plan; nil: at any time.
        public var window: TimeWindow?
        /// The times in between; one is the whole. Empty: any.
        public var windows: [TimeWindow]
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

        /// When hosts of it may be out, by time and apart from each other; nil: at any time.
        var windows: [TimeWindow]? { change.schedule.map { [$0] } ?? plan.timesOut }
        var window: TimeWindow? { windows.flatMap(TimeWindow.init(spanning:)) }
    }

    /// - Parameters:
    ///   - items: in whatever order.
    ///   - unread: what is not among them.
    ///   - rules: of order, of the policy.
    init(
        _ items: [Item], unread: [UnreadChange] = [], fleet: Fleet?, order rules: [OrderRule] = [], at time: Timestamp
    ) {
        at = time
        self.unread = unread.isEmpty ? nil : unread
        let sorted = items.sorted { left, right in
            let (one, other) = (left.window?.opensAt.milliseconds ?? .max, right.window?.opensAt.milliseconds ?? .max)
            return (one, left.change.id.rawValue) < (other, right.change.id.rawValue)
        }
        entries = sorted.map { item in
            let radius = BlastRadius(item.plan)
            return Entry(
                change: item.change.id, plan: item.plan.id, phase: item.phase, kind: item.change.kind,
                reason: item.change.reason, window: item.window,
                windows: item.windows ?? [], hosts: radius.hosts, groups: radius.groups)
        }
        let reaches = sorted.map { ChangeReach($0.plan) }
        let times = sorted.map(\.windows)
        let order = GroupDependencies(fleet, order: rules)
        conflicts = []
        for first in sorted.indices {
            for second in sorted.indices.dropFirst(first + 1) {
                let windows = (times[first], times[second])
                if let one = windows.0, let other = windows.1, !TimeWindow.overlap(one, other) { continue }
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

extension Plan {
    /// When its hosts may be out by its windows, by time; those that overlap or touch are one. nil: at any time.
    var timesOut: [TimeWindow]? {
        let places = Set(targets.map(\.window))
        guard !places.contains(nil) else { return nil }
        let used = places.compactMap { $0 }.filter(windows.indices.contains).map { windows[$0] }
        var times: [TimeWindow] = []
        for window in used.sorted(by: { $0.opensAt < $1.opensAt }) {
            if let last = times.last, window.opensAt <= last.closesAt {
                times[times.count - 1].closesAt = max(last.closesAt, window.closesAt)
            } else {
                times.append(window)
            }
        }
        return times.isEmpty ? nil : times
    }
}

extension TimeWindow {
    /// From when the first opens to when the last closes; nil of none.
    init?(spanning windows: [TimeWindow]) {
        guard let opens = windows.map(\.opensAt).min(), let closes = windows.map(\.closesAt).max() else { return nil }
        self.init(opensAt: opens, closesAt: closes)
    }

    /// Whether any of the one meets any of the other. Both by time.
    fileprivate static func overlap(_ one: [TimeWindow], _ other: [TimeWindow]) -> Bool {
        var (here, there) = (one.startIndex, other.startIndex)
        while here < one.endIndex, there < other.endIndex {
            if one[here].closesAt <= other[there].opensAt {
                here += 1
            } else if other[there].closesAt <= one[here].opensAt {
                there += 1
            } else {
                return true
            }
        }
        return false
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

/// Which groups wait for which, over several steps too: by what the fleet says of its groups and resources, and by the policy's rules.
struct GroupDependencies {
    private var before: [GroupID: Set<GroupID>] = [:]

    init(_ fleet: Fleet?, order rules: [OrderRule] = []) {
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
        for rule in rules { Self.add(rule, fleet, groups, to: &direct) }
        for group in direct.keys {
            var found: Set<GroupID> = []
            var open = Array(direct[group] ?? [])
            while let next = open.popLast() {
                if found.insert(next).inserted { open += direct[next] ?? [] }
            }
            before[group] = found.subtracting([group])
        }
    }

    private static func add(
        _ rule: OrderRule, _ fleet: Fleet, _ groups: [ResourceID: [GroupID]],
        to direct: inout [GroupID: Set<GroupID>]
    ) {
        // Within a group, it says nothing of another one.
        guard rule.within != .group else { return }
        let (first, then) = (rule.first.matcher, rule.then.matcher)
        var earlier: [EnvironmentID?: Set<GroupID>] = [:]
        func scope(_ resource: Resource) -> EnvironmentID? {
            rule.within == .environment ? resource.environment : nil
        }
        for resource in fleet.resources {
            let own = groups[resource.id] ?? []
            if first.matches(resource, memberOf: own) { earlier[scope(resource), default: []].formUnion(own) }
        }
        for resource in fleet.resources {
            let own = groups[resource.id] ?? []
            guard let before = earlier[scope(resource)], then.matches(resource, memberOf: own) else { continue }
            for group in own { direct[group, default: []].formUnion(before) }
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
    /// - Parameters:
    ///   - fleet: whose groups may depend on each other; nil: that is not known.
    ///   - order: the policy's rules of order.
    public func calendar(fleet: Fleet?, order: [OrderRule] = []) async throws(ControlError) -> ChangeCalendar {
        var items: [ChangeCalendar.Item] = []
        var unread: [UnreadChange] = []
        for result in try await changes(limit: .max) {
            let change: Change
            switch result {
            case .success(let legible): change = legible
            case .failure(let illegible):
                unread.append(illegible)
                continue
            }
            let phase = try await phase(of: change)
            guard [.authorise, .scheduled, .implement].contains(phase) else { continue }
            do throws(ControlError) {
                items.append(ChangeCalendar.Item(change: change, plan: try await plan(of: change), phase: phase))
            } catch {
                guard error.isOfWhatIsKept else { throw error }
                unread.append(UnreadChange(change: change.id, reason: error.message))
            }
        }
        return ChangeCalendar(items, unread: unread, fleet: fleet, order: order, at: now())
    }

    /// What stands between a change and others that are not over.
    public func conflicts(
        of change: Change, fleet: Fleet?, order: [OrderRule] = []
    ) async throws(ControlError) -> [ChangeCalendar.Conflict] {
        try await calendar(fleet: fleet, order: order).conflicts(of: change.id)
    }
}
