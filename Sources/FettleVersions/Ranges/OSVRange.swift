/// What happens at a version of an OSV range (https://ossf.github.io/osv-schema/#affectedrangesevents-fields).
public enum OSVEvent: Sendable, Hashable {
    /// Affected from this version on; `0` is before all versions.
    case introduced(String)
    /// Not affected from this version on.
    case fixed(String)
    /// Affected up to this version, it included.
    case lastAffected(String)
    /// The range says nothing of this version and those after it; `*` is no limit.
    case limit(String)

    public var version: String {
        switch self {
        case .introduced(let version), .fixed(let version), .lastAffected(let version), .limit(let version): version
        }
    }
}

/// One range of an OSV record: the intervals that its events describe. A record's ranges are judged each by itself, and
/// their answers united (``AffectedVersions``).
public struct OSVRange: Sendable, Hashable {
    public let scheme: VersionScheme
    /// Apart from each other, oldest first.
    public let intervals: [VersionInterval]

    /// - Throws: ``VersionRangeError`` for too many events, an event whose version is empty or too long, and events none
    ///   of which is an introduction.
    public init(_ scheme: VersionScheme, events: [OSVEvent]) throws(VersionRangeError) {
        try Self.check(events)
        self.scheme = scheme
        // Events of one version keep the order in which the record lists them.
        let sorted = events.indices.sorted { left, right in
            switch Self.compare(events[left], events[right], scheme) {
            case .less: true
            case .greater: false
            case .equal: left < right
            }
        }
        var building = IntervalBuilder(scheme: scheme)
        for index in sorted { building.apply(events[index]) }
        intervals = building.finished(limits: events)
    }

    public func contains(_ version: String) -> Bool {
        intervals.contains { $0.contains(version, in: scheme) }
    }

    private static func check(_ events: [OSVEvent]) throws(VersionRangeError) {
        guard events.count <= VersionRangeLimits.events else {
            throw VersionRangeError(.tooLarge, "a range of more than \(VersionRangeLimits.events) events", at: 0)
        }
        var isIntroduced = false
        for (index, event) in events.enumerated() {
            if case .introduced = event { isIntroduced = true }
            guard !event.version.isEmpty, event.version.utf8.count <= VersionRangeLimits.versionBytes else {
                throw VersionRangeError(.invalidVersion, "an event whose version is empty or too long", at: index)
            }
        }
        guard isIntroduced else {
            throw VersionRangeError(.contradictory, "a range that is introduced nowhere", at: 0)
        }
    }

    private static func compare(_ left: OSVEvent, _ right: OSVEvent, _ scheme: VersionScheme) -> VersionOrdering {
        let leftIsStart = left == .introduced("0")
        let rightIsStart = right == .introduced("0")
        if leftIsStart || rightIsStart { return VersionOrdering(leftIsStart ? 0 : 1, rightIsStart ? 0 : 1) }
        return scheme.compare(left.version, right.version)
    }
}

/// Makes intervals of events that come in order.
private struct IntervalBuilder {
    let scheme: VersionScheme
    private var intervals: [VersionInterval] = []
    private var isOpen = false

    init(scheme: VersionScheme) {
        self.scheme = scheme
    }

    mutating func apply(_ event: OSVEvent) {
        switch event {
        case .introduced(let version):
            guard !isOpen else { return }
            intervals.append(
                VersionInterval(lower: version == "0" ? nil : VersionBound(version, isInclusive: true), upper: nil))
            isOpen = true
        case .fixed(let version):
            if isOpen {
                close(at: VersionBound(version, isInclusive: false))
            } else if let upper = intervals.last?.upper, upper.isInclusive,
                scheme.compare(upper.version, version) == .equal
            {
                // Fixed at the version that was said to be the last affected one: then it isn't.
                close(at: VersionBound(version, isInclusive: false))
            }
        case .lastAffected(let version):
            if isOpen { close(at: VersionBound(version, isInclusive: true)) }
        case .limit:
            break
        }
    }

    private mutating func close(at bound: VersionBound) {
        intervals[intervals.count - 1].upper = bound
        isOpen = false
    }

    /// The highest limit cuts the intervals off; without one, and with `*`, there is no limit.
    func finished(limits events: [OSVEvent]) -> [VersionInterval] {
        var limit: String?
        for case .limit(let version) in events {
            if version == "*" { return intervals }
            if limit.map({ scheme.compare($0, version) == .less }) ?? true { limit = version }
        }
        guard let limit else { return intervals }
        return intervals.compactMap { interval in
            if let lower = interval.lower, scheme.compare(lower.version, limit) != .less { return nil }
            if let upper = interval.upper {
                let order = scheme.compare(upper.version, limit)
                if order == .less || (order == .equal && !upper.isInclusive) { return interval }
            }
            return VersionInterval(
                lower: interval.lower, upper: VersionBound(limit, isInclusive: false), endsAtLimit: true)
        }
    }
}
