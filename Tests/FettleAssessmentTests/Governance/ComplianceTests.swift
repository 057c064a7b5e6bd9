import FettleAssessment
import FettleModel
import Testing

/// Ages of findings, and how a fleet stands against its due dates.
@Suite struct ComplianceTests {
    private typealias Samples = GovernanceSamples

    private func sighting(
        _ resource: ResourceID, _ name: String, first: Int, gone: Int? = nil, source: String = "openssl",
        outcome: Outcome = .scheduled, listed: Int? = nil
    ) -> Sighting {
        Sighting(
            key: SightingKey(resource: resource, source: source, kind: .advisory, name: name),
            firstSeenAt: Samples.day(first), lastSeenAt: Samples.day(gone ?? 0), goneAt: gone.map(Samples.day),
            outcome: outcome, listedDueAt: listed.map(Samples.day))
    }

    private func report(
        _ findings: [Finding], _ sightings: [Sighting], waivers: [Waiver] = [],
        notJudged: [FindingSet.NotJudged] = [], of resources: [ResourceID] = ["db-1", "web-1", "web-2"]
    ) -> ComplianceReport {
        let aged = FindingAges(sightings).applied(to: Samples.set(findings, notJudged: notJudged), policy: Policy())
        let marked = Samples.book(waivers).applied(to: aged, at: Samples.now)
        return Compliance(
            findings: marked, sightings: sightings, fleet: Samples.fleet, policy: Policy(), at: Samples.now
        ).report(on: Samples.fleet.resources.filter { resources.contains($0.id) })
    }

    // MARK: Ages

    @Test("judged again, a finding is not due later")
    func dueFromFirstSeen() {
        let set = FindingAges([sighting("web-1", "CVE-2026-1", first: -10)]).applied(
            to: Samples.set([Samples.finding()]), policy: Policy())
        #expect(set.findings[0].firstSeenAt == Samples.day(-10))
        #expect(set.findings[0].dueAt == Samples.day(20))
        let unknown = FindingAges([]).applied(to: Samples.set([Samples.finding()]), policy: Policy())
        #expect(unknown.findings[0].firstSeenAt == Samples.now)
        #expect(unknown.findings[0].dueAt == Samples.day(30))
    }

    @Test("an advisory keeps its age when another version fixes it")
    func anotherFix() {
        let ages = FindingAges([sighting("web-1", "CVE-2026-1", first: -10)])
        #expect(ages.firstSeen(Samples.finding(fixed: "3.0.23"), at: Samples.now) == Samples.day(-10))
        #expect(ages.firstSeen(Samples.finding("web-2"), at: Samples.now) == nil)
    }

    private func offer(_ first: Int, gone: Int? = nil, name: UpdateClass = .security) -> Sighting {
        Sighting(
            key: SightingKey(resource: "web-1", source: "openssl", kind: .fix, name: name.rawValue),
            firstSeenAt: Samples.day(first), lastSeenAt: Samples.day(0), goneAt: gone.map(Samples.day),
            outcome: .scheduled)
    }

