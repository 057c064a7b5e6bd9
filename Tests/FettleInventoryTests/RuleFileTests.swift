import FettleInventory
import FettleModel
import Testing

@Suite("Rules of order and of releases in policy.yaml")
struct RuleFileTests {
    private static let fleet = Fleet(
        environments: [Environment(id: "qa", isProtected: false)],
        resources: [
            Resource(id: "db-1", kind: .database, address: .local, environment: "qa", labels: ["role": "standby"]),
            Resource(id: "db-2", kind: .database, address: .local, environment: "qa", labels: ["role": "primary"]),
            Resource(id: "web-1", address: .local, environment: "qa"),
        ],
        groups: [ResourceGroup(id: "db", members: ["db-1", "db-2"], minimumAvailable: .count(1))])

    @Test func everything() throws {
        let policy = try PolicyFile.parse(
            """
            version: 1
            order:
              - {name: schema before code, first: ["db-*"], then: {kind: [host, "app*"]}, because: columns come first}
              - name: standby before primary
                first: {group: db, labels: {role: standby}}
                then: {resources: ["db-*"], labels: {role: [primary, 1]}}
                within: group
            releases:
              - name: by way of 15.4
                package: [postgresql-15, postgresql-common]
                to: "15.6"
                minimumVersionBefore: "15.4"
                requires:
                  - {package: libpq5, atLeast: "15.6"}
                  - {package: shop-schema, atLeast: "5", on: {kind: database}, within: fleet, ifInstalled: true}
                because: the release notes
              - {name: firmware first, rebootBetween: [nic-firmware, "nic-*"]}
            """, fleet: Self.fleet
        ).policy
        #expect(
            policy.order == [
                OrderRule(
                    name: "schema before code", first: ResourceSelector(resources: ["db-*"]),
                    then: ResourceSelector(kinds: ["host", "app*"]), because: "columns come first"),
                OrderRule(
                    name: "standby before primary",
                    first: ResourceSelector(groups: ["db"], labels: ["role": ["standby"]]),
                    then: ResourceSelector(resources: ["db-*"], labels: ["role": ["primary", "1"]]), within: .group),
            ])
        #expect(
            policy.releases == [
                ReleaseRule(
                    name: "by way of 15.4", packages: ["postgresql-15", "postgresql-common"], to: "15.6",
                    minimumVersionBefore: "15.4",
                    requires: [
                        .init(package: "libpq5", atLeast: "15.6"),
                        .init(
                            package: "shop-schema", atLeast: "5", on: ResourceSelector(kinds: ["database"]),
                            within: .fleet, ifInstalled: true),
                    ], because: "the release notes"),
                ReleaseRule(name: "firmware first", rebootBetween: ["nic-firmware", "nic-*"]),
            ])
    }

    @Test func mistakesInOrderAreToldAllAtOnce() {
        let text = """
            version: 1
            order:
              - {name: a, first: {kind: databse}, then: {label: {role: x}}}
              - {first: [db-1], then: {}}
              - {name: b, first: [db-3], then: {group: dbs}, within: groups}
              - {name: c, first: [db-1, web-1], then: {kind: [host, database]}}
              - {name: c, first: {environment: prod}, then: [web-1]}
              - {name: "", first: [], because: ""}
            """
        #expect(
            problems { try PolicyFile.parse(text, file: "p", fleet: Self.fleet) } == [
                "p:3:29: unknown kind 'databse'; did you mean 'database'?",
                "p:3:46: unknown key 'label' in 'then'; did you mean 'labels'?",
                "p:4:5: a rule of order has no 'name'; such as 'name: schema before code'",
                "p:4:27: 'then' asks for nothing; such as {kind: database}, or [\"db-*\"]",
                "p:5:23: unknown resource 'db-3'; did you mean 'db-1'?",
                "p:5:44: unknown group 'dbs'; did you mean 'db'?",
                "p:5:58: unknown scope 'groups'; did you mean 'group'?",
                "p:6:37: the rule 'c' puts 'db-1' before itself: both sides select it; narrow one of them, such as by a label",
                "p:7:5: the rule 'c' is given twice; first in line 6",
                "p:7:36: unknown environment 'prod'; one of: qa",
                "p:8:5: a rule of order has no 'then'; "
                    + "such as {name: schema before code, first: {kind: database}, then: {kind: application}}",
                "p:8:12: the name of a rule is empty; give a value, or leave the key out",
                "p:8:23: no value for a resource",
                "p:8:36: 'because' is empty; give a value, or leave the key out",
            ])
    }

    @Test func mistakesInReleasesAreToldAllAtOnce() {
        let text = """
            version: 1
            releases:
              - {name: a, package: postgresql-15}
              - {name: b, minimumVersionBefore: 15.10, to: "16 1"}
              - {name: c, rebootBetween: [nic-firmware]}
              - {name: d, package: [], requires: [{package: x}, {atLeast: "1", within: group}, {package: y, atLeast: "-1"}]}
              - {name: d, package: x, requires: []}
              - {name: e, package: x, requires: [{package: y, atLeast: "1", on: [db-9]}]}
            """
        #expect(
            problems { try PolicyFile.parse(text, file: "p", fleet: Self.fleet) } == [
                "p:3:5: a rule of releases demands nothing; give it one of minimumVersionBefore, requires, rebootBetween",
                "p:4:15: a rule of releases has 'minimumVersionBefore', but no 'package'; such as 'package: postgresql-*'",
                "p:4:37: 'minimumVersionBefore' must be text, but it is the number 15.10; put it in quotes",
                "p:4:44: a rule of releases has 'to', but no 'package'; such as 'package: postgresql-*'",
                "p:4:48: '16 1' is no version; such as \"15.4\"",
                "p:5:30: rebootBetween names 1 package, but a reboot lies between two; "
                    + "such as [firmware-*, kmod-*]: first the firmware, then a reboot, then the driver",
                "p:6:24: 'package' is empty",
                "p:6:39: a requirement has no 'atLeast'; such as {package: libpq5, atLeast: \"16.1\"}",
                "p:6:53: a requirement has no 'package'; such as {package: libpq5, atLeast: \"16.1\"}",
                "p:6:68: 'within' says where the resources of 'on' are, but there is no 'on'",
                "p:6:106: '-1' is no version; such as \"15.4\"",
                "p:7:5: the rule 'd' is given twice; first in line 6",
                "p:7:37: 'requires' is empty",
                "p:8:70: unknown resource 'db-9'; did you mean 'db-1'?",
            ])
    }

    @Test func aRuleThatFindsNobodyIsAWarning() throws {
        let text = """
            version: 1
            order: [{name: a, first: {kind: storage}, then: [web-1]}]
            releases: [{name: b, package: x, requires: [{package: y, atLeast: "1", on: ["z-*"]}]}]
            """
        #expect(
            try PolicyFile.parse(text, file: "p", fleet: Self.fleet).warnings.map(\.description) == [
                "p:2:26: 'first' of the rule 'a' selects no resource of the fleet; "
                    + "the rule orders nothing until there is one",
                "p:3:76: 'on' of the rule 'b' selects no resource of the fleet; "
                    + "the rule orders nothing until there is one",
            ])
        // Without a fleet nobody is looked for.
        #expect(try PolicyFile.parse(text, file: "p").warnings == [])
    }

    /// What people write ends up in plans and terminals: it is text of one line, or nothing.
    @Test(arguments: ["a\u{202E}b", "$(reboot)\n", "\u{1B}[2J"]) func aNameIsTextOfOneLine(name: String) {
        let escaped = name.unicodeScalars.map {
            "\\U" + String(repeating: "0", count: 8 - String($0.value, radix: 16).count) + String($0.value, radix: 16)
        }
        let text = "version: 1\norder: [{name: \"\(escaped.joined())\", first: [a], then: [b]}]"
        #expect(problems { try PolicyFile.parse(text, file: "p") }.count == 1)
    }
}
