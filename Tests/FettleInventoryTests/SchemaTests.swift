import FettleModel
import Foundation
import Testing

@testable import FettleInventory

/// The schema is what editors go by, the reader is what counts: where they disagree somebody is told something wrong.
@Suite("The schemas and the readers agree", .enabled(if: JSONSchemaChecker.isAvailable, "python3 with jsonschema"))
struct SchemaTests {
    @Test func theSchemasAreValid() throws {
        #expect(try JSONSchemaChecker.checkSchema(FleetSchema.json))
        #expect(try JSONSchemaChecker.checkSchema(PolicySchema.json))
        #expect(try JSONSchemaChecker.checkSchema(FeedsSchema.json))
        #expect(try JSONSchemaChecker.checkSchema(ProblemsSchema.json))
    }

    @Test func feeds() throws {
        let places = ["/srv/feeds", "~/feeds", "file:///srv", "https://a", "https://a.example/b?c=d", "http://a/b@c"]
        let noPlaces = ["srv", "ftp://a/b", "https:///b", "https://me:x@a/b", "\"\"", "[a]", "1", "{}"]
        let ages = ["1h", "2d", "365d", "3600", "7200s", "90m"]
        let noAges = ["5m", "0h", "soon", "3599", "400000000", "[1d]", "1w", "59s"]
        let good =
            [
                FleetTemplate.feeds(), "version: 1", "version: 1\ninclude: [kev, \"a b\"]\nexclude: []",
                "version: 1\nsources: {}", "version: 1\nsources: {kev: {}}",
                "version: 1\ncertificateAuthorities: ~/ca.pem", "version: 1\nsources: {kev: {keyring: /a.gpg}}",
            ] + places.map { "version: 1\nmirror: \($0)" } + places.map { "version: 1\nsources: {k: {address: \($0)}}" }
            + ages.map { "version: 1\nsources: {k: {staleAfter: \($0)}}" }
        let bad =
            [
                "version: 2", "mirror: /a", "[]", "version: 1\nmiror: /a", "version: 1\ninclude: kev",
                "version: 1\ninclude: [kev, kev]", "version: 1\nexclude: [[kev]]", "version: 1\nsources: [kev]",
                "version: 1\nsources: {kev: /a}", "version: 1\nsources: {kev: {adress: /a}}",
                "version: 1\nsources: {kev: {mirror: /a, address: /b}}", "version: 1\nsources: {kev: {keyring: a}}",
                "version: 1\ncertificateAuthorities: https://a/ca.pem",
            ] + noPlaces.map { "version: 1\nmirror: \($0)" }
            + noAges.map { "version: 1\nsources: {k: {staleAfter: \($0)}}" }
        try agree(FeedsSchema.json, good: good, bad: bad) { try FeedsFile.parse($0) }
    }

    @Test func fleets() throws {
        let base = "version: 1\ndefaults: {environment: dev}\nresources: [a, b, lb-1]\n"
        let group = { (text: String) in base + "groups: [{id: g, members: [a, b], minimumAvailable: 0, \(text)}]\n" }
        let resource = { (text: String) in "version: 1\ndefaults: {environment: dev}\nresources: [\(text)]\n" }
        var good = [FleetTemplate.fleet(), "version: 1", "version: 1\nresources:\ngroups:\n", base + "groups: []\n"]
        good.append(base + "groups: [{id: g, select: {environment: dev, kind: [host, appliance]}}]\n")
        good += Self.goodGroups.map(group) + Self.goodResources.map(resource)
        for seed in 0..<10 as Range<UInt64> {
            var random = SplitMix(seed: seed)
            good.append(FleetWriter().text(RandomFleet.make(&random)))
        }
        var bad = ["version: 2", "resources: []", "[]", "version: 1\nresorces: []\n", "version: 1\nenvironments: []\n"]
        bad += ["version: 1\nenvironments: [{protected: true}]", "version: 1\nenvironments: [{name: x, protected: 1}]"]
        bad += Self.badGroups.map(group) + Self.badResources.map(resource)
        good += Self.goodStrategies.map(Self.fleet(strategy:))
        bad += Self.badStrategies.map(Self.fleet(strategy:))
        let tiers = { (text: String) in "version: 1\ntiers: \(text)\n" }
        good += ["[a, b]", "{names: [a]}", "{direction: lastToFirst}", "{names: [a], direction: firstToLast}"].map(
            tiers)
        bad += ["[]", "{}", "a", "[1]", "[a, a]", "{names: []}", "{direction: up}", "{order: [a]}", "[\"a b\"]"].map(
            tiers)
        try agree(FleetSchema.json, good: good, bad: bad) { try FleetFile.parse($0) }
    }

