import FettleModel
import FettleReporting
import FettleTestSupport
import Testing

@testable import FettleCommands

/// What was not looked at is nowhere told as what is not there.
@Suite struct ReadInPartTests {
    private static let fleet = Fleet(
        environments: [Environment(id: "dev", isProtected: false)],
        resources: [Resource(id: "web-1", address: .ssh("web-1"), environment: "dev")], groups: [])

    private static func set(_ findings: [Finding] = [], _ feeds: [FeedCoverage.Feed] = []) -> FindingSet {
        FindingSet(
            id: "findings-1", facts: StageReference(id: "facts-1", digest: Digest(rawValue: "0")),
            assessedAt: FactSample.now, feeds: FeedCoverage(feeds: feeds), findings: findings, notJudged: [])
    }

    private static func finding(
        _ source: String, _ updateClass: UpdateClass = .security, on resource: ResourceID = "web-1"
    ) -> Finding {
        Finding(
            id: FindingID("\(resource)/\(source)/2"), resource: resource, source: source, packages: [source],
            installed: "1", fixed: "2", updateClass: updateClass, advisories: [], state: .missing, owner: .us,
            outcome: .scheduled, dueAt: nil, explanation: [], isOffered: true, isHeld: false)
    }

    private static func facts(_ host: HostFacts) -> FactSet {
        FactSet(id: "facts-1", observedAt: FactSample.now, hosts: [host])
    }

    private static let terminal = Terminal(isInteractive: false, hasColor: false, width: nil)

    @Test func aHostWhoseUpdatesCouldNotBeReadIsNotOneWithoutUpdates() {
        var host = FactSample.host("web-1")
        #expect(ScanStatus.of(Self.set(), facts: Self.facts(host)) == .ok)
        host.updates = .notObserved(reason: "no package lists")
        #expect(ScanStatus.of(Self.set(), facts: Self.facts(host)) == .partial)
        let text = HostsView(facts: Self.facts(host), fleet: Self.fleet, findings: Self.set()).lines(in: Self.terminal)
        #expect(text.contains("not read: updates") && !text.contains(" ok"), "\(text)")
    }

    @Test func aHostWhoseUnitsCouldNotBeReadIsNotToldToBeWell() {
        var host = FactSample.host("web-1")
        func text() -> String {
            HostsView(facts: Self.facts(host), fleet: Self.fleet, findings: Self.set()).lines(in: Self.terminal)
        }
        #expect(text().contains(" ok"))
        host.units = .notObserved(reason: "no bus")
        #expect(text().contains("not read: units"), "\(text())")
        #expect(ScanStatus.of(Self.set(), facts: Self.facts(host)) == .ok, "no update hides behind a unit")
    }

    /// The list of exploited weaknesses says nothing of a finding whose weaknesses nobody names.
    @Test func withTheListOfTheExploitedAloneNothingIsSaidNotToBeExploited() {
        let list = FeedCoverage.Feed(name: "KEV", kind: .exploited, publishedAt: nil, records: 1)
        let text = FindingsView(findings: Self.set([Self.finding("openssl")], [list])).lines(in: Self.terminal)
        let row = text.split(separator: "\n").first { $0.contains("openssl") } ?? ""
        #expect(text.contains("no feed that was given has any"), "\(text)")
        #expect(row.contains(" ? ") && !row.contains(" no "), "\(text)")
    }

    @Test func aTableThatIsCutHidesNoSecurityUpdateBehindOthers() {
        let findings = [Self.finding("acl", .bugfix), Self.finding("bash", .bugfix), Self.finding("zlib")]
        let text = FindingsView(findings: Self.set(findings), limit: 1).lines(in: Self.terminal)
        #expect(text.contains("zlib") && !text.contains("acl"), "\(text)")
    }

    @Test func onlyWhatAPlanChangesIsWeighedWithIt() throws {
        let plan = RollingPlan.plan(size: 2, lanes: 1)
        let change = try #require(plan.steps.flatMap(\.resourceChanges).first)
        let inPlan = Self.finding(change.change.name, on: change.resource)
        let others = [
            Self.finding("not-in-it", on: change.resource), Self.finding(change.change.name, on: "elsewhere"),
        ]
        #expect(PlanRisks.patched([inPlan] + others, by: plan) == [inPlan])
    }

    @Test func aWeaknessThatIsUndecidedUnknownOrUncheckedIsNotAbsent() {
        func answer(
            hosts: [Impact.Row] = [], undecided: [FindingSet.Undecided] = [], isKnown: Bool = true
        ) -> Impact.Answer {
            Impact.Answer(
                advisory: "CVE-2026-1", names: [], exploitedSince: nil, hosts: hosts, livepatched: [],
                undecided: undecided, notJudged: [], isKnown: isKnown)
        }
        #expect(answer().status(isChecked: true) == .ok)
        #expect(answer().status(isChecked: false) == .partial)
        #expect(answer(isKnown: false).status(isChecked: true) == .partial)
        let open = FindingSet.Undecided(
            resource: "web-1", source: "openssl", packages: ["openssl"], installed: "1", advisories: ["CVE-2026-1"],
            reason: "not decided yet")
        #expect(answer(undecided: [open]).status(isChecked: true) == .partial)
        var row = Impact.Row(resource: "web-1", source: "openssl", installed: "1", state: "missing", because: "")
        #expect(answer(hosts: [row]).status(isChecked: true) == .securityUpdatesNeeded)
        row.waivers = ["waiver-1"]
        #expect(answer(hosts: [row]).status(isChecked: true) == .ok)
        #expect(Impact.name("cve-2026-1") == "CVE-2026-1" && Impact.name("GHSA-ab-cd") == "GHSA-ab-cd")
    }
}
