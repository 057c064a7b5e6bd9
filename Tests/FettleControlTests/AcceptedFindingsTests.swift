import FettleAssessment
import FettleControl
import FettleDriverKit
import FettleModel
import FettlePlanning
import FettleStore
import FettleTestSupport
import Testing

/// Accepting findings, from the ledger to scans and plans.
@Suite struct AcceptedFindingsTests {
    let store = InMemoryStore()
    private static let start = Timestamp(milliseconds: 1_790_000_000_000)
    private static func day(_ days: Int) -> Timestamp { start.adding(seconds: days * 86_400) }

    private var fleet: Fleet {
        var builder = FleetBuilder()
        for name in ["api-1", "web-1"] as [ResourceID] { builder.host(name) }
        return builder.fleet
    }

    private func tools(_ day: Int, offers version: String = "2") -> Tools {
        Tools(
            inspector: OneUpdate(time: Self.day(day), version: version), resolver: NoAnswers(), drivers: NoDrivers(),
            observer: NoMembers(), now: { Self.day(day) })
    }

    private func scan(_ day: Int, offers version: String = "2") async throws -> FindingSet {
        let fleet = fleet
        return try await ScanService(store: store, tools: tools(day, offers: version)).scan(
            fleet.resources, fleet: fleet, policy: Policy(), feeds: .none
        ).findings
    }

    private func service(_ day: Int = 0) -> WaiverService { WaiverService(store: store, now: { Self.day(day) }) }

    private func request(_ scope: WaiverScope, days: Int = 30) -> WaiverService.Request {
        WaiverService.Request(
            scope: scope, kind: .accepted, reason: "known", owner: "alice", expiresAt: Self.day(days))
    }

    private func grant(_ scope: WaiverScope, days: Int = 30) async throws -> Waiver {
        try await service().grant(request(scope, days: days), by: "bob", policy: Policy())
    }