    @Test func policies() throws {
        let good =
            [
                FleetTemplate.policy(), "version: 1", "version: 1\nclasses: [unclassified]",
                "version: 1\nlimits: {quarantineDeadline: 90m, attempts: 2}",
                "version: 1\napprovals: {x: {approvals: 3}, default: {}}", "version: 1\nexclude: [\"a*\"]",
                "version: 1\nneverRestart: [dbus.service, systemd-logind.service]", "version: 1\ndueInDays: {defer: 0}",
                "version: 1\nclasses: {security: now, bugfix: wait 14d, feature: never}",
                "version: 1\nrolling: {packages: [a*], step: major, atMost: 3}", "version: 1\nbaselines: []",
                "version: 1\nobligations: {immediate: 0, statement: 30}",
                "version: 1\nmessages: {receivers: [{name: a, kind: slack, address: {env: A}, events: [run.*], noticeBefore: 2h}]}",
                "version: 1\nmessages: {receivers: [{name: a, kind: mail, address: \"smtps://m\", from: a@b, to: [c@d]}]}",
                "version: 1\nrisk: {}", "version: 1\nchanges: {}", "version: 1\npromotion: {stages: [dev, production]}",
                "version: 1\npromotion: {stages: [a, {name: b, environments: [c, d], setsOnly: true, after: {soak: 7d, hosts: \"100%\", signOffs: [vendor], closed: true, beside: true}}], fastLane: {through: [a]}}",
                "version: 1\npromotion: {stages: [{name: a, tests: {command: [./s, \"a;b\", -n], timeout: 2h}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {address: \"https://s/x\", secret: {env: S}, answeredBy: suite, answerWithin: 4h}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {address: \"http://10.0.0.1\", secret: {file: b}, answeredBy: s@id, plaintext: true}}]}",
                "version: 1\nidentity: {issuer: i, audience: a, keys: k.json}",
                "version: 1\nidentity: {issuer: i, audience: a, keys: \"https://k\", algorithms: [ES256, EdDSA], nameClaim: n, groupsClaim: g, groups: [{group: g h, roles: [admin, \"operator:dev,q*/w-1\"]}]}",
                "version: 1\nchanges: {expireAfter: 30d, emergency: {reviewWithin: 1h}, teams: {a: [b, c]}, rules: [{name: r, from: [a]}]}",
                "version: 1\nchanges: {templates: [{name: t, environments: [dev], hosts: 5, packages: [\"a*\"]}]}",
                "version: 1\nrisk: {unit: EUR, lossPerDay: {low: 0.5, medium: 1e3}}",
                "version: 1\nrisk: {waiting: {hazards: {exploited: 10}, exposure: {internet: 1.0}, predictionStaleDays: 7}}",
                "version: 1\nrisk: {patching: {priors: {kernel: {probability: 0}, restart: {}}, recoveryHours: {}}}",
            ] + Self.goodBaselines.map { "version: 1\nbaselines: [{name: b, \($0)}]" }
            + Self.goodWindows.map { "version: 1\nwindows: [{id: w, \($0)}]" }
            + Self.goodFreezes.map { "version: 1\nfreezes: [{id: f, \($0)}]" }
            + ["version: 1\nwindows: []\nfreezes: []\nwithoutWindow: never"]
            + Self.goodOrders.map { "version: 1\norder: [{name: a b, \($0)}]" }
            + Self.goodReleases.map { "version: 1\nreleases: [{name: a b, \($0)}]" }
        let bad =
            [
                "version: 1\nclasses: []", "version: 1\nclasses: [security, security]", "version: 1\nclasses: security",
                "version: 1\nreboot: maybe", "version: 1\nconffiles: [keepCurrent]",
                "version: 1\nlimits: {attempts: 0}",
                "version: 1\nlimits: {quarantineDeadline: soon}", "version: 1\ndueInDays: {now: 1}",
                "version: 1\ndueInDays: {defer: -1}", "version: 1\napprovals: {x: 1}",
                "version: 1\napprovals: {-x: {}}",
                "version: 1\napprovals: {x: {approvals: 21}}", "version: 1\nexclude: [1]",
                "version: 1\nexclude: [\"\"]",
                "version: 1\nrebot: never", "policy: 1", "version: 1\nclasses: {}",
                "version: 1\nclasses: {security: soon}",
                "version: 1\nclasses: {security: wait 0d}", "version: 1\nclasses: {security: wait 1000d}",
                "version: 1\nclasses: {securty: now}", "version: 1\nrolling: {}", "version: 1\nrolling: {packages: []}",
                "version: 1\nrolling: {packages: [a], atMost: 0}", "version: 1\nobligations: {statement: 0}",
                "version: 1\nobligations: {now: 1}", "version: 1\nbaselines: {}", "version: 1\nbaselines: [{}]",
                "version: 1\nbaselines: [{name: \"a b\"}]",
                "version: 1\nmessages: {}", "version: 1\nmessages: {receivers: [{name: a, kind: slack}]}",
                "version: 1\nmessages: {receivers: [{name: a, kind: page, address: {env: A}}]}",
                "version: 1\nmessages: {receivers: [{name: a, kind: slack, address: {env: A, file: b}}]}",
                "version: 1\nmessages: {receivers: [{name: a, kind: mail, address: \"smtp://m\", from: a, to: [c@d]}]}",
                "version: 1\nrisk: 1", "version: 1\npromotion: {}", "version: 1\npromotion: {stages: []}",
                "version: 1\npromotion: {stages: [a], lane: {}}",
                "version: 1\nidentity: {}", "version: 1\nidentity: {issuer: i, audience: a, keys: \"http://k\"}",
                "version: 1\nidentity: {issuer: i, audience: a, keys: k, algorithms: [HS256]}",
                "version: 1\nidentity: {issuer: i, audience: a, keys: k, algorithms: []}",
                "version: 1\nidentity: {issuer: i, audience: a, keys: k, groups: [{group: g, roles: [\"operator:\"]}]}",
                "version: 1\nidentity: {issuer: i, audience: a, keys: k, groups: [{group: g, roles: [\"admin:dev\"]}]}",
                "version: 1\nidentity: {issuer: i, audience: a, keys: k, groups: [{roles: [viewer]}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: ./suite}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {command: []}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {command: [\"\"]}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {command: ./suite}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {command: [s], secret: {env: S}}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {command: [s], timeout: soon}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {address: \"https://s\"}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {address: \"https://s\", secret: {env: S}}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {address: {env: A}, secret: {env: S}, answeredBy: s}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {address: \"https://s\", secret: s3cret, answeredBy: s}}]}",
                "version: 1\npromotion: {stages: [{name: a, tests: {address: \"https://s\", secret: {env: S}, answeredBy: s, timeout: 1h}}]}",
                "version: 1\npromotion: {stages: [{environments: [a]}]}",
                "version: 1\npromotion: {stages: [a, {name: b, after: {hosts: 101%}}]}",
                "version: 1\npromotion: {stages: [a, {name: b, after: {signOffs: [regression]}}]}",
                "version: 1\nchanges: {emergency: {approvals: 21}}", "version: 1\nchanges: {teams: {a: []}}",
                "version: 1\nchanges: {rules: [{from: [a]}]}",
                "version: 1\nchanges: {templates: [{name: t, hosts: 1}]}",
                "version: 1\nrisk: {unit: 7}",
                "version: 1\nrisk: {unit: \"\"}",
                "version: 1\nrisk: {lossPerDay: 5}",
                "version: 1\nrisk: {loss: {}}",
                "version: 1\nrisk: {lossPerDay: {low: -1}}",
                "version: 1\nrisk: {lossPerDay: {low: much}}",
                "version: 1\nrisk: {waiting: {hazards: {seen: 1}}}",
                "version: 1\nrisk: {waiting: {correlation: 1.01}}",
                "version: 1\nrisk: {waiting: {predictionStaleDays: 1.5}}",
                "version: 1\nrisk: {patching: {priors: []}}",
                "version: 1\nrisk: {patching: {priors: {patch: {}}}}",
                "version: 1\nrisk: {patching: {spreadDays: 0}}",
                "version: 1\nrisk: {patching: {priors: {kernel: {weight: 0}}}}",
                "version: 1\nrisk: {patching: {recoveryHours: {exactVersions: 9000}}}",
            ] + Self.badBaselines.map { "version: 1\nbaselines: [{name: b, \($0)}]" }
            + Self.badWindows.map { "version: 1\nwindows: [{id: w, \($0)}]" }
            + Self.badFreezes.map { "version: 1\nfreezes: [{id: f, \($0)}]" }
            + ["version: 1\nwindows: {}", "version: 1\nwithoutWindow: always", "version: 1\nfreezes: [{reason: x}]"]
            + Self.badOrders.map { "version: 1\norder: [{name: a b, \($0)}]" }
            + Self.badReleases.map { "version: 1\nreleases: [{name: a b, \($0)}]" }
        try agree(PolicySchema.json, good: good, bad: bad) { try PolicyFile.parse($0) }
    }

