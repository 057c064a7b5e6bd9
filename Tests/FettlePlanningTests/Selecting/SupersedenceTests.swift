import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Of several findings and offers of one source one version is asked for.
@Suite struct SupersedenceTests {
    static let seen = FactSample.now.adding(seconds: -30 * 86_400)

    static func finding(
        _ fixed: String?, class updateClass: UpdateClass = .security, source: String = "openssl",
        packages: [String] = ["libssl3", "openssl"]
    ) -> Finding {
        Finding(
            id: FindingID("web-1/\(source)/\(fixed ?? "unfixed")"), resource: "web-1", source: source,
            packages: packages,
            installed: "3.0.11-1", fixed: fixed, updateClass: updateClass, advisories: [], state: .missing, owner: .us,
            outcome: .scheduled, dueAt: nil, explanation: [], isOffered: true, isHeld: false)
    }

    static func select(
        _ findings: [Finding], offered: [String], policy: Policy = Policy(), only: [String] = [],
        _ change: (inout HostFacts) -> Void = { _ in }
    ) -> PatchSelection {
        var builder = FleetBuilder()
        builder.host("web-1")
        let names = ["libssl3", "openssl"]
        var facts = FactSample.host(
            "web-1", packages: names.map { FactSample.package($0, "3.0.11-1", source: "openssl") },
            updates: offered.flatMap { version in
                names.map { FactSample.update($0, from: "3.0.11-1", to: version, source: "openssl") }
            })
        change(&facts)
        return SelectionPlanner.selectPatches(
            FindingSet(
                id: "findings-1", facts: FleetSample.reference("facts-1"), assessedAt: FactSample.now, feeds: .none,
                findings: findings, notJudged: []),
            facts: FactSet(id: "facts-1", observedAt: FactSample.now, hosts: [facts]), fleet: builder.fleet,
            policy: policy,
            filter: PatchFilter(packages: only.compactMap { PackageRequest($0) }))
    }

    private func wanted(_ selection: PatchSelection) -> [String] {
        selection.requests.flatMap(\.wanted).map { "\($0.name) \($0.version)" }
    }

    private func reasons(_ selection: PatchSelection) -> [String] { selection.leftOut.map(\.reason) }