    @Test("an offer keeps its age when it is released anew; what an advisory names goes by the advisory")
    func offers() {
        let ages = FindingAges([offer(-40), sighting("web-1", "CVE-2026-1", first: -2)])
        #expect(
            ages.firstSeen(Samples.finding(advisories: [], fixed: "3.0.99"), at: Samples.now) == Samples.day(-40))
        #expect(ages.firstSeen(Samples.finding(), at: Samples.now) == Samples.day(-2))
    }

    @Test("an offer in whose place another one stands was not closed")
    func replacedOffer() {
        #expect(report([], [offer(-9, gone: -3)]).total.closedIn30Days.inTime == 1)
        let replaced = [offer(-9, gone: -3, name: .bugfix), offer(-3)]
        #expect(report([], replaced).total.closedIn30Days == .init(inTime: 0, late: 0, meanDays: nil))
        let both = [offer(-90, gone: -3), sighting("web-1", "CVE-2026-1", first: -8, gone: -3)]
        #expect(report([], both).total.closedIn30Days == .init(inTime: 1, late: 0, meanDays: 5))
    }

    @Test("what was gone for long has no age, what is back soon keeps it")
    func back() {
        func first(gone: Int) -> Timestamp? {
            FindingAges([sighting("web-1", "CVE-2026-1", first: -90, gone: gone)])
                .firstSeen(Samples.finding(), at: Samples.now)
        }
        #expect(first(gone: -31) == nil)
        #expect(first(gone: -30) == Samples.day(-90))
    }

    @Test("the list of exploited weaknesses wins where it is sooner")
    func listedWins() {
        func due(listed: Int) -> Timestamp? {
            FindingAges([]).applied(
                to: Samples.set([Samples.finding(listedDueAt: Samples.day(listed))]), policy: Policy()
            ).findings[0].dueAt
        }
        #expect(due(listed: 3) == Samples.day(3))
        #expect(due(listed: 300) == Samples.day(30))
    }

    @Test("a look says of each host what could be judged of it")
    func lookKinds() {
        func judged(_ change: (inout HostFacts) -> Void) -> Set<SightingKey.Kind>? {
            var host = HostFacts.nothingObserved(
                of: "web-1", at: Samples.now, reachability: .reachable, reason: "not asked")
            change(&host)
            return Samples.set([Samples.finding()]).look(
                at: FactSet(id: "facts-1", observedAt: Samples.now, hosts: [host])
            ).judged["web-1"]
        }
        #expect(judged { _ in } == [])
        #expect(judged { $0.updates = .observed([]) } == [.fix])
        #expect(
            judged {
                $0.updates = .observed([])
                $0.packages = .observed([])
            } == [.fix, .advisory])
        #expect(
            judged {
                $0.staleServices = .observed([])
                $0.rebootRequired = .observed(RebootRequirement(isRequired: false))
            } == [.state])
        #expect(
            judged {
                $0.updates = .observed([])
                $0.reachability = .unreachable(reason: "timeout")
            } == [])
    }

    @Test("each advisory is taken down by itself, with its own listing")
    func lookKeys() {
        let finding = Samples.finding(advisories: ["CVE-1", "CVE-2"])
        let look = Samples.set([
            finding, Samples.finding("web-1", "curl", advisories: []),
            Samples.finding("web-1", "nginx", advisories: [], fixed: nil, state: .installedPendingRestart),
            Samples.finding("web-1", "zlib", state: .running),
            Samples.finding("web-1", "glibc", advisories: ["CVE-3"], state: .installedPendingRestart),
        ]).look(at: FactSet(id: "facts-1", observedAt: Samples.now, hosts: []))
        #expect(
            Set(look.seen.keys.map { "\($0.source) \($0.kind.rawValue) \($0.name)" }) == [
                "openssl advisory CVE-1", "openssl advisory CVE-2", "openssl fix security", "curl fix security",
                "nginx state installedPendingRestart", "glibc advisory CVE-3", "glibc state installedPendingRestart",
            ])
    }

    // MARK: The report

    @Test("open findings are counted by outcome, within their time or over it")
    func counts() {
        let report = report(
            [
                Samples.finding("web-1"), Samples.finding("db-1"),
                Samples.finding("web-2", outcome: .immediate),
            ],
            [
                sighting("web-1", "CVE-2026-1", first: -45), sighting("db-1", "CVE-2026-1", first: -5),
                sighting("web-2", "CVE-2026-1", first: -3, outcome: .immediate),
            ])
        #expect(report.total.open == [.immediate: 1, .scheduled: 2])
        #expect(report.total.withinDue == 1)
        #expect(report.total.overdue == 2)
        #expect(report.total.mostDaysOverdue == 15)
        #expect(report.securityOverdue == 2)
        #expect(report.worst.map(\.resource) == ["web-1", "web-2"])
        #expect(report.worst.map(\.daysOverdue) == [15, 1])
        #expect(report.environments.map(\.name) == ["qa", "production"])
        #expect(report.environments.map(\.overdue) == [1, 1])
        #expect(report.groups.map(\.overdue) == [2])
    }

    @Test("a waived finding is counted apart and is not overdue; a part of the fleet is counted alone")
    func waivedApart() {
        let findings = [Samples.finding("web-1"), Samples.finding("db-1")]
        let old = [sighting("web-1", "CVE-2026-1", first: -45), sighting("db-1", "CVE-2026-1", first: -45)]
        let waiver = Samples.waiver(WaiverScope(.source("openssl"), resources: ["web-1"]))
        let report = report(findings, old, waivers: [waiver])
        #expect(report.total.waived == 1)
        #expect(report.total.overdue == 1)
        #expect(report.worst.map(\.resource) == ["db-1"])
        let part = self.report(findings, old, waivers: [waiver], of: ["web-1"])
        #expect(part.total.resources == 1)
        #expect(part.total.overdue == 0)
        #expect(part.environments.map(\.name) == ["production"])
    }

    @Test("a fix that nobody offers is told apart")
    func withoutFix() {
        let report = report(
            [Samples.finding("web-1", fixed: nil)], [sighting("web-1", "CVE-2026-1", first: -45)])
        #expect(report.total.overdueWithoutFix == 1)
        #expect(report.worst.first?.hasFix == false)
    }

    @Test("what went away was closed in time or late, one work for each source and look")
    func closed() {
        let report = report(
            [],
            [
                // One work of two advisories, of which the older was due 30 days after -50.
                sighting("web-1", "CVE-1", first: -50, gone: -10), sighting("web-1", "CVE-2", first: -20, gone: -10),
                sighting("web-1", "CVE-3", first: -12, gone: -2, source: "curl"),
                // The list wanted it sooner than policy.
                sighting("db-1", "CVE-4", first: -60, gone: -40, listed: -45),
                sighting("db-1", "CVE-5", first: -200, gone: -100),
            ])
        #expect(report.total.closedIn30Days == .init(inTime: 1, late: 1, meanDays: 25))
        #expect(report.total.closedIn90Days == .init(inTime: 1, late: 2, meanDays: 23.3))
        #expect(report.groups.first?.closedIn90Days == .init(inTime: 1, late: 1, meanDays: 25))
        #expect(report.environments.first?.closedIn90Days == .init(inTime: 0, late: 0, meanDays: nil))
    }

    @Test("what could not be judged is told and is not compliant")
    func notJudged() {
        let report = report(
            [], [],
            notJudged: [
                .init(resource: "web-1", reason: "unreachable: timeout"), .init(resource: "web-1", reason: "more"),
            ])
        #expect(report.total.notJudged == 1)
        #expect(report.notJudged.count == 2)
        #expect(report.environments.map(\.notJudged) == [0, 1])
    }

    @Test("a policy without a due date makes nothing overdue")
    func noDueDate() {
        var policy = Policy()
        policy.dueInDays = [:]
        let set = FindingAges([sighting("web-1", "CVE-2026-1", first: -400)]).applied(
            to: Samples.set([Samples.finding()]), policy: policy)
        #expect(set.findings[0].dueAt == nil)
        let report = Compliance(
            findings: set, sightings: [], fleet: Samples.fleet, policy: policy, at: Samples.now
        ).report(on: Samples.fleet.resources)
        #expect(report.total.withinDue == 1)
    }
}
