import FettleModel
import FettleTestSupport
import Testing

@testable import FettlePlanning

@Suite struct ReleaseRuleTests {
    struct Host {
        var id: ResourceID
        var installed: [String: String] = [:]
        /// By package, what the plan brings it to; nil: removed.
        var to: [String: String?] = [:]
        var manager = PackageManager.dpkg
        var kind = Resource.Kind.host
        var sources: [String: String] = [:]
        var rebootsFor: [String] = []
        var isObserved = true

        var changes: HostChanges {
            HostChanges(
                resource: id, manager: manager,
                changes: to.sorted { $0.key < $1.key }.map {
                    PackageChange(name: $0.key, architecture: "amd64", from: installed[$0.key], to: $0.value)
                })
        }

        var facts: HostFacts {
            var facts = FactSample.host(
                id,
                packages: installed.sorted { $0.key < $1.key }.map { name, version in
                    var package = FactSample.package(name, version, source: sources[name])
                    package.manager = manager
                    return package
                })
            facts.rebootRequired = .observed(
                RebootRequirement(isRequired: !rebootsFor.isEmpty, packages: rebootsFor))
            if !isObserved { facts.packages = .notObserved(reason: "dpkg failed") }
            return facts
        }
    }

    static func judge(
        _ hosts: [Host], _ rules: [ReleaseRule], groups: [ResourceGroup] = [], reboot: Policy.RebootPolicy = .ifRequired
    ) -> ReleaseJudgement {
        ReleaseRules.judge(
            hosts.map(\.changes).filter { !$0.changes.isEmpty },
            facts: FactSet(id: "facts-1", observedAt: FactSample.now, hosts: hosts.map(\.facts)),
            fleet: fleet(hosts, groups), policy: Policy(reboot: reboot, releases: rules))
    }

    static func fleet(_ hosts: [Host], _ groups: [ResourceGroup] = []) -> Fleet {
        Fleet(
            environments: [Environment(id: "live", isProtected: false)],
            resources: hosts.map {
                Resource(id: $0.id, kind: $0.kind, address: .ssh($0.id.rawValue), environment: "live")
            },
            groups: groups)
    }

    private func messages(_ hosts: [Host], _ rules: [ReleaseRule], groups: [ResourceGroup] = []) -> [String] {
        Self.judge(hosts, rules, groups: groups).refusals.map(\.message)
    }

    // MARK: Minimum version before

    private let steppingStone = ReleaseRule(
        name: "by way of 15.4", packages: ["postgresql-15"], to: "15.6", minimumVersionBefore: "15.4",
        because: "release notes of 15.6")

