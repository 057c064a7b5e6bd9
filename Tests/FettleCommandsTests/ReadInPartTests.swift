import FettleControl
import FettleModel
import FettlePlanning
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

    /// "None" is for who was asked (I6).
    @Test func noFindingIsToldApartFromNothingThatCouldBeJudged() {
        var found = Self.set()
        #expect(FindingsView(findings: found).lines(in: Self.terminal).hasPrefix("No findings.\n"))
        found.notJudged = [.init(resource: "web-1", reason: "did not answer")]
        let told = FindingsView(findings: found).lines(in: Self.terminal)
        #expect(told.hasPrefix("No findings among what could be judged.") && !told.contains("No findings.\n"))
    }

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

    /// As a whole on a wide terminal, as a table on those that people have, and nothing cut where there is no terminal.
    @Test(arguments: [60, 72, 80, 100, 160])
    func theTableOfFindingsIsOneOnEveryTerminal(width: Int) {
        var long = Self.finding("linux-signed-amd64")
        long.installed = "6.1.69+1~deb12u1"
        long.fixed = "6.1.76+1~deb12u1"
        long.outcome = .outOfCycle
        long.dueAt = FactSample.now
        let findings = [long, Self.finding("openssl", .bugfix), Self.finding("curl", .unclassified, on: "web-2")]
        let kev = FeedCoverage.Feed(name: "KEV", kind: .exploited, publishedAt: nil, records: 1)
        let advisories = FeedCoverage.Feed(name: "Debian", kind: .advisories, publishedAt: nil, records: 1)
        let text = FindingsView(findings: Self.set(findings, [kev, advisories])).lines(
            in: Terminal(isInteractive: true, hasColor: false, width: width))
        let table = text.split(separator: "\n").prefix(4)
        #expect(table.first?.hasPrefix("WHEN") == true && table.first?.contains("SOURCE") == true, "\(text)")
        #expect(table.first?.contains("FIX") == true && table.first?.contains("EXPLOITED") == true)
        for line in table { #expect(String(line).displayWidth <= width, "\(line)") }
        #expect(table.dropFirst().allSatisfy { !$0.hasPrefix(" ") }, "a row is a line\n\(text)")
        let isWhole = table.first?.contains("WHOSE JOB") == true
        #expect(text.contains("not shown here: ") == !isWhole, "\(text)")
        #expect(isWhole == (width >= 160), "\(text)")
        if !isWhole { #expect(text.contains("`fettle assess -o csv` has all")) }
    }

    @Test func anEmptyPlanIsNoGoodNewsWhereHostsCouldNotBeRead() throws {
        var fleet = Self.fleet
        fleet.resources += ["web-2", "web-3", "web-4"].map {
            Resource(id: $0, address: .ssh($0.rawValue), environment: "dev")
        }
        fleet.resources.append(
            Resource(id: "mail", address: ResourceAddress(transport: .none, host: ""), environment: "dev"))
        var silent = FactSample.host("web-2")
        silent.reachability = .unreachable(reason: "no route")
        var half = FactSample.host("web-3")
        half.updates = .notObserved(reason: "no package lists")
        func view(_ hosts: [HostFacts], _ filter: PatchFilter = PatchFilter()) throws -> PlanResultView {
            let facts = FactSet(id: "facts-1", observedAt: FactSample.now, hosts: hosts)
            let planner = FilePlanner(
                fleet: fleet, policy: Policy(), facts: facts, basis: .findings(Self.set()), filter: filter)
            return PlanResultView(result: try planner.plan(at: FactSample.now))
        }
        let well = ["web-1", "web-2", "web-3", "web-4"].map { FactSample.host(ResourceID($0)) }
        #expect(try view(well).status == .ok)
        let found = try view([FactSample.host("web-1"), silent, half])
        #expect(found.status == .partial)
        #expect(
            PlanResultView.unread(found.result.unread, limit: 9) == [
                "Not read: web-2: did not answer: no route", "Not read: web-3: updates not read: no package lists",
                "Not read: web-4: never looked at",
            ])
        #expect(try view([FactSample.host("web-1"), silent], PatchFilter(resources: ["web-1"])).status == .ok)
    }

    @Test func updatesByOldListsAreToldAsNotJudgedAnew() {
        let day: Int = 86_400
        func host(_ id: ResourceID, _ age: Int?) -> HostFacts {
            var host = FactSample.host(id)
            host.packageLists = age.map { .observed(PackageLists(fetchedAt: FactSample.now.adding(seconds: -$0))) }
            return host
        }
        let hosts = [
            host("a", 7 * day), host("b", 7 * day + 1), host("c", 12 * day), host("d", 12 * day + 5), host("e", nil),
        ]
        let facts = FactSet(id: "facts-1", observedAt: FactSample.now, hosts: hosts)
        func lines(_ policy: Policy) -> [String] { StaleListLines(facts, policy, at: FactSample.now).lines }
        #expect(
            lines(Policy()) == [
                "not judged anew: c, d: package lists of 12 days (`fettle scan --refresh` fetches them)",
                "not judged anew: b: package lists of 7 days (`fettle scan --refresh` fetches them)",
            ])
        #expect(lines(Policy(listAgeSeconds: 13 * day)) == [])
        #expect(lines(Policy(listAgeSeconds: day)).count == 2)
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
        #expect(RiskService.patched([inPlan] + others, by: plan) == [inPlan])
    }

    @Test func aWeaknessThatIsUndecidedUnknownOrUncheckedIsNotAbsent() {
        func answer(
            hosts: [Impact.Row] = [], undecided: [FindingSet.Undecided] = [], isKnown: Bool = true
        ) -> Impact.Answer {
            Impact.Answer(
                advisory: "CVE-2026-1", names: [], exploitedSince: nil, hosts: hosts, livepatched: [],
                undecided: undecided, notJudged: [], feedNotes: [], isKnown: isKnown)
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