    private static let goodBaselines = [
        "platforms: [\"debian:*\"]", "environments: [production, \"d*\"]", "minimumSeverity: high",
        "classes: [security]",
        "classes: {bugfix: wait 1d}", "ageInDays: 0", "ageInDays: {security: 3, feature: 999}", "allow: [a]",
        "deny: [\"*\"]", "hold: [a, b]", "pin: [\"a=1:2.0~rc1-1=x\"]", "rolling: {packages: [a]}",
    ]

    private static let goodOrders = [
        "first: [a], then: \"b-*\"", "first: {kind: database}, then: {kind: [host, \"v*\"]}, within: fleet",
        "first: {resources: a, group: [b]}, then: {tier: 1, owner: 7}, because: x",
        "first: {labels: {role: [x, 1]}}, then: {environment: \"d*\", failureDomain: r}, within: group",
    ]

    private static let badOrders = [
        "first: [a]", "then: [a]", "first: {}, then: [a]", "first: [], then: [a]", "first: {kind: pond}, then: [a]",
        "first: [a], then: {label: x}", "first: [a], then: [b], within: host", "first: [a], then: [b], because: 1",
        "first: [\"\"], then: [b]", "first: [a], then: {environment: 1}", "first: [a], then: {labels: []}",
        "first: [a], then: [b], unless: c", "first: [{kind: host}], then: [b]",
    ]

    private static let goodReleases = [
        "package: a*, minimumVersionBefore: \"1:2.0~rc1-1\"",
        "package: [a, b], to: \"2.0\", requires: [{package: c, atLeast: \"1.0\"}]",
        "rebootBetween: [a, b*]", "package: a, rebootBetween: [a, b, c], because: x",
        "package: a, requires: [{package: c, atLeast: v1, on: [db-*], within: group, ifInstalled: true}]",
    ]

