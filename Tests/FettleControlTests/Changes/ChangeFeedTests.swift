import FettleEvidence
import FettleModel
import FettleReporting
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleControl

/// The times of changes, as calendars and receivers are told them.
@Suite struct ChangeFeedTests {
    private let store = InMemoryStore(chain: .sha256)
    private static let start = Timestamp(milliseconds: 1_766_000_400_000)
    private var changes: ChangeService { ChangeService(store: store) { Self.start } }

    private func submit(_ id: PlanID, _ windows: [TimeWindow] = []) async throws -> Change {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.id = id
        plan.windows = windows
        if !windows.isEmpty {
            for place in plan.targets.indices { plan.targets[place].window = place % windows.count }
        }
        try await StageKeeper(store: store).keep(plan, as: .plan, id: id.rawValue, at: Self.start)
        return try await changes.submit(plan: id, kind: .normal, reason: "patches", by: "alice", policy: Policy())
    }

    /// From so many hours after the start, for four.
    private static func night(_ hours: Int) -> TimeWindow {
        TimeWindow(opensAt: start.adding(seconds: hours * 3_600), closesAt: start.adding(seconds: (hours + 4) * 3_600))
    }

    /// A calendar program keeps what it has unless the number goes up (RFC 5545, 3.8.7.4).
    @Test func theNumberOfAnEventGoesUpWithItsTimeAndWithItsState() async throws {
        let change = try await submit("plan-1")
        _ = try await changes.schedule(change.id, for: Self.night(24), by: "alice")
        let tentative = try #require(try await changes.feed().items.first)
        #expect(tentative.status == .tentative)
        _ = try await changes.schedule(change.id, for: Self.night(48), by: "alice")
        let moved = try #require(try await changes.feed().items.first)
        #expect(moved.sequence > tentative.sequence && moved.uid == tentative.uid)
        _ = try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let confirmed = try #require(try await changes.feed().items.first)
        #expect(confirmed.status == .confirmed && confirmed.sequence > moved.sequence)
        _ = try await changes.vote(on: change.id, by: "carol", approves: false, digest: change.plan.digest, note: "")
        let cancelled = try #require(try await changes.feed().items.first)
        #expect(cancelled.status == .cancelled && cancelled.sequence > confirmed.sequence)
    }

    @Test func aPlanOfThreeNightsIsThreeEventsAndNoBlockOfDays() async throws {
        let change = try await submit("plan-1", [Self.night(24), Self.night(48), Self.night(72)])
        let items = try await changes.feed().items
        #expect(items.map(\.opensAt) == [24, 48, 72].map { Self.night($0).opensAt })
        #expect(items.map(\.closesAt) == [24, 48, 72].map { Self.night($0).closesAt })
        #expect(Set(items.map(\.uid)).count == 3 && items.allSatisfy { $0.uid.hasPrefix("\(change.id)-") })
    }

    @Test func whatIsCarriedOutBetweenTheNightsOfAnotherIsNoConflict() async throws {
        _ = try await submit("plan-1", [Self.night(24), Self.night(48), Self.night(72)])
        let noon = try await submit("plan-2")
        _ = try await changes.schedule(noon.id, for: Self.night(38), by: "alice")
        #expect(try await changes.calendar(fleet: nil).conflicts.isEmpty)
        _ = try await changes.schedule(noon.id, for: Self.night(50), by: "alice")
        #expect(try await changes.calendar(fleet: nil).conflicts.map(\.isCertain) == [true])
    }
}
