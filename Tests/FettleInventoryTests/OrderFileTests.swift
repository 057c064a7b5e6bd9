import FettleInventory
import FettleModel
import Testing

@Suite("The order of resources in fleet.yaml")
struct OrderFileTests {
    private func fleet(_ resources: String, tiers: String = "") throws -> FleetReading {
        try FleetFile.parse("version: 1\n\(tiers)\nresources:\n\(resources)", file: "f")
    }

    @Test func namesRangesGlobsAndSelectorsAreResolved() throws {
        let reading = try fleet(
            """
              - {id: "db-[1:2]", environment: qa, kind: database}
              - {id: cache, environment: qa, labels: {role: cache}}
              - {id: "app-[1:2]", environment: qa, after: ["db-[1:2]", {labels: {role: cache}}]}
              - {id: web, environment: qa, after: ["app-*", "cache"]}
            """)
        #expect(reading.warnings == [])
        #expect(reading.fleet.resource("app-2")?.after == ["cache", "db-1", "db-2"])
        #expect(reading.fleet.resource("web")?.after == ["app-1", "app-2", "cache"])
        #expect(reading.fleet.resource("db-1")?.after == [])
    }

    @Test func whatAPatternFindsIsOfTheSameEnvironmentAndNotItself() throws {
        let reading = try fleet(
            """
              - {id: qa-db, environment: qa, kind: database}
              - {id: live-db, environment: production, kind: database}
              - {id: qa-db-2, environment: qa, kind: database, after: ["*-db*"]}
              - {id: live-web, environment: production, after: [{kind: database}]}
              - {id: live-job, environment: production, after: [{kind: database, environment: "*"}]}
            """)
        #expect(reading.fleet.resource("qa-db-2")?.after == ["qa-db"])
        #expect(reading.fleet.resource("live-web")?.after == ["live-db"])
        #expect(reading.fleet.resource("live-job")?.after == ["live-db", "qa-db", "qa-db-2"])
    }

    @Test func tiersAreNamesOrNumbersWithADirection() throws {
        let named = try fleet(
            "  - {id: a, environment: qa, tier: web}\n  - {id: b, environment: qa, tier: database}",
            tiers: "tiers: {names: [web, database], direction: lastToFirst}"
        ).fleet
        #expect(named.resource("a")?.tier == "web")
        #expect(named.tiers == TierOrder(names: ["web", "database"], direction: .lastToFirst))
        let ranks = ["web", "database"].map { named.tiers.rank(of: $0) ?? 0 }
        #expect(ranks[1] < ranks[0])
        let numbers = try FleetFile.parse(
            "version: 1\ndefaults: {environment: qa, tier: 3}\nresources: [a, {id: b, tier: 10}]"
        ).fleet
        #expect(numbers.resources.map(\.tier) == ["3", "10"])
        #expect((numbers.tiers.rank(of: "3") ?? 0) < (numbers.tiers.rank(of: "10") ?? 0))
        #expect(numbers.tiers.rank(of: "web") == nil)
    }

    @Test func mistakesAreToldAllAtOnce() {
        let text = """
            version: 1
            tiers: [database, web, web, -x]
            resources:
              - {id: db-1, environment: qa, tier: datbase, after: [web-1]}
              - {id: db-2, environment: qa, tier: 1, after: [db-2, "db-[2:1]", "cache-*", 7]}
              - {id: web-1, environment: qa, after: [app, db-3]}
              - {id: app, environment: qa, after: [db-1, {}, {kind: pond}, {labels: {role: x}}, {group: g}]}
              - {id: early, environment: qa, after: [late]}
              - {id: late, environment: production, after: early}
            """
        #expect(
            problems { try FleetFile.parse(text, file: "f") } == [
                "f:2:24: the tier 'web' is given twice",
                "f:2:29: '-x' cannot be the name of a tier; letters, digits and . _ -, beginning with a letter or a digit, "
                    + "at most 128",
                "f:4:39: unknown tier 'datbase'; did you mean 'database'?",
                "f:5:39: the tiers of this fleet have names, but this is the number 1; one of: database, web",
                "f:5:50: 'db-2' cannot come after itself; a glob or a selector leaves it out by itself",
                "f:5:56: the range [2:1] runs backwards",
                "f:5:79: an item of 'after' must be text, but it is the number 7; put it in quotes",
                "f:6:42: resources wait for each other: app after db-1 after web-1 after app; remove one 'after' of them",
                "f:6:47: unknown resource 'db-3' in 'after'; did you mean 'db-1'?",
                "f:7:46: an item of 'after' asks for nothing; \"*\" takes every resource",
                "f:7:57: unknown kind 'pond'; one of: host, virtualMachine, hypervisor, appliance, application, database, "
                    + "loadBalancer, storage, networkSwitch, cloudService",
                "f:7:86: unknown key 'group' in an item of 'after'; "
                    + "known keys: environment, kind, owner, failureDomain, tier, labels",
                "f:8:42: 'early' of qa cannot come after 'late' of production; environments are patched in their order, "
                    + "qa before production",
                "f:9:48: after must be a list, but it is the text 'early'",
            ])
    }

    @Test func whatFindsNobodyIsAWarning() throws {
        let reading = try fleet("  - {id: a, environment: qa, after: [\"db-*\", {kind: database}]}")
        #expect(
            reading.warnings.map(\.description) == [
                "f:4:38: 'db-*' matches no resource", "f:4:46: this item of 'after' selects no resource",
            ])
        #expect(reading.fleet.resource("a")?.after == [])
    }

    /// A long chain, a great circle, and more pairs than can be meant: each comes to an end and says what would be right.
    @Test func greatOrdersAreBounded() throws {
        func line(_ count: Int, closed: Bool) -> String {
            (0..<count).map { number in
                let earlier = number > 0 ? number - 1 : count - 1
                return "  - {id: r\(number), environment: qa\(number > 0 || closed ? ", after: [r\(earlier)]" : "")}"
            }.joined(separator: "\n")
        }
        #expect(try fleet(line(5_000, closed: false)).fleet.resource("r4999")?.after == ["r4998"])
        let circle = problems { try fleet(line(5_000, closed: true)) }
        #expect(circle.count == 1)
        #expect(circle.first?.contains("(4990 more)") == true)
        let crowd = problems {
            try fleet(
                "  - {id: \"a-[1:1001]\", environment: qa}\n  - {id: \"b-[1:9]\", environment: qa, after: [\"a-*\"]}")
        }
        #expect(
            crowd == [
                "f:5:45: 'b-1' would come after 1001 resources; at most 1000; "
                    + "'tiers', 'after' of groups, or a rule in 'order' of the policy says it in a line"
            ])
    }
}