    private static let badReleases = [
        "package: a", "minimumVersionBefore: v1", "package: a, minimumVersionBefore: 15.1", "rebootBetween: [a]",
        "rebootBetween: []", "rebootBetween: [a, a]", "package: [], rebootBetween: [a, b]",
        "to: v1, rebootBetween: [a, b]",
        "package: a, requires: []", "package: a, requires: [{package: c}]", "package: a, requires: [{atLeast: v1}]",
        "package: a, requires: [{package: c, atLeast: v1, within: group}]",
        "package: a, requires: [{package: c, atLeast: v1, on: {}}]", "package: a, minimumVersionBefore: \"-1\"",
        "package: a, requires: [{package: c, atLeast: v1, ifInstalled: 1}]",
        "package: a, minimumVersionBefore: \"1 2\"",
        "package: a, requires: [{package: c, atLeast: v1, maybe: 1}]", "rebootBetween: [a, b], x: 1",
    ]

    private static let badBaselines = [
        "platforms: []", "platforms: debian", "environments: [1]", "minimumSeverity: bad", "classes: []",
        "classes: {x: now}", "ageInDays: -1", "ageInDays: 1000", "ageInDays: {x: 1}", "ageInDays: soon", "allow: []",
        "deny: [\"\"]", "hold: {}", "pin: [openssl]", "pin: [\"a=\"]", "pin: [\"-a=1\"]", "pin: [\"a=-1\"]",
        "pin: [\"a b=1\"]", "x: 1",
    ]

    private static let goodWindows = [
        "start: \"22:00\", duration: 4h, timeZone: UTC, recurrence: FREQ=DAILY",
        "start: 2026-11-29T22:00:30, duration: 1d, timeZone: Europe/Berlin",
        "start: \"22:00\", duration: 3600, timeZone: UTC, recurrence: \"RRULE:freq=weekly;byday=su;UNTIL=20301231T225959Z\"",
        "start: \"22:00\", duration: 4h, timeZone: UTC, recurrence: BYDAY=-1SU;FREQ=MONTHLY, except: [2026-11-29], also: "
            + "[2026-11-30, 2026-12-01T10:00]",
        "start: \"22:00\", duration: 4h, timeZone: UTC, recurrence: FREQ=DAILY, environments: [a], groups: [\"b*\"], "
            + "resources: [c]",
    ]

    private static let badWindows = [
        "start: \"22:00\"", "start: \"22:00\", duration: 4h, recurrence: FREQ=DAILY",
        "start: \"22:00\", duration: 4h, timeZone: UTC, recurrence: FREQ=HOURLY",
        "start: \"22:00\", duration: 4h, timeZone: UTC, recurrence: FREQ=DAILY;BYDAY", "calendar: x.txt",
        "start: \"24:00\", duration: 4h, timeZone: UTC, recurrence: FREQ=DAILY", "calendar: x.ics, start: \"22:00\"",
        "start: 22, duration: 4h, timeZone: UTC, recurrence: FREQ=DAILY",
        "start: \"22:00\", duration: long, timeZone: UTC, recurrence: FREQ=DAILY",
        "start: \"22:00\", duration: 4h, timeZone: \"W. Europe\", recurrence: FREQ=DAILY",
        "start: \"22:00\", duration: 4h, timeZone: UTC, recurrence: FREQ=DAILY, groups: []",
        "start: \"22:00\", duration: 4h, timeZone: UTC, recurrence: FREQ=DAILY, except: [soon]",
        "start: \"22:00\", duration: 4h, timeZone: UTC, recurrence: FREQ=DAILY, reason: x",
    ]

    private static let goodFreezes = [
        "reason: x, from: 2026-12-18, to: 2027-01-03, timeZone: UTC",
        "reason: x, from: 2026-12-18T10:00Z, to: 2027-01-03T10:00:00Z, emergencyMayPass: true",
        "reason: x, recurrence: FREQ=MONTHLY;BYMONTHDAY=-1, timeZone: UTC",
        "reason: x, recurrence: FREQ=MONTHLY;BYMONTHDAY=-1, timeZone: UTC, start: \"10:00\", duration: 8h, groups: [a]",
    ]

    private static let badFreezes = [
        "reason: x", "from: 2026-12-18, to: 2027-01-03, timeZone: UTC", "reason: x, from: 2026-12-18, timeZone: UTC",
        "reason: x, from: 2026-12-18, to: soon, timeZone: UTC", "reason: x, recurrence: FREQ=DAILY",
        "reason: x, recurrence: FREQ=DAILY, timeZone: UTC, from: 2026-12-18",
        "reason: x, from: 2026-12-18, to: 2027-01-03, timeZone: UTC, duration: 1d", "calendar: x.ics, from: 2026-12-18",
        "reason: \"\", from: 2026-12-18, to: 2027-01-03, timeZone: UTC",
        "reason: x, from: 2026-12-18, to: 2027-01-03, timeZone: UTC, emergencyMayPass: maybe",
    ]

