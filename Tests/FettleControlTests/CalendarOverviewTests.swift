import FettleControl
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// What is shown of the calendar is what planning is offered, of every resource once.
@Suite struct CalendarOverviewTests {
    private static let now = Timestamp("2026-11-23T09:30:00Z") ?? FactSample.now

    private static func policy(_ fleet: Fleet, seed: UInt64) -> Policy {
        var random = SplitMix(seed: seed)
        func event(_ rule: String, hour: Int, hours: Int) -> [CalendarEvent] {
            guard let day = LocalDate("2026-01-01"), let rule = try? RecurrenceRule(rule) else { return [] }
            return [
                CalendarEvent(
                    start: LocalDateTime(date: day, secondOfDay: hour * 3_600), timeZone: .utc,
                    duration: CalendarDuration(seconds: hours * 3_600), rule: rule)
            ]
        }
        func scope() -> CalendarScope {
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                CalendarScope(environments: fleet.environments.shuffled(using: &random).prefix(1).map(\.id.rawValue))
            case 1: CalendarScope(groups: fleet.groups.shuffled(using: &random).prefix(1).map(\.id.rawValue))
            case 2: CalendarScope(resources: fleet.resources.shuffled(using: &random).prefix(2).map(\.id.rawValue))
            default: CalendarScope()
            }
        }
        var policy = Policy()
        for number in 0..<Int.random(in: 0...3, using: &random) {
            policy.windows.append(
                MaintenanceWindow(
                    id: WindowID("w\(number)"), events: event("FREQ=DAILY", hour: 4 * number, hours: 3), scope: scope())
            )
        }
        for number in 0..<Int.random(in: 0...3, using: &random) {
            policy.freezes.append(
                Freeze(
                    id: FreezeID("f\(number)"), reason: "because", events: event("FREQ=WEEKLY", hour: 3, hours: 30),
                    scope: scope(), emergencyMayPass: Bool.random(using: &random)))
        }
        policy.withoutWindow = Bool.random(using: &random) ? .never : .anyTime
        return policy
    }

    @Test(arguments: UInt64(1)...40) func everyResourceIsShownOnceAndAsItIsPlanned(seed: UInt64) throws {
        let fleet = FleetGenerator.sample(seed: seed).fleet
        let policy = Self.policy(fleet, seed: seed)
        let isEmergency = seed.isMultiple(of: 2)
        let overview = CalendarOverview(policy: policy, fleet: fleet, from: Self.now, days: 9, isEmergency: isEmergency)
        let calendar = MaintenanceCalendar(
            policy: policy, fleet: fleet, from: Self.now, to: Self.now.adding(seconds: 9 * 86_400),
            isEmergency: isEmergency)
        #expect(overview.lots.flatMap(\.resources).sorted() == fleet.resources.map(\.id).sorted())
        for lot in overview.lots {
            for resource in lot.resources {
                #expect(calendar.windows(for: resource) == (lot.isBound ? lot.open : nil))
                #expect(calendar.windowNames(for: resource) == lot.windows)
                #expect(calendar.freezes(for: resource).map(\.freeze) == lot.frozen.map(\.freeze))
            }
            let named = Set(lot.groups.flatMap { fleet.group($0)?.members ?? [] }).union(lot.others)
            #expect(named == Set(lot.resources))
        }
        let shown = Set(fleet.resources.prefix(2).map(\.id))
        let few = CalendarOverview(policy: policy, fleet: fleet, from: Self.now, days: 9, resources: shown)
        #expect(Set(few.lots.flatMap(\.resources)) == shown)
    }
}