    private func refusal(_ body: () async throws(ControlError) -> Void) async -> ControlError? {
        do throws(ControlError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    // MARK: The ledger

    @Test("waivers are numbered, kept, and never without reason, owner and end (DefectDojo#13439)")
    func granting() async throws {
        #expect(try await grant(WaiverScope(.source("openssl"))).id == "waiver-1")
        #expect(try await grant(WaiverScope(.source("curl"))).id == "waiver-2")
        #expect(try await service().waivers().map(\.createdBy) == ["bob", "bob"])
        let wrong: [(String, (inout WaiverService.Request) -> Void)] = [
            ("reason", { $0.reason = " \n" }), ("long", { $0.reason = String(repeating: "x", count: 5_000) }),
            ("owner", { $0.owner = "" }), ("past", { $0.expiresAt = Self.day(0) }),
            ("far", { $0.expiresAt = Self.day(366) }), ("justified", { $0.justification = .componentNotPresent }),
        ]
        for (name, change) in wrong {
            var asked = request(WaiverScope(.source("openssl")))
            change(&asked)
            let refused = asked
            let error = await refusal { () throws(ControlError) in
                _ = try await service().grant(refused, by: "bob", policy: Policy())
            }
            #expect(error?.code == .invalid, "\(name)")
            #expect(error?.hint.isEmpty == false, "\(name)")
        }
        #expect(try await service().waivers().count == 2)
        _ = try await grant(WaiverScope(.source("openssl")), days: 365)
    }

    @Test("policy says how long a waiver may hold")
    func policyLimit() async throws {
        var policy = Policy()
        policy.maximumWaiverDays = 7
        let (short, asked) = (policy, request(WaiverScope(.source("openssl")), days: 8))
        let error = await refusal { () throws(ControlError) in
            _ = try await service().grant(asked, by: "bob", policy: short)
        }
        #expect(error?.message.contains("7 days") == true)
    }

    @Test("ending by hand needs a reason and can be done once")
    func ending() async throws {
        _ = try await grant(WaiverScope(.source("openssl")))
        #expect(
            await refusal { () throws(ControlError) in
                _ = try await service(1).end("waiver-1", by: "carol", reason: " ")
            }?.code == .invalid)
        let ended = try await service(1).end("waiver-1", by: "carol", reason: "a fix is out")
        #expect(ended.ending == Waiver.Ending(by: "carol", at: Self.day(1), reason: "a fix is out"))
        #expect(
            await refusal { () throws(ControlError) in
                _ = try await service(2).end("waiver-1", by: "carol", reason: "again")
            }?.code == .invalid)
        #expect(
            await refusal { () throws(ControlError) in
                _ = try await service(2).end("waiver-9", by: "carol", reason: "what")
            }?.code == .notFound)
    }

    @Test("of many that grant at once each waiver gets a name of its own")
    func concurrentGrants() async throws {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<6 { group.addTask { _ = try? await self.grant(WaiverScope(.source("openssl"))) } }
        }
        let names = try await service().waivers().map(\.id.rawValue)
        #expect(Set(names).count == 6 && names.count == 6)
    }

    // MARK: Scans and plans

    @Test("a finding that is judged again keeps its age and its due date")
    func ages() async throws {
        let first = try await scan(0)
        #expect(first.findings.map(\.firstSeenAt) == [Self.day(0), Self.day(0)])
        let later = try await scan(40)
        #expect(later.findings.map(\.firstSeenAt) == [Self.day(0), Self.day(0)])
        #expect(later.findings.map(\.dueAt) == first.findings.map(\.dueAt))
        _ = try await scan(41, offers: "1")
        let rows = try await store.sightings()
        #expect(rows.map(\.goneAt) == [Self.day(41), Self.day(41)])
        #expect(rows.map(\.lastSeenAt) == [Self.day(40), Self.day(40)])
    }

    @Test("a waived finding is marked in a scan, left out of a plan with its waiver's name, and is back when it ends")
    func planning() async throws {
        _ = try await grant(WaiverScope(.source("openssl"), resources: ["web-1"]), days: 10)
        let marked = try await scan(0)
        #expect(marked.findings.map { "\($0.resource) \($0.isWaived)" } == ["api-1 false", "web-1 true"])
        func leftOut(_ day: Int) async throws -> [String] {
            let error = await refusal { () throws(ControlError) in
                _ = try await PlanService(store: store, tools: tools(day)).make(
                    filter: PatchFilter(), fleet: fleet, policy: everything)
            }
            #expect(error == nil)
            let keeper = StageKeeper(store: store)
            let selection = try #require(try await keeper.newest(Selection.self, .selection)).value
            return selection.leftOut.filter { $0.resource == "web-1" }.map(\.reason)
        }
        #expect(try await leftOut(1) == ["waived by waiver-1 until \(Self.day(10))"])
        // Without another scan: the resolver is asked for it, which has no answer here.
        #expect(try await leftOut(10).allSatisfy { $0.contains("resolver") })
    }

    private var everything: Policy {
        var policy = Policy()
        policy.classes = UpdateClass.allCases
        return policy
    }

    @Test("an overview counts what is not waived, and forgets waivers that have ended since")
    func overview() async throws {
        _ = try await grant(WaiverScope(.source("openssl")), days: 10)
        _ = try await scan(0)
        func count(_ day: Int) async throws -> Int {
            try await OverviewService(store: store, tools: tools(day)).overview().findings.values.reduce(0, +)
        }
        #expect(try await count(1) == 0)
        #expect(try await count(10) == 2)
    }

    @Test("compliance goes by the ledger of ages, and tells who was never looked at")
    func compliance() async throws {
        let fleet = fleet
        _ = try await ScanService(store: store, tools: tools(0)).scan(
            fleet.resources.filter { $0.id == "web-1" }, fleet: fleet, policy: Policy(), feeds: .none)
        func report(_ day: Int) async throws -> ComplianceReport {
            try await ComplianceService(store: store, now: { Self.day(day) }).report(
                on: fleet.resources, fleet: fleet, policy: Policy())
        }
        let within = try await report(1)
        #expect(within.total.withinDue == 1 && within.total.overdue == 0)
        #expect(within.notJudged.map(\.resource) == ["api-1"])
        let over = try await report(95)
        #expect(over.total.overdue == 1)
        #expect(over.worst.first?.firstSeenAt == Self.day(0))
        _ = try await scan(95, offers: "1")
        let closed = try await report(96)
        #expect(closed.total.overdue == 0)
        #expect(closed.total.closedIn30Days.late == 1)
    }

    @Test("without a look at the fleet there is no report")
    func nothingKnown() async {
        let error = await refusal { () throws(ControlError) in
            _ = try await ComplianceService(store: store).report(on: [], fleet: fleet, policy: Policy())
        }
        #expect(error?.code == .notFound)
    }
}

private struct OneUpdate: HostInspector {
    let time: Timestamp
    /// `1` is what is installed: then there is none.
    let version: String

    func inspect(_ resource: ResourceID, at address: ResourceAddress) async -> HostFacts {
        FactSample.host(
            resource, packages: [FactSample.package("openssl", "1")],
            updates: version == "1" ? [] : [FactSample.update("openssl", from: "1", to: version)], at: time)
    }
}