    /// A default that an editor shows and the program doesn't take would be a lie.
    @Test func theSchemasDefaultsOfRiskAreThePolicys() throws {
        func defaults(_ schema: [String: Any]) -> Any? {
            guard let properties = schema["properties"] as? [String: [String: Any]] else { return schema["default"] }
            return properties.compactMapValues(defaults)
        }
        let schema = try #require(try JSONSerialization.jsonObject(with: PolicySchema.json) as? [String: Any])
        let properties = try #require(schema["properties"] as? [String: [String: Any]])
        let described = try #require(properties["risk"])
        let risk = try #require(defaults(described))
        let data = try JSONSerialization.data(withJSONObject: ["version": 1, "risk": risk])
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.contains("spreadDays") && text.contains("unrated") && text.contains("irreversible"))
        #expect(try PolicyFile.parse(text).policy == Policy())
    }

    private static let goodGroups = [
        "responsibility: {firmware: vendor, owner: ops, contact: ops@example.com}",
        "responsibility: {firmware: {by: vendor, owner: Example}}", "responsibility: {data: nobody}",
        "kind: cluster", "strategy: rolling", "strategy: canary", "strategy: {rolling: }", "strategy: {allAtOnce: {}}",
        "kind: cluster, strategy: replicasFirst", "kind: cluster, strategy: {replicasFirst: {maxUnavailable: 2}}",
        "kind: hypervisorPool, strategy: evacuate", "kind: hypervisorPool, strategy: {evacuate: {maxUnavailable: 1}}",
        "strategy: oneSideAtATime", "kind: hypervisorPool, machines: {driver: libvirt}",
        "kind: hypervisorPool, machines: {driver: libvirt, destination: \"qemu+ssh://root@{host}:22/system\", "
            + "sharedDirectories: [/srv/a], bandwidth: 0, timeLimit: 5m, whenTooSlow: postCopy, encrypted: false, "
            + "processorsPerCore: 2, reservedMemory: 0, mostMemory: 1, mayStay: [\"a b\"], apart: [[a, b]]}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {file: pve.token}}}",
        "snapshot: {driver: libvirt}",
        "snapshot: {driver: libvirt, leastFree: \"20%\", keep: 10m, oldest: 1d, mustFreeze: false, mayLoseWrites: true}",
        "kind: hypervisorPool, machines: {driver: proxmox, whenTooSlow: abort, api: {url: \"https://pve.example\", "
            + "token: {env: PVE_TOKEN}, certificateAuthorities: /etc/fettle/ca.pem}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {url: \"https://{host}:8006\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: openstack, sharedDirectories: [/var/lib/nova/instances], "
            + "api: {url: \"https://keystone.example:5000\", token: {file: cloud.credential}}}",
        "kind: hypervisorPool, machines: {driver: openstack, whenTooSlow: abort, timeLimit: 5m, mayStay: [a], "
            + "api: {url: \"https://cloud.example/identity/v3\", token: {env: A}, certificateAuthorities: /a.pem}}",
        "kind: hypervisorPool, machines: {driver: vcenter, whenTooSlow: abort, mayStay: [a], apart: [[a, b]], "
            + "api: {url: \"https://vcenter.example\", token: {file: vc.credential}, certificateAuthorities: /a.pem}}",
        "strategy: {rolling: {maxUnavailable: \"25%\"}}", "strategy: {canary: {first: 2, bake: 1h}}", "after: []",
        "strategy: {canary: {judge: compared, control: 0, extendUntil: 1h}}", "strategy: {canary: {judge: probes}}",
        "strategy: {canary: {control: 2, restartControl: true, watchRest: false}}",
        "traffic: {driver: haproxy, via: lb-1, endpoint: /x, backend: b}",
        "traffic: {driver: haproxy, via: lb-1, endpoint: /x, backend: b, server: \"{id}-x\", drainTimeout: 0}",
        "traffic: {driver: haproxy, via: lb-1, endpoint: /\(String(repeating: "x", count: 106)), backend: b}",
        "traffic: {driver: nginx, via: lb-1, endpoint: /etc/nginx/upstreams/web.servers, backend: web}",
        "probes: [{http: \"https://{host}/\"}, {tcp: 80}, {unit: a.service}, {command: [\"true\"]}]",
        "probes: [{tcp: {port: 1}, name: x, timeout: 1m, samples: 1, interval: 1s, deadline: 30}]",
        "probes: [{tls: 443}, {tls: {serverName: a.example, leastDays: 14, authorities: /etc/ours.pem}, name: b}]",
        "probes: [{log: {unit: nginx, pattern: 'ERROR|panic'}}, {log: {file: /x, pattern: a, atMost: 3}, name: b}]",
        "probes: [{prometheus: {url: \"http://p:9090\", query: up, atLeast: 1}, samples: 2, maximumAge: 1m}]",
        "probes: [{prometheus: {url: \"http://p\", query: x, over: 1m, step: 5s, below: 0.5, tokenFile: /t}, samples: 3, "
            + "maximumAge: 30s}]",
        "probes: [{prometheus: {url: \"http://{host}:1/{id}\", query: x, below: 1}, samples: 1, maximumAge: 1m}]",
        "probes: [{balancer: }], traffic: {driver: haproxy, via: lb-1, endpoint: /x, backend: b}",
        "probes: [{cluster: {patroni: {url: \"http://{host}:8008\", members: 3}}}, {cluster: {command: [a]}, name: b}]",
        "probes: [{manual: \"Does the shop look right?\"}]", "groupProbes: [{http: \"https://shop.example/\"}]",
        "probes: [{tcp: 80, maximumAge: 1m}]",
    ]

    private static let badGroups = [
        "responsibility: {}", "responsibility: us", "responsibility: {firmware: them}",
        "responsibility: {firmware: {}}",
        "responsibility: {firmwares: us}", "responsibility: {owner: 1}", "responsibility: {firmware: {who: us}}",
        "kind: hypervisorPool, machines: {}", "kind: hypervisorPool, machines: libvirt",
        "kind: hypervisorPool, machines: {driver: libvrt}",
        "traffic: {driver: haprox, via: lb-1, endpoint: /x, backend: b}",
        "kind: hypervisorPool, machines: {driver: libvirt, destination: \"-c {host}\"}",
        "kind: hypervisorPool, machines: {driver: libvirt, destination: \"qemu://{host}/a b\"}",
        "kind: hypervisorPool, machines: {driver: libvirt, sharedDirectories: [srv]}",
        "kind: hypervisorPool, machines: {driver: libvirt, bandwidth: -1}",
        "kind: hypervisorPool, machines: {driver: libvirt, whenTooSlow: suspend}",
        "kind: hypervisorPool, machines: {driver: libvirt, apart: [[a]]}",
        "kind: hypervisorPool, machines: {driver: libvirt, mayStay: a}",
        "kind: hypervisorPool, machines: {driver: libvirt, processorsPerCore: 0}",
        "kind: hypervisorPool, machines: {driver: libvirt, api: {token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: proxmox}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: secret}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {}}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {env: A, file: b}}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {env: \"1\"}}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {env: A}, url: \"http://h:8006\"}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {env: A}, url: \"https://h/api2\"}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {env: A}, url: \"https://u@h\"}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {env: A}, certificateAuthorities: ca.pem}}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {env: A}}, sharedDirectories: [/a]}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {env: A}}, destination: \"a{host}\"}",
        "kind: hypervisorPool, machines: {driver: proxmox, api: {token: {env: A}}, whenTooSlow: postCopy}",
        "kind: hypervisorPool, machines: {driver: openstack}",
        "kind: hypervisorPool, machines: {driver: openstack, api: {token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: openstack, api: {url: \"https://{host}:5000\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: openstack, api: {url: \"https://k?a\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: openstack, bandwidth: 1, api: {url: \"https://k\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: openstack, encrypted: true, "
            + "api: {url: \"https://k\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: openstack, whenTooSlow: postCopy, "
            + "api: {url: \"https://k\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: vcenter}",
        "kind: hypervisorPool, machines: {driver: vcenter, api: {token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: vcenter, api: {url: \"https://{host}\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: vcenter, api: {url: \"https://v/sdk\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: vcenter, encrypted: true, api: {url: \"https://v\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: vcenter, bandwidth: 1, api: {url: \"https://v\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: vcenter, sharedDirectories: [/a], "
            + "api: {url: \"https://v\", token: {env: A}}}",
        "kind: hypervisorPool, machines: {driver: vcenter, whenTooSlow: postCopy, "
            + "api: {url: \"https://v\", token: {env: A}}}",
        "kind: pond", "strategy: slow", "strategy: {}", "strategy: {rolling: {}, canary: {}}",
        "strategy: {rolling: {maxUnavailable: 0}}", "strategy: {rolling: {maxUnavailable: \"0%\"}}",
        "strategy: {canary: {bake: ten}}", "traffic: {}", "traffic: haproxy", "select: {}", "select: []",
        "traffic: {driver: haproxy, via: lb-1, endpoint: /x, backend: \"a b\"}", "probes: {}", "probes: [{}]",
        "traffic: {driver: haproxy, via: lb-1, endpoint: relative.sock, backend: b}",
        "traffic: {driver: haproxy, via: lb-1, endpoint: \"/run/a b.sock\", backend: b}",
        "traffic: {driver: haproxy, via: lb-1, endpoint: /\(String(repeating: "x", count: 107)), backend: b}",
        "traffic: {driver: haproxy, via: lb-1, endpoint: /x, backend: b, server: \"-x\"}", "probes: [{name: x}]",
        "probes: [{http: \"http://{hst}/\"}]", "probes: [{http: {url: \"http://{host}/{id}\"}}]",
        "probes: [{cluster: {patroni: {url: \"http://{hots}\", members: 3}}}]",
        "probes: [{prometheus: {url: \"http://{hots}\", query: up, below: 1}, samples: 1, maximumAge: 1m}]",
        "probes: [{prometheus: {url: \"http://p/#x\", query: up, below: 1}, samples: 1, maximumAge: 1m}]",
        "probes: [{http: x}]", "probes: [{tcp: 0}]", "probes: [{tcp: \"80\"}]", "probes: [{unit: \"a b\"}]",
        "probes: [{command: true}]", "probes: [{command: []}]", "probes: [{command: [\"-x\"]}]",
        "probes: [{tcp: 80, unit: x}]", "probes: [{tcp: 80, samples: 0}]", "probes: [{tcp: 80, timeout: -1}]",
        "after: g", "after: [x, x]", "after: [\"-x\"]", "colour: red", "probes: [{http: {status: 200}}]",
        "probes: [{http: {url: \"http://h\", status: 99}}]", "probes: [{tls: 0}]", "probes: [{tls: {leastDays: -1}}]",
        "probes: [{tls: {authorities: ours.pem}}]", "probes: [{tls: {serverName: \"a b\"}}]",
        "probes: [{tls: {serverName: \"-connect\"}}]", "probes: [{log: {pattern: a}}]", "probes: [{log: {unit: a}}]",
        "probes: [{log: {unit: a, file: /x, pattern: a}}]", "probes: [{log: {file: x, pattern: a}}]",
        "probes: [{log: {file: /x, pattern: \"a\\nb\"}}]", "probes: [{log: {unit: \"a b\", pattern: a}}]",
        "probes: [{log: {file: /x, pattern: a, atMost: -1}}]",
        "probes: [{prometheus: {url: \"http://p\", query: up, atLeast: 1}}]",
        "probes: [{prometheus: {url: \"http://p\", query: up, atLeast: 1}, samples: 1}]",
        "probes: [{prometheus: {url: \"http://p\", query: up, atLeast: 1}, maximumAge: 1m}]",
        "probes: [{prometheus: {url: \"http://p\", query: up}, samples: 1, maximumAge: 1m}]",
        "probes: [{prometheus: {url: \"http://p\", query: up, below: 1, above: 0}, samples: 1, maximumAge: 1m}]",
        "probes: [{prometheus: {url: \"http://p?x\", query: up, below: 1}, samples: 1, maximumAge: 1m}]",
        "probes: [{prometheus: {url: \"http://p\", query: up, below: x}, samples: 1, maximumAge: 1m}]",
        "probes: [{balancer: now}]", "probes: [{cluster: }]", "probes: [{cluster: {}}]", "probes: [{manual: }]",
        "probes: [{cluster: {patroni: {url: \"http://{host}\"}}}]", "probes: [{tcp: 80, maximumAge: -1}]",
        "groupProbes: {}",
    ]

    private static let goodStrategies = [
        "blueGreen: {active: blue}", "blueGreen: {active: green, keep: 2h, then: keep}",
        "blueGreen: {active: blue, keep: 0, then: retire}", "oneSideAtATime: ", "oneSideAtATime: {bake: 5m}",
        "throughController: {controller: c}", "throughController: {controller: c, atOnce: \"50%\"}",
        "replace: {image: web-base}", "replace: {image: web-base, maxUnavailable: 2, maxSurge: 0}",
        "replace: {image: a, maxSurge: \"00%\"}", "canary: {first: 1, growth: 2}",
        "rolling: {maxUnavailable: 2, maxSurge: 0}", "rolling: {maxUnavailable: \"50%\"}",
    ]

    private static let badStrategies = [
        "blueGreen: ", "blueGreen: {}", "blueGreen: {active: 1}", "blueGreen: {active: \"\"}", "blueGreen: []",
        "blueGreen: {active: blue, then: burn}", "blueGreen: {active: blue, keep: long}", "oneSideAtATime: {bake: x}",
        "oneSideAtATime: {maxUnavailable: 1}", "throughController: ", "throughController: {atOnce: 1}",
        "throughController: {controller: \"-x\"}", "throughController: {controller: c, atOnce: 0}", "replace: ",
        "replace: {maxUnavailable: 1}", "replace: {image: \"a b\"}", "replace: {image: a, maxSurge: x}",
        "replace: {image: a, maxUnavailable: 0}", "replace: {image: $(x)}", "canary: {growth: 0}",
        "canary: {growth: \"2\"}", "rolling: {maxUnavailable: 0}", "rolling: {maxUnavailable: 0, maxSurge: 0}",
        "rolling: {maxSurge: x}", "rolling: {maxSurge: -1}", "rolling: {surge: 1}",
    ]

    /// Two members on each of two sides, with all that a strategy can ask for.
    private static func fleet(strategy: String) -> String {
        """
        version: 1
        defaults: {environment: dev}
        resources:
          - {id: "b-[1:2]", failureDomain: blue}
          - {id: "g-[1:2]", failureDomain: green}
          - lb
          - c
        groups:
          - id: g
            members: ["b-*", "g-*"]
            minimumAvailable: 2
            traffic: {driver: haproxy, via: lb, endpoint: /x, backend: b}
            probes: [{tcp: 80}]
            strategy:
              \(strategy)
        """
    }

    private static let goodResources = [
        "a", "\"a-[1:3]\"", "{id: a}", "{id: a, kind: appliance}", "{id: a, address: 10.0.0.1}",
        "{id: a, address: local}",
        "{id: a, address: \"ssh://u@h:22\"}", "{id: a, address: \"[::1]:22\"}", "{id: a, address: \"::1\"}",
        "{id: \"a-[1:2]\", address: \"10.0.0.[1:2]\"}", "{id: a, labels: {x: 1, y: true, z: text, a/b: 1.5}}",
        "{id: a, owner: me, failureDomain: rack}", "{id: a, criticality: low, exposure: internet, serviceModel: paas}",
        "{id: a, address: \"ssh://{id}.example.com\"}", "{id: a, tier: 7}", "{id: a, after: []}",
        "b, {id: a, after: [b]}",
        "{id: a, after: [\"c*\", {kind: database, labels: {x: [1, y]}}]}",
        "{id: a, after: [{tier: 1}, {environment: dev}]}",
    ]

    private static let badResources = [
        "12", "\"-a\"", "\"a b\"", "\"\"", "{}", "{id: }", "{id: a, kind: x}", "{id: a, address: \"-x\"}",
        "{id: a, address: \"\"}", "{id: a, address: \"http://h\"}", "{id: a, address: 5}", "{id: a, labels: []}",
        "{id: a, labels: {\"-x\": 1}}", "{id: a, labels: {x: }}", "{id: a, labels: {x: [1]}}", "{id: a, owner: 1}",
        "{id: a, criticality: urgent}", "{id: a, exposure: public}", "{id: a, serviceModel: cloud}", "{id: a, x: y}",
        "{id: [a]}", "{id: a, owner: \"\"}", "{id: a, labels: {x: \"\"}}", "\"a[1-2]\"", "\"a:b\"",
        "{id: a, tier: -1}", "{id: a, tier: 1.5}", "{id: a, tier: \"a b\"}", "{id: a, after: b}", "{id: a, after: [1]}",
        "{id: a, after: [{}]}", "{id: a, after: [{group: x}]}", "{id: a, after: [[b]]}",
    ]

    private func agree<Value>(
        _ schema: Data, good: [String], bad: [String], read: (String) throws -> Value
    ) throws {
        let texts = good + bad
        let verdicts = try JSONSchemaChecker.verdicts(schema, texts.map { try JSONValue(yaml: $0) })
        try #require(verdicts.count == texts.count)
        for (index, text) in texts.enumerated() {
            let isGood = index < good.count
            let found = problems { try read(text) }
            #expect(found.isEmpty == isGood, "the reader on \(text): \(found)")
            #expect(verdicts[index].isEmpty == isGood, "the schema on \(text): \(verdicts[index])")
        }
    }
}

