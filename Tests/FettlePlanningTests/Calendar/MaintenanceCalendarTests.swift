import FettleModel
import FettlePlanning
import Testing

@Suite("Windows and freezes are worked out for each resource")
struct MaintenanceCalendarTests {
    private let now = Timestamp("2026-11-23T09:30:00Z") ?? Timestamp(milliseconds: 0)
    private let fleet = Fleet(
        environments: [Environment(id: "dev", isProtected: false), Environment(id: "production", isProtected: true)],
        resources: [
            Resource(id: "db-1", address: .ssh("db-1"), environment: "production"),
            Resource(id: "dev-1", address: .ssh("dev-1"), environment: "dev"),
            Resource(id: "web-1", address: .ssh("web-1"), environment: "production"),
            Resource(id: "web-2", address: .ssh("web-2"), environment: "production"),
        ],
        groups: [ResourceGroup(id: "web", members: ["web-1", "web-2"], minimumAvailable: .count(1))])

    @Test func aWindowIsForWhatAllItsListsLetThrough() {
        let policy = Policy(windows: [
            window("nights", "FREQ=DAILY", "22:00", hours: 2, CalendarScope(environments: ["prod*"])),
            window(
                "web", "FREQ=DAILY", "03:00", hours: 1, CalendarScope(environments: ["production"], groups: ["web"])),
            window("one", "FREQ=DAILY", "05:00", hours: 1, CalendarScope(groups: ["w*"], resources: ["*-2", "db-*"])),
        ])
        let calendar = MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: now.adding(seconds: 86_400))
        #expect(calendar.windows(for: "dev-1") == nil)
        #expect(calendar.windowNames(for: "dev-1") == [])
        #expect(calendar.windowNames(for: "db-1") == ["nights"])
        #expect(calendar.windowNames(for: "web-1") == ["nights", "web"])
        #expect(calendar.windowNames(for: "web-2") == ["nights", "web", "one"])
        #expect(text(calendar, "db-1") == ["11-23T22:00 11-24T00:00"])
        #expect(
            text(calendar, "web-2") == [
                "11-23T22:00 11-24T00:00", "11-24T03:00 11-24T04:00", "11-24T05:00 11-24T06:00",
            ])
    }

    @Test func whatOverlapsOrTouchesIsOneWindow() {
        let policy = Policy(windows: [
            window("a", "FREQ=DAILY", "22:00", hours: 2), window("b", "FREQ=DAILY", "23:00", hours: 3),
            window("c", "FREQ=DAILY", "02:00", hours: 1), window("d", "FREQ=DAILY", "23:30", hours: 1),
        ])
        let calendar = MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: now.adding(seconds: 86_400))
        #expect(text(calendar, "web-1") == ["11-23T22:00 11-24T03:00"])
    }

    @Test func aFreezeSplitsAWindowAndWhatIsTooShortIsDropped() {
        var policy = Policy(windows: [window("night", "FREQ=DAILY", "22:00", hours: 4)])
        policy.freezes = [
            freeze("books", "FREQ=DAILY", "23:00", seconds: 1_800),
            freeze("backup", "FREQ=DAILY", "23:30", seconds: 600),
            // Leaves 59 seconds before it, and a minute after it.
            freeze("batch", "FREQ=DAILY", "23:40:59", seconds: 8_281),
        ]
        let calendar = MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: now.adding(seconds: 86_400))
        #expect(text(calendar, "web-1") == ["11-23T22:00 11-23T23:00", "11-24T01:59 11-24T02:00"])
        #expect(calendar.freezes(for: "web-1").map(\.freeze) == ["books", "backup", "batch"])
        #expect(calendar.freezes(for: "web-1").first?.reason == "because of books")
    }

    @Test func emergenciesPassTheFreezesThatLetThem() {
        var policy = Policy(windows: [window("night", "FREQ=DAILY", "22:00", hours: 4)])
        policy.freezes = [
            freeze("soft", "FREQ=DAILY", "22:00", seconds: 7_200), freeze("hard", "FREQ=DAILY", "01:00", seconds: 60),
        ]
        policy.freezes[0].emergencyMayPass = true
        let to = now.adding(seconds: 86_400)
        let normal = MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: to)
        let emergency = MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: to, isEmergency: true)
        #expect(text(normal, "web-1") == ["11-24T00:00 11-24T01:00", "11-24T01:01 11-24T02:00"])
        #expect(text(emergency, "web-1") == ["11-23T22:00 11-24T01:00", "11-24T01:01 11-24T02:00"])
    }

    @Test func whatNoWindowIsForGoesAsThePolicySays() {
        var policy = Policy(windows: [window("night", "FREQ=DAILY", "22:00", hours: 4, CalendarScope(groups: ["web"]))])
        let calendar = { MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: now.adding(seconds: 86_400)) }
        #expect(calendar().windows(for: "db-1") == nil)
        policy.withoutWindow = .never
        #expect(calendar().windows(for: "db-1") == [])
        policy.withoutWindow = .anyTime
        policy.freezes = [freeze("noon", "FREQ=DAILY", "12:00", seconds: 3_600)]
        #expect(text(calendar(), "db-1") == ["11-23T09:30 11-23T12:00", "11-23T13:00 11-24T09:30"])
        // A freeze that is for others binds nobody.
        policy.freezes[0].scope.environments = ["dev"]
        #expect(calendar().windows(for: "db-1") == nil)
    }

    @Test func whatTheFleetDoesNotDeclareIsNeverWorkedOn() {
        let calendar = MaintenanceCalendar(policy: Policy(), fleet: fleet, from: now)
        #expect(calendar.windows(for: "web-1") == nil)
        #expect(calendar.windows(for: "gone") == [])
    }

    @Test func anOpenWindowCountsAndOneAtTheHorizonIsWhole() {
        let policy = Policy(windows: [window("long", "FREQ=DAILY", "09:00", hours: 3)])
        let calendar = MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: now.adding(seconds: 86_400))
        #expect(text(calendar, "web-1") == ["11-23T09:00 11-23T12:00", "11-24T09:00 11-24T12:00"])
    }

    @Test func aFreezeAfterTheHorizonStillCutsAWindowThatReachesIntoIt() {
        var policy = Policy(windows: [window("long", "FREQ=DAILY", "09:00", hours: 3)])
        policy.freezes = [freeze("late", "FREQ=DAILY", "11:00", seconds: 86_000)]
        let calendar = MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: now.adding(seconds: 86_400))
        // Each lasts until 400 seconds before the next begins.
        #expect(text(calendar, "web-1") == ["11-23T10:53 11-23T11:00", "11-24T10:53 11-24T11:00"])
    }

    @Test func sixtyDaysAreLookedAtUnlessOtherwiseAsked() {
        let policy = Policy(windows: [window("night", "FREQ=DAILY", "22:00", hours: 1)])
        #expect(MaintenanceCalendar(policy: policy, fleet: fleet, from: now).windows(for: "web-1")?.count == 60)
        let far = MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: Timestamp(milliseconds: .max))
        #expect(far.windows(for: "web-1")?.count == 3_653)
    }

    /// Against the plainest way of saying it: a minute is open if a window holds it and no freeze does.
    @Test(arguments: 0..<15 as Range<UInt64>)
    func everyMinuteIsOpenThatAWindowHoldsAndNoFreeze(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        let rules = ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=DAILY;BYHOUR=1,7,8,20", "FREQ=WEEKLY;BYDAY=TU"]
        func event() -> CalendarEvent {
            let start = "\(Int.random(in: 10...23, using: &random)):\(Int.random(in: 10...59, using: &random))"
            return Self.event(
                rules.randomElement(using: &random) ?? "", start, seconds: Int.random(in: 2...900, using: &random) * 60)
        }
        var policy = Policy()
        for number in 0..<Int.random(in: 1...4, using: &random) {
            policy.windows.append(MaintenanceWindow(id: WindowID("w\(number)"), events: [event()]))
        }
        for number in 0..<Int.random(in: 0...3, using: &random) {
            policy.freezes.append(Freeze(id: FreezeID("f\(number)"), reason: "x", events: [event()]))
        }
        let to = now.adding(seconds: 8 * 86_400)
        let windows = MaintenanceCalendar(policy: policy, fleet: fleet, from: now, to: to).windows(for: "web-1") ?? []
        func holds(_ events: [CalendarEvent], _ minute: Timestamp) -> Bool {
            events.contains { $0.occurrences(from: minute, to: minute.adding(seconds: 1)).isEmpty == false }
        }
        for minute in stride(from: 0, to: 8 * 1_440, by: 17) {
            let moment = now.adding(seconds: minute * 60)
            let isOpen = windows.contains { $0.opensAt <= moment && moment < $0.closesAt }
            #expect(
                isOpen
                    == (holds(policy.windows.flatMap(\.events), moment)
                        && !holds(policy.freezes.flatMap(\.events), moment)))
        }
        for (one, next) in zip(windows, windows.dropFirst()) { #expect(one.closesAt < next.opensAt) }
    }

    @Test func largeFleetsAreWorkedOutOnceForEachKindOfResource() {
        let environments = (0..<4).map { Environment(id: EnvironmentID("e\($0)"), isProtected: false) }
        let resources = (0..<20_000).map {
            Resource(id: ResourceID("r\($0)"), address: .ssh("r"), environment: environments[$0 % 4].id)
        }
        let groups = (0..<1_000).map { number in
            ResourceGroup(
                id: GroupID("g\(number)"), members: resources[number * 20..<number * 20 + 20].map(\.id).sorted(),
                minimumAvailable: .count(1))
        }
        var policy = Policy()
        for number in 0..<8 {
            policy.windows.append(
                window(
                    WindowID("w\(number)"), "FREQ=DAILY", "1\(number):00", hours: 2,
                    number < 4
                        ? CalendarScope(environments: ["e\(number)"]) : CalendarScope(groups: ["g\(number)*"])))
        }
        let fleet = Fleet(environments: environments, resources: resources, groups: groups)
        let calendar = MaintenanceCalendar(policy: policy, fleet: fleet, from: now)
        #expect(calendar.offered.count == resources.count)
        #expect(calendar.windows(for: "r0") == calendar.windows(for: "r4"))
        #expect(calendar.windows(for: "r0") != calendar.windows(for: "r1"))
    }

    // MARK: Helpers

    private func text(_ calendar: MaintenanceCalendar, _ resource: ResourceID) -> [String]? {
        calendar.windows(for: resource)?.map {
            "\($0.opensAt.description.dropFirst(5).prefix(11)) \($0.closesAt.description.dropFirst(5).prefix(11))"
        }
    }

    private func window(
        _ id: WindowID, _ rule: String, _ start: String, hours: Int, _ scope: CalendarScope = CalendarScope()
    ) -> MaintenanceWindow {
        MaintenanceWindow(id: id, events: [Self.event(rule, start, seconds: hours * 3_600)], scope: scope)
    }

    private func freeze(_ id: FreezeID, _ rule: String, _ start: String, seconds: Int) -> Freeze {
        Freeze(id: id, reason: "because of \(id)", events: [Self.event(rule, start, seconds: seconds)])
    }

    private static func event(_ rule: String, _ start: String, seconds: Int) -> CalendarEvent {
        CalendarEvent(
            start: LocalDateTime("2026-01-01T\(start)") ?? LocalDateTime(date: LocalDate(dayNumber: 0), secondOfDay: 0),
            timeZone: .utc, duration: CalendarDuration(seconds: seconds), rule: try? RecurrenceRule(rule))
    }
}