    @Test func aChangeStartsFromTheLeastVersionOrLater() {
        let rule = [steppingStone]
        #expect(
            messages([Host(id: "db-1", installed: ["postgresql-15": "15.2-1"], to: ["postgresql-15": "15.6-1"])], rule)
                == [
                    "postgresql-15 on db-1 is 15.2-1, and the rule 'by way of 15.4' needs at least 15.4 before 15.6-1: "
                        + "plan 15.4 first, with `--only postgresql-15=VERSION` (release notes of 15.6)"
                ])
        for (from, to) in [
            ("15.4-1", "15.6-1"), ("15.5~rc1-1", "15.6-1"), ("15.2-1", "15.4-1"), ("15.2-1", "15.6~rc1-1"),
            ("15.6-1", "15.7-1"),
            // On the way back nothing is stepped over.
            ("15.6-1", "15.2-1"),
        ] {
            #expect(
                messages([Host(id: "db-1", installed: ["postgresql-15": from], to: ["postgresql-15": to])], rule) == [])
        }
        #expect(messages([Host(id: "db-1", to: ["postgresql-15": "15.6-1"])], rule) == [])
        #expect(
            messages([Host(id: "db-1", installed: ["postgresql-15": "15.2-1"], to: ["postgresql-15": nil])], rule) == []
        )
    }

    @Test func versionsAreComparedAsTheHostsPackageManagerDoes() {
        func isRefused(_ from: String, _ least: String, _ manager: PackageManager) -> Bool {
            let rule = ReleaseRule(name: "r", packages: ["x"], minimumVersionBefore: least)
            let host = Host(id: "a", installed: ["x": from], to: ["x": "9:99"], manager: manager)
            return !messages([host], [rule]).isEmpty
        }
        #expect(isRefused("1.2~rc1-1", "1.2", .dpkg))
        #expect(!isRefused("1.10-1", "1.9", .dpkg))
        #expect(!isRefused("1.2-1.el9", "1.2", .rpm))
        #expect(isRefused("1.2~rc1-1.el9", "1.2", .rpm))
        #expect(isRefused("1.2^git1-1", "1.3", .rpm))
        let apk = ReleaseRule(name: "r", packages: ["x"], minimumVersionBefore: "1.2_p1")
        #expect(
            !messages([Host(id: "a", installed: ["x": "1.2-r0"], to: ["x": "1.3-r0"], manager: .apk)], [apk]).isEmpty)
    }

    /// Release notes know no epochs: `1:5.0` is not above 15.4.
    @Test func anEpochIsOnlyComparedWhereTheRuleNamesOne() {
        func isRefused(_ from: String, _ least: String) -> Bool {
            let rule = ReleaseRule(name: "r", packages: ["x"], minimumVersionBefore: least)
            return !messages([Host(id: "a", installed: ["x": from], to: ["x": "9:99-1"])], [rule]).isEmpty
        }
        #expect(isRefused("1:5.0-1", "15.4"))
        #expect(!isRefused("1:15.4-1", "15.4"))
        #expect(!isRefused("2:1.0-1", "1:15.4"))
        #expect(isRefused("15.9-1", "1:15.4"))
    }

    // MARK: Requirements on the same host

    @Test func aRequirementIsMetWithTheChangeAtTheLatest() {
        let rule = ReleaseRule(
            name: "client", packages: ["postgresql"], requires: [.init(package: "libpq5", atLeast: "16.1")])
        func host(_ library: String?, to: String? = nil, source: String = "postgresql-16") -> Host {
            var host = Host(
                id: "db-1", installed: ["postgresql-16": "16.0-1"], to: ["postgresql-16": "16.1-1"],
                sources: ["postgresql-16": "postgresql"])
            if let library { host.installed["libpq5"] = library }
            if let to { host.to["libpq5"] = .some(to) }
            return host
        }
        let need = "the rule 'client' needs libpq5 at least 16.1 for postgresql-16 16.1-1 on db-1, and "
        #expect(messages([host("16.1-1")], [rule]) == [])
        #expect(messages([host("16.0-1", to: "16.1-1")], [rule]) == [])
        #expect(messages([host("16.0-1")], [rule]) == [need + "libpq5 stays at 16.0-1: plan it with the same change"])
        #expect(messages([host("15.0-1", to: "16.0-1")], [rule]) == [need + "libpq5 only comes to 16.0-1"])
        #expect(messages([host(nil)], [rule]) == [need + "it is not installed there: plan it first"])
        var lenient = rule
        lenient.requires[0].ifInstalled = true
        #expect(messages([host(nil)], [lenient]) == [])
        #expect(messages([host("16.0-1")], [lenient]).count == 1)
    }

    // MARK: Requirements on other resources

    private let schema = ReleaseRule(
        name: "the shop needs its schema", packages: ["shop-web"],
        requires: [
            .init(
                package: "shop-schema", atLeast: "5.0", on: ResourceSelector(kinds: [Resource.Kind.database.rawValue]))
        ])

    private func shop(_ now: String?, to: String? = nil, isObserved: Bool = true) -> [Host] {
        var database = Host(id: "db-1", kind: .database, isObserved: isObserved)
        if let now { database.installed["shop-schema"] = now }
        if let to { database.to["shop-schema"] = .some(to) }
        let web = ["web-1", "web-2"].map { Host(id: $0, installed: ["shop-web": "4.0"], to: ["shop-web": "5.0"]) }
        return [database] + web
    }

    @Test func whatIsNeededElsewhereAndComesWithThePlanGoesFirst() {
        let judgement = Self.judge(shop("4.0", to: "5.0"), [schema])
        #expect(judgement.refusals == [])
        #expect(
            judgement.orders == [
                TurnOrder(
                    reason: "rule 'the shop needs its schema': shop-schema at least 5.0 first",
                    turns: [["db-1"], ["web-1", "web-2"]])
            ])
        // It is there already: nobody has to wait.
        #expect(Self.judge(shop("5.0"), [schema]).orders == [])
        #expect(Self.judge(shop("5.0", to: "5.1"), [schema]).orders == [])
    }

    @Test func whatIsNeededElsewhereAndDoesNotComeIsARefusal() {
        func reason(_ hosts: [Host]) -> String? { messages(hosts, [schema]).first }
        let need = "the rule 'the shop needs its schema' needs shop-schema at least 5.0 for shop-web 5.0 on web-1, and "
        #expect(reason(shop("4.0")) == need + "shop-schema on db-1 is at 4.0: plan 5.0 there first")
        #expect(reason(shop("4.0", to: "4.9")) == need + "shop-schema on db-1 is at 4.9: plan 5.0 there first")
        #expect(reason(shop(nil)) == need + "none of db-1 has it")
        #expect(
            reason(shop("5.0", isObserved: false))
                == need + "what db-1 has is not known: scan it, or leave it out of the rule's 'on'")
        #expect(reason(Array(shop(nil).dropFirst())) == need + "the rule's 'on' selects no other resource")
        // The plan itself takes back what is needed.
        #expect(reason(shop("5.0", to: "4.0")) == need + "shop-schema on db-1 is at 4.0: plan 5.0 there first")
    }

    @Test func aRequirementWithinAGroupAsksItsMembersOnly() {
        var rule = schema
        rule.requires[0].within = .group
        let groups = [ResourceGroup(id: "g", members: ["db-1", "web-2"], minimumAvailable: .count(0))]
        let judgement = Self.judge(shop("4.0", to: "5.0"), [rule], groups: groups)
        #expect(judgement.orders.map(\.turns) == [[["db-1"], ["web-2"]]])
        #expect(judgement.refusals.map(\.resource) == ["web-1"])
    }

    /// ansible/ansible#7019: one bad host aborts everything.
    @Test func aHostThatBreaksARuleIsLeftOutAndTheOthersGoOn() {
        var hosts = shop("4.0", to: "5.0")
        hosts[0].installed["shop-base"] = "1.0"
        hosts[0].to["shop-base"] = .some("3.0")
        hosts.append(Host(id: "x-1", installed: ["other": "1"], to: ["other": "2"]))
        let stone = ReleaseRule(name: "stone", packages: ["shop-base"], minimumVersionBefore: "2.0")
        let selected = hosts.map { host in
            HostSelection(
                resource: host.id, findings: [], wanted: [],
                resolution: Resolution(
                    manager: .dpkg, resolvedAt: FactSample.now, changes: host.changes.changes, downloadBytes: 0))
        }
        let settled = ReleaseRules.settle(
            selected, facts: FactSet(id: "facts-1", observedAt: FactSample.now, hosts: hosts.map(\.facts)),
            fleet: Self.fleet(hosts), policy: Policy(releases: [schema, stone]))
        // The database is left out for its own rule, and the shop because the database then is.
        #expect(settled.kept.map(\.resource) == ["x-1"])
        #expect(settled.leftOut.map(\.resource) == ["db-1", "web-1", "web-2"])
        #expect(settled.leftOut[1].reason.contains("shop-schema on db-1 is at 4.0"))
    }

    @Test func aSelectionIsHeldAgainstTheRules() {
        var builder = FleetBuilder()
        builder.host("web-1")
        let sample = FleetSample(fleet: builder.fleet)
        func assemble(_ least: String, facts: FactSet?) -> Selection {
            var policy = sample.policy
            policy.releases = [ReleaseRule(name: "r", packages: ["openssl"], minimumVersionBefore: least)]
            let patches = SelectionPlanner.selectPatches(
                sample.findings, facts: sample.facts, fleet: sample.fleet, policy: policy)
            return SelectionPlanner.assemble(
                patches, answers: ["web-1": .success(FleetSample.resolution)], policy: policy, id: "selection-2",
                findings: FleetSample.reference("findings-1"), selectedAt: FactSample.now, facts: facts,
                fleet: sample.fleet)
        }
        #expect(assemble("3.0.20", facts: sample.facts).hosts.count == 1)
        let refused = assemble("3.0.21", facts: sample.facts)
        #expect(refused.hosts == [])
        // By the name of the source every binary of it is meant.
        #expect(refused.leftOut.map(\.subject) == ["libssl3", "openssl"])
        #expect(
            refused.leftOut.first?.reason.contains("needs at least 3.0.21 before 3.0.22-1~deb12u1: plan 3.0.21 first")
                == true)
        #expect(assemble("3.0.21", facts: nil).hosts.count == 1)
    }
}
