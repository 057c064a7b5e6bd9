import FettleModel
import FettleReporting
import Testing

@testable import FettleControl

/// What counts as overdue in a week of the trend.
@Suite struct TrendDocumentTests {
    /// 1 March 2026 at midnight UTC.
    private static let march = Timestamp(milliseconds: 1_772_323_200_000)

    private static func day(_ day: Int) -> Timestamp { march.adding(seconds: (day - 1) * 86_400) }

    /// Days of March. What is immediate is due two days after it was first seen, what is scheduled 30 days after.
    private func sighting(
        _ name: String, kind: SightingKey.Kind = .advisory, first: Int, gone: Int? = nil, outcome: Outcome
    ) -> Sighting {
        Sighting(
            key: SightingKey(resource: "web-1", source: "openssl", kind: kind, name: name),
            firstSeenAt: Self.day(first), lastSeenAt: Self.day(gone ?? 20), goneAt: gone.map(Self.day),
            outcome: outcome)
    }

    /// The newest week's row, which ends on 20 March.
    private func newestWeek(_ sightings: [Sighting]) throws -> [ReportCell] {
        let resource = Resource(id: "web-1", address: .local, environment: "production")
        let now = Self.day(20)
        let findings = FindingSet(
            id: "findings-1", facts: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), assessedAt: now,
            feeds: .none, findings: [], notJudged: [])
        let standing = Standing(
            fleet: Fleet(
                environments: [Environment(id: "production", isProtected: true)], resources: [resource], groups: []),
            policy: Policy(), resources: [resource], findings: findings,
            facts: FactOutline(FactSet(id: "facts-1", observedAt: now, hosts: [])), sightings: sightings, now: now)
        let document = TrendDocument.make(standing, runs: [])
        return try #require(document.tables.first { $0.name == "weeks" }).row(0)
    }

    @Test("an advisory that was closed in time leaves nothing overdue behind")
    func closedInTime() throws {
        #expect(Self.march.day == "2026-03-01")
        let row = try newestWeek([
            sighting("CVE-A", first: 1, gone: 3, outcome: .immediate), sighting("CVE-B", first: 2, outcome: .scheduled),
        ])
        #expect(row[1] == .count(1))
        #expect(row[2] == .count(0))
    }

    @Test("an advisory that is still open and past its day is overdue, and counts once")
    func stillOpen() throws {
        let row = try newestWeek([
            sighting("CVE-A", first: 1, gone: 3, outcome: .immediate), sighting("CVE-B", first: 2, outcome: .immediate),
        ])
        #expect(row[1] == .count(1))
        #expect(row[2] == .count(1))
    }

    @Test("an offer is as old as it is only where no advisory is open")
    func offerBesideAdvisory() throws {
        let offer = sighting("security", kind: .fix, first: 1, outcome: .immediate)
        let alone = try newestWeek([offer])
        #expect(alone[2] == .count(1))
        let named = try newestWeek([offer, sighting("CVE-B", first: 2, outcome: .scheduled)])
        #expect(named[2] == .count(0))
        let left = try newestWeek([offer, sighting("CVE-B", first: 2, gone: 9, outcome: .scheduled)])
        #expect(left[2] == .count(1))
    }
}
