public import FettleModel

/// A fleet to be planned and played among disasters, from a seed: pools, clusters with leaders, redundant paths, two sides of which one
/// serves, controllers, images, machines behind snapshots, hypervisors with machines on them. A fifth of them may be worked on at night alone, on nights on which
/// clocks are put forward or back among others. Not each can be planned.
public struct DisasterFleet: Sendable {
    public var sample: FleetSample
    /// When its plan is made.
    public var createdAt = FactSample.now
    public var named: Set<ResourceID> = []
    /// When the policy's windows are open, counted by hand from the rules of daylight saving; nil where the policy has none.
    public var nights: [TimeWindow]?

    public init(seed: UInt64) {
        sample =
            switch seed % 4 {
            case 0, 1: FleetGenerator.sample(seed: seed)
            case 2: FleetGenerator.ofAllStrategies(seed: seed)
            default: HypervisorGenerator.sample(seed: seed, mostHypervisors: 4)
            }
        var random = SplitMix(seed: seed &* 7919)
        if seed % 2 == 0 || Bool.random(using: &random) { named = Set(sample.fleet.resources.map(\.id)) }
        sample.policy.limits.failureBudget = Int.random(in: 0...4, using: &random)
        if Int.random(in: 0..<5, using: &random) == 0 { bindToNights(using: &random) }
        // Drawn apart: what else a seed gives stays as it was.
        var apart = SplitMix(seed: seed &* 104_729)
        if Bool.random(using: &apart) { sample.restartControls(using: &apart) }
        if seed % 3 == 0 { sample.watchRest() }
        if seed % 4 < 2, Int.random(in: 0..<4, using: &apart) == 0 { sample.keepSnapshots() }
    }

    private mutating func bindToNights(using random: inout SplitMix) {
        guard let night = Night.all.randomElement(using: &random), let zone = TimeZoneName("Europe/Berlin") else {
            return
        }
        let first = LocalDate(dayNumber: night.firstDay)
        let event = CalendarEvent(
            start: LocalDateTime(date: first, secondOfDay: night.opensAtSecond), timeZone: zone,
            duration: CalendarDuration(seconds: 4 * 3_600), rule: RecurrenceRule(frequency: .daily))
        sample.policy.windows = [MaintenanceWindow(id: "nights", events: [event])]
        nights = night.windows
        createdAt = night.windows[0].opensAt.adding(seconds: -Int.random(in: 60...7_200, using: &random))
    }

    /// A window of four hours by Berlin's clock, on three nights.
    private struct Night {
        var firstDay: Int
        var opensAtSecond: Int
        /// When it opens on each of the nights, in seconds after the beginning of the first night's day in UTC.
        var opens: [Int]

        var windows: [TimeWindow] {
            opens.map { second in
                let opensAt = Timestamp(milliseconds: Int64(firstDay * 86_400 + second) * 1_000)
                return TimeWindow(opensAt: opensAt, closesAt: opensAt.adding(seconds: 4 * 3_600))
            }
        }

        private static let day = 86_400
        /// Clocks are put forward at 01:00 UTC of 28 March 2027, and back at 01:00 UTC of 31 October 2027.
        private static let march = 20_904
        private static let october = 21_121

        static let all = [
            // 02:30 is left out on the second night: 03:30 by the new time, as 01:30 UTC.
            Night(firstDay: march, opensAtSecond: 9_000, opens: [5_400, day + 5_400, 2 * day + 1_800]),
            // The clocks are put forward in the middle of the second night's window.
            Night(firstDay: march, opensAtSecond: 3_600, opens: [0, day, 2 * day - 3_600]),
            // 02:30 comes twice on the second night: the first of the two, still by summer time.
            Night(firstDay: october, opensAtSecond: 9_000, opens: [1_800, day + 1_800, 2 * day + 5_400]),
            Night(firstDay: october, opensAtSecond: 3_600, opens: [-3_600, day - 3_600, 2 * day]),
            // A night in November like any other.
            Night(firstDay: 20_780, opensAtSecond: 79_200, opens: [75_600, day + 75_600, 2 * day + 75_600]),
        ]
    }
}
