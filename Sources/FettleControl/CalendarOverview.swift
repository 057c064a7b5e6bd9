public import FettleModel
import FettlePlanning

/// The coming windows and freezes, for people: what is open when, for whom, and what stands in the way.
///
/// Pure: the same policy, fleet and times give the same answer.
public struct CalendarOverview: Codable, Sendable, Equatable {
    public var from: Timestamp
    public var to: Timestamp
    /// In the fleet's order; resources for which the same holds are one lot.
    public var lots: [Lot]

    public struct Lot: Codable, Sendable, Hashable {
        public var resources: [ResourceID]
        /// Groups whose members are all among them.
        public var groups: [GroupID]
        /// Those of `resources` that are in none of `groups`.
        public var others: [ResourceID]
        /// The windows that are for them, in the policy's order; empty: none is.
        public var windows: [WindowID]
        /// Whether they may be worked on only when `open` says so; otherwise at any time.
        public var isBound: Bool
        /// What is left of windows without freezes, sorted.
        public var open: [TimeWindow]
        /// Sorted by the beginning.
        public var frozen: [Frozen]
    }

    public struct Frozen: Codable, Sendable, Hashable {
        public var freeze: FreezeID
        public var reason: String
        public var opensAt: Timestamp
        public var closesAt: Timestamp
        public var emergencyMayPass: Bool
    }

    /// - Parameters:
    ///   - days: how far to look, from 1 to ten years.
    ///   - resources: whose windows; nil: everybody's.
    ///   - isEmergency: for a change of the kind emergency, which some freezes let pass.
    public init(
        policy: Policy, fleet: Fleet, from: Timestamp, days: Int, resources: Set<ResourceID>? = nil,
        isEmergency: Bool = false
    ) {
        let calendar = MaintenanceCalendar(
            policy: policy, fleet: fleet, from: from, to: from.adding(seconds: days * 86_400), isEmergency: isEmergency)
        self.from = from
        to = calendar.to
        lots = []
        var places: [Lot: Int] = [:]
        for resource in fleet.resources where resources?.contains(resource.id) ?? true {
            let lot = Lot(calendar, resource.id)
            let place = places[lot] ?? lots.count
            if place == lots.count {
                places[lot] = place
                lots.append(lot)
            }
            lots[place].resources.append(resource.id)
        }
        for place in lots.indices {
            let members = Set(lots[place].resources)
            let whole = fleet.groups.filter { !$0.members.isEmpty && members.isSuperset(of: $0.members) }
            let covered = Set(whole.flatMap(\.members))
            lots[place].groups = whole.map(\.id)
            lots[place].others = lots[place].resources.filter { !covered.contains($0) }
        }
    }
}

extension CalendarOverview.Lot {
    /// Without anybody: what tells one lot from another.
    fileprivate init(_ calendar: MaintenanceCalendar, _ resource: ResourceID) {
        let times = calendar.windows(for: resource)
        self.init(
            resources: [], groups: [], others: [], windows: calendar.windowNames(for: resource), isBound: times != nil,
            open: times ?? [],
            frozen: calendar.freezes(for: resource).map { frozen in
                CalendarOverview.Frozen(
                    freeze: frozen.freeze, reason: frozen.reason, opensAt: frozen.time.opensAt,
                    closesAt: frozen.time.closesAt, emergencyMayPass: frozen.emergencyMayPass)
            })
    }
}