/// YAML as JSON, through our own tree.
struct JSONValue: Encodable {
    let value: YAMLValue

    init(yaml: String) throws {
        let reading = Reading(file: "")
        value = try #require(YAMLDocument.read(try InputText(text: yaml, file: ""), reading))
    }

    private init(_ value: YAMLValue) { self.value = value }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        switch value.content {
        case .mapping(let entries):
            var container = encoder.container(keyedBy: Key.self)
            for entry in entries { try container.encode(JSONValue(entry.value), forKey: Key(stringValue: entry.key)) }
        case .sequence(let values):
            var container = encoder.unkeyedContainer()
            for value in values { try container.encode(JSONValue(value)) }
        case .tagged(let tag):
            var container = encoder.singleValueContainer()
            try container.encode(tag)
        case .scalar(let scalar):
            var container = encoder.singleValueContainer()
            switch scalar.kind {
            case .null: try container.encodeNil()
            case .boolean: try container.encode(scalar.text.lowercased() == "true")
            case .integer: try container.encode(Int(scalar.text) ?? 0)
            case .decimal: try container.encode(Double(scalar.text) ?? 0)
            case .text: try container.encode(scalar.text)
            }
        }
    }
}

/// The reference implementation of JSON Schema in Python, where it is installed.
enum JSONSchemaChecker {
    static let isAvailable = (try? run("import jsonschema; jsonschema.Draft202012Validator", Data()))?.status == 0

