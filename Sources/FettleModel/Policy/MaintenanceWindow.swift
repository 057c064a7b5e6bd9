/// When disruptive steps may be taken on what it is for (I4). `policy.yaml` declares them under `windows`.
public struct MaintenanceWindow: Codable, Sendable, Equatable {
    public var id: WindowID
    /// One with a rule, or those of a calendar file.
    public var events: [CalendarEvent]
    public var scope: CalendarScope

    public init(id: WindowID, events: [CalendarEvent], scope: CalendarScope = CalendarScope()) {
        self.id = id
        self.events = events
        self.scope = scope
    }
}

/// A time in which nothing disruptive begins or lasts on what it is for, whatever windows are open: also called a blackout.
/// `policy.yaml` declares them under `freezes`.
public struct Freeze: Codable, Sendable, Equatable {
    public var id: FreezeID
    /// Why, for people. The events of a calendar file say it themselves, in their summary.
    public var reason: String
    public var events: [CalendarEvent]
    public var scope: CalendarScope
    /// Whether a change of the kind emergency may go on in it.
    public var emergencyMayPass: Bool

    public init(
        id: FreezeID, reason: String, events: [CalendarEvent], scope: CalendarScope = CalendarScope(),
        emergencyMayPass: Bool = false
    ) {
        self.id = id
        self.reason = reason
        self.events = events
        self.scope = scope
        self.emergencyMayPass = emergencyMayPass
    }
}

public typealias WindowID = Identifier<MaintenanceWindow>
public typealias FreezeID = Identifier<Freeze>

/// What a window or a freeze is for: what each list that names something lets through. All lists empty: everything.
public struct CalendarScope: Codable, Sendable, Equatable {
    /// Globs over the names of environments; empty: every environment.
    public var environments: [String]
    /// Globs over the ids of groups: members of any of them; empty: in whatever group, or in none.
    public var groups: [String]
    /// Globs over the ids of resources; empty: every resource.
    public var resources: [String]

    public init(environments: [String] = [], groups: [String] = [], resources: [String] = []) {
        self.environments = environments
        self.groups = groups
        self.resources = resources
    }
}

/// When what no window is for may be worked on.
public enum WithoutWindow: String, Codable, Sendable, CaseIterable {
    /// At any time that is not frozen.
    case anyTime
    /// Never: it is to get a window first.
    case never
}
