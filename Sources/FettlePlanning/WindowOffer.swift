public import FettleModel

/// In which windows each resource may be worked on, worked out from the calendar by the caller.
public struct WindowOffer: Sendable, Equatable {
    /// By the time at which they open.
    public private(set) var windows: [TimeWindow]
    /// For each resource, the places of its windows, ascending. One that is not named may be worked on at any time.
    private var places: [ResourceID: [Int]]
    /// The one window of every resource; nil: each has its own.
    private var isForAll: Bool

    /// No resource is bound to a time.
    public static let anyTime = WindowOffer([:])

    /// One window for every resource.
    public init(_ window: TimeWindow) {
        windows = [window]
        places = [:]
        isForAll = true
    }

    /// - Parameter offered: windows of each resource that is bound to a time; none at all means that it may never be worked on.
    public init(_ offered: [ResourceID: [TimeWindow]]) {
        let all = Set(offered.values.joined()).sorted { ($0.opensAt, $0.closesAt) < ($1.opensAt, $1.closesAt) }
        let place = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($0.element, $0.offset) })
        windows = all
        places = offered.mapValues { $0.compactMap { place[$0] }.sorted() }
        isForAll = false
    }

    /// nil: at any time.
    func places(of resource: ResourceID) -> [Int]? { isForAll ? [0] : places[resource] }

    var isBinding: Bool { isForAll || !places.isEmpty }

    /// Every window closes so much later.
    func lengthened(bySeconds seconds: Int) -> WindowOffer {
        var longer = self
        longer.windows = windows.map { TimeWindow(opensAt: $0.opensAt, closesAt: $0.closesAt.adding(seconds: seconds)) }
        return longer
    }

    var lastClosing: Timestamp? { windows.map(\.closesAt).max() }

    /// Without the windows that are over.
    func withoutWindowsBefore(_ now: Timestamp) -> WindowOffer {
        let left = windows.indices.filter { windows[$0].closesAt > now }
        guard left.count < windows.count, !left.isEmpty else { return self }
        let place = Dictionary(uniqueKeysWithValues: left.enumerated().map { ($0.element, $0.offset) })
        var offer = self
        offer.windows = left.map { windows[$0] }
        offer.places = places.mapValues { $0.compactMap { place[$0] } }
        return offer
    }
}