    static func checkSchema(_ schema: Data) throws -> Bool {
        let script = "import json,sys,jsonschema; jsonschema.Draft202012Validator.check_schema(json.load(sys.stdin))"
        return try run(script, schema).status == 0
    }

    /// For each value what is wrong with it, empty if nothing.
    static func verdicts(_ schema: Data, _ values: [JSONValue]) throws -> [String] {
        let script = """
            import json, sys, jsonschema
            given = json.load(sys.stdin)
            validator = jsonschema.Draft202012Validator(given["schema"])
            print(json.dumps(["; ".join(e.message[:200] for e in validator.iter_errors(v)) for v in given["values"]]))
            """
        let list = String(decoding: try JSONEncoder().encode(values), as: UTF8.self)
        let input = "{\"schema\": \(String(decoding: schema, as: UTF8.self)), \"values\": \(list)}"
        return try JSONDecoder().decode([String].self, from: run(script, Data(input.utf8)).output)
    }

    private static func run(_ script: String, _ input: Data) throws -> (status: Int32, output: Data) {
        try ToolRun.run(["python3", "-c", script], input: input)
    }
}

/// Runs a program that is found on the PATH; its input and output go through files, which cannot block each other.
enum ToolRun {
    static func run(_ words: [String], input: Data = Data()) throws -> (status: Int32, output: Data) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let inputFile = folder.appendingPathComponent("in")
        let outputFile = folder.appendingPathComponent("out")
        try input.write(to: inputFile)
        try Data().write(to: outputFile)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try Data(contentsOf: outputFile))
    }
}