    @Test func theNewestVersionClosesAllThatOlderOnesWouldHaveClosed() {
        let selection = Self.select(
            ["3.0.13-1", "3.0.17-1", "3.0.15-1"].map { Self.finding($0) }, offered: ["3.0.17-1"])
        #expect(wanted(selection) == ["libssl3 3.0.17-1", "openssl 3.0.17-1"])
        #expect(
            selection.requests.first?.findings
                == ["web-1/openssl/3.0.13-1", "web-1/openssl/3.0.15-1", "web-1/openssl/3.0.17-1"])
        #expect(selection.leftOut == [])
    }

    @Test func offersThatANewerOneSupersedesAreToldAsSuch() {
        let selection = Self.select([Self.finding("3.0.13-1")], offered: ["3.0.15-1", "3.0.17-1", "3.0.13-1"])
        #expect(wanted(selection) == ["libssl3 3.0.17-1", "openssl 3.0.17-1"])
        #expect(reasons(selection) == ["3.0.13-1 is superseded by 3.0.17-1", "3.0.15-1 is superseded by 3.0.17-1"])
    }

    @Test func theNewestIsTheNewestThatTheBaselineLetsIn() {
        let policy = Policy(baselines: [Baseline(name: "b", pins: [.init(name: "openssl", version: "3.0.15-1")])])
        let selection = Self.select(
            [Self.finding("3.0.13-1"), Self.finding("3.0.17-1")], offered: ["3.0.17-1", "3.0.15-1", "3.0.13-1"],
            policy: policy)
        #expect(wanted(selection) == ["libssl3 3.0.15-1", "openssl 3.0.15-1"])
        #expect(selection.requests.first?.findings == ["web-1/openssl/3.0.13-1"])
        #expect(
            reasons(selection) == [
                "3.0.13-1 is superseded by 3.0.15-1",
                "pinned at 3.0.15-1 by baseline b, and 3.0.17-1 is offered; "
                    + "`fettle plan make --only openssl=3.0.15-1` goes up to it",
            ])
        let old = Self.select([Self.finding("3.0.13-1")], offered: ["3.0.17-1", "3.0.15-1"], policy: policy)
        #expect(
            reasons(old) == [
                "3.0.17-1 is not taken: pinned at 3.0.15-1 by baseline b, and 3.0.17-1 is offered; "
                    + "`fettle plan make --only openssl=3.0.15-1` goes up to it"
            ])
    }

    @Test func whatIsTakenForOneFindingClosesThoseThatWouldHaveWaited() {
        let selection = Self.select(
            [Self.finding("3.0.13-1", class: .feature), Self.finding("3.0.17-1")], offered: ["3.0.17-1"])
        #expect(selection.requests.first?.findings.count == 2)
        #expect(selection.leftOut == [])
        let alone = Self.select([Self.finding("3.0.13-1", class: .feature)], offered: ["3.0.17-1"])
        #expect(alone.requests == [])
        #expect(reasons(alone) == ["class feature is not in policy (security)"])
    }

    /// The day on which a version became known is its own, whichever finding speaks of it.
    @Test func anOlderFindingDoesNotMakeAKnownVersionYoung() {
        var newest = Self.finding("3.0.17-1", class: .feature)
        newest.fixSeenAt = Self.seen
        let policy = Policy(baselines: [Baseline(name: "b", ageInDays: [.security: 7])])
        #expect(
            wanted(Self.select([Self.finding("3.0.13-1"), newest], offered: ["3.0.17-1"], policy: policy)).count == 2)
        #expect(wanted(Self.select([Self.finding("3.0.13-1")], offered: ["3.0.17-1"], policy: policy)) == [])
    }

    /// An update that is there for another reason fixes nothing that has no fix.
    @Test func whatNothingFixesIsNotClosedByAnUpdate() {
        let selection = Self.select(
            [Self.finding(nil), Self.finding("3.0.17-1", class: .feature)], offered: ["3.0.17-1"])
        #expect(selection.requests == [])
        #expect(reasons(selection) == ["class feature is not in policy (security)", "nothing fixes it yet"])
        let both = Self.select([Self.finding(nil), Self.finding("3.0.17-1")], offered: ["3.0.17-1"])
        #expect(both.requests.first?.findings == ["web-1/openssl/3.0.17-1"])
        #expect(reasons(both) == ["nothing fixes it yet"])
    }

    /// A library that came to be built from another source is offered by both.
    @Test func aPackageThatChangedItsSourceGoesToTheNewerOne() {
        let selection = Self.select(
            [Self.finding("3.0.17-1"), Self.finding("3.5-1", source: "openssl3", packages: ["libssl3"])],
            offered: ["3.0.17-1"]
        ) { facts in
            facts.updates = .observed(
                (facts.updates.value ?? []) + [
                    FactSample.update("libssl3", from: "3.0.11-1", to: "3.5-1", source: "openssl3")
                ])
        }
        #expect(wanted(selection) == ["libssl3 3.5-1", "openssl 3.0.17-1"])
        #expect(reasons(selection) == ["libssl3 3.0.17-1 is superseded by 3.5-1"])
    }

    // MARK: Exact requests

    @Test func twoVersionsOfWhatGoesTogetherAreAContradiction() {
        let selection = Self.select([], offered: ["3.0.17-1"], only: ["openssl=3.0.17-1", "libssl3=3.0.15-1"])
        #expect(selection.requests == [])
        #expect(
            reasons(selection) == [
                "asked for twice: libssl3=3.0.15-1 and openssl=3.0.17-1 go together; ask for one version",
                "asked for twice: openssl=3.0.17-1 and libssl3=3.0.15-1 go together; ask for one version",
            ])
        let same = Self.select([], offered: [], only: ["openssl=3.0.17-1", "libssl3=3.0.17-1", "openssl=3.0.17-1"])
        #expect(wanted(same) == ["libssl3 3.0.17-1", "openssl 3.0.17-1"])
        #expect(same.leftOut == [])
    }

    @Test func anEpochMayBeLeftOutWhereTheHostKnowsTheVersion() {
        let change: (inout HostFacts) -> Void = { facts in
            facts.packages = .observed([FactSample.package("bind9", "1:9.18.1-1")])
            facts.updates = .observed([FactSample.update("bind9", from: "1:9.18.1-1", to: "1:9.18.2-1")])
        }
        #expect(wanted(Self.select([], offered: [], only: ["bind9=9.18.2-1"], change)) == ["bind9 1:9.18.2-1"])
        #expect(wanted(Self.select([], offered: [], only: ["bind9=1:9.18.2-1"], change)) == ["bind9 1:9.18.2-1"])
        // What the host does not know is asked for letter by letter.
        #expect(wanted(Self.select([], offered: [], only: ["bind9=9.18.3-1"], change)) == ["bind9 9.18.3-1"])
        #expect(Self.select([], offered: [], only: ["bind9=9.18.1-1"], change).requests == [])
    }

    @Test func aVersionThatDoesNotCloseAFindingIsToldSo() {
        let selection = Self.select([Self.finding("3.0.17-1")], offered: ["3.0.17-1"], only: ["openssl=3.0.15-1"])
        #expect(wanted(selection) == ["libssl3 3.0.15-1", "openssl 3.0.15-1"])
        #expect(selection.requests.first?.findings == [])
        #expect(reasons(selection) == ["asked for at 3.0.15-1, and the fix is 3.0.17-1"])
    }
}
