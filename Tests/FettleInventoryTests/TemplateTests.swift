import FettleModel
import Testing

@testable import FettleInventory

@Suite("Templates and the writer of fleet.yaml")
struct TemplateTests {
    @Test func theTemplatesReadWithoutAWord() throws {
        let fleet = try FleetFile.parse(FleetTemplate.fleet())
        #expect(fleet.warnings == [])
        #expect(fleet.fleet.resources.map(\.address) == [.local])
        let policy = try PolicyFile.parse(FleetTemplate.policy(), environments: fleet.fleet.environments)
        #expect(policy.warnings == [])
        // The file says what the defaults are: it must not say something else than the code.
        #expect(policy.policy == Policy())
        let feeds = try FeedsFile.parse(FleetTemplate.feeds())
        #expect(feeds.warnings == [])
        #expect(feeds.settings == FeedSettings.none)
    }

    @Test func theExamplesInCommentsReadToo() throws {
        let fleet = try FleetFile.parse(Self.uncommented(FleetTemplate.fleet()))
        #expect(fleet.warnings == [])
        #expect(fleet.fleet.group("web")?.members.count == 4)
        #expect(fleet.fleet.resources.count == 12)
        #expect(fleet.fleet.resource("web-2")?.after == ["db-1", "san-1"])
        let policy = try PolicyFile.parse(
            Self.uncommented(FleetTemplate.policy()), fleet: fleet.fleet, now: Timestamp("2026-11-23T09:30:00Z"))
        #expect(policy.warnings == [])
        #expect(policy.policy.windows.map(\.id) == ["production-nights", "move"])
        #expect(policy.policy.freezes.map(\.id) == ["year-end", "books"])
        #expect(policy.policy.order.map(\.within) == [.environment, .group, .environment])
        #expect(policy.policy.releases.map(\.requires.count) == [0, 1, 0])
        #expect(policy.policy.exclude == ["linux-image-*"])
        #expect(policy.policy.approvals.count == 2)
        #expect(policy.policy.baselines.map(\.pins.count) == [1])
        let feeds = try FeedsFile.parse(
            Self.uncommented(FleetTemplate.feeds()).replacing("\n  ", with: "\n"))
        #expect(feeds.warnings == [])
        #expect(feeds.settings.sources["kev"]?.staleAfterHours == 48)
        #expect(feeds.settings.exclude == ["epss"])
        #expect(fleet.fleet.resource("vault")?.responsibility?.layers[.firmware]?.owner == "Example Inc.")
    }

    /// Examples begin with `#  `, words with `# `.
    private static func uncommented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("#  ") ? String(line.dropFirst(1)) : String(line)
        }.joined(separator: "\n").replacing(": []\n", with: ":\n")
    }

    @Test func theSchemaIsNamedForEditors() {
        #expect(FleetTemplate.fleet(schema: "x.json").hasPrefix("# yaml-language-server: $schema=x.json\n"))
        #expect(FleetTemplate.policy(schema: "y.json").hasPrefix("# yaml-language-server: $schema=y.json\n"))
        #expect(FleetTemplate.feeds(schema: "z.json").hasPrefix("# yaml-language-server: $schema=z.json\n"))
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func whatIsWrittenIsReadBack(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let fleet = RandomFleet.make(&random, beyondAnsible: true)
        let text = FleetWriter(remarks: ["from\na test"]).text(fleet)
        let read = try FleetFile.parse(text)
        #expect(read.fleet == fleet)
        #expect(FleetWriter(remarks: ["from\na test"]).text(read.fleet) == text)
    }

    @Test func theFormIsStable() {
        let fleet = Fleet(
            environments: [Environment(id: "dev", isProtected: false), Environment(id: "live", isProtected: true)],
            resources: [
                Resource(id: "1", address: .ssh("1"), environment: "dev", labels: ["a/b": "no", "x": "12"]),
                Resource(id: "w", address: .ssh("h", port: 22, user: "u"), environment: "live", owner: "a: b # c"),
            ],
            groups: [
                ResourceGroup(
                    id: "g", members: ["1", "w"], minimumAvailable: .percent(50),
                    strategy: .rolling(maxUnavailable: .count(1)), after: [])
            ])
        #expect(
            FleetWriter(schema: "s", remarks: ["hello"]).text(fleet) == """
                # yaml-language-server: $schema=s
                # hello
                version: 1

                environments:
                  - dev
                  - {name: live, protected: true}

                resources:
                  - id: "1"
                    environment: dev
                    labels:
                      a/b: "no"
                      x: "12"
                  - id: w
                    address: ssh://u@h:22
                    environment: live
                    owner: "a: b # c"

                groups:
                  - id: g
                    members: ["1", w]
                    minimumAvailable: "50%"
                    strategy: {rolling: {maxUnavailable: 1}}

                """)
    }
}

/// Fleets with all there can be in them, and texts that tempt a writer.
enum RandomFleet {
    static let texts = [
        "web", "no", "12", "1e3", "a: b", "# x", "'", "\"", "\\", "{{ 7*7 }}", "{%x%}", "ü", "🙂", "- a", "a,b", "[x]",
        "*a",
        "&b", "!c", "%d", "@e", "`f`", "true", "~", "0x10", "1:30", " lead", "trail ", "$(x)", "a'b\"c\\d", "a=b", "=",
    ]

    static func make(_ random: inout SplitMix, beyondAnsible: Bool = false) -> Fleet {
        func one<Value>(_ values: [Value]) -> Value { values.randomElement(using: &random) ?? values[0] }
        func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &random) ? value : nil }
        let environments = [
            Environment(id: "dev", isProtected: false), Environment(id: "production", isProtected: true),
        ]
        var resources: [Resource] = []
        for number in 1...Int.random(in: 2...12, using: &random) {
            // A machine for each: one that is two members of a group is refused.
            let addresses: [ResourceAddress] = [
                number == 1 ? .local : number == 2 ? .ssh("local") : .ssh("h\(number)"), .ssh("host-\(number)"),
                .ssh("10.0.0.\(number)", port: 22),
                .ssh("::\(number)", port: 2_222, user: "root"), .ssh("r\(number)", user: "me"),
            ]
            var labels: [String: String] = [:]
            for key in ["role", "a.b/c", "environment", "n0", "on"] where Bool.random(using: &random) {
                labels[key] = one(texts)
            }
            resources.append(
                Resource(
                    id: ResourceID(one(["r", "r-", "R.", "7"]) + "\(number)"), kind: one(Resource.Kind.allCases),
                    address: one(addresses), environment: one(environments).id,
                    serviceModel: one(ServiceModel.allCases), criticality: one(Resource.Criticality.allCases),
                    exposure: one(Resource.Exposure.allCases), labels: labels,
                    failureDomain: maybe(one(texts)), owner: maybe(one(texts))))
        }
        for place in resources.indices where beyondAnsible && Bool.random(using: &random) {
            var said = Responsibility(owner: maybe(one(texts)), contact: maybe(one(texts)))
            for layer in ResourceLayer.allCases where Bool.random(using: &random) {
                said.layers[layer] = .init(
                    by: one(ResponsibleParty.allCases), owner: maybe(one(texts)), contact: maybe(one(texts)))
            }
            if !said.isEmpty { resources[place].responsibility = said }
        }
        resources.sort { $0.id < $1.id }
        let tiers =
            !beyondAnsible
            ? TierOrder()
            : one([
                TierOrder(), TierOrder(direction: .lastToFirst), TierOrder(names: ["7", "web", "no"]),
                TierOrder(names: ["db", "true"], direction: .lastToFirst),
            ])
        for place in resources.indices where beyondAnsible {
            if Bool.random(using: &random) {
                resources[place].tier = one(tiers.names.isEmpty ? ["0", "12"] : tiers.names)
            }
            let earlier = resources[..<place].filter { $0.environment == resources[place].environment }
            resources[place].after = earlier.map(\.id).filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
        }
        var groups: [ResourceGroup] = []
        for number in 0..<Int.random(in: 0...4, using: &random) {
            let members = resources.map(\.id).shuffled(using: &random).prefix(
                Int.random(in: 1...resources.count, using: &random))
            groups.append(
                ResourceGroup(
                    id: GroupID("g\(number)"), kind: one(ResourceGroup.Kind.allCases), members: members.sorted(),
                    minimumAvailable: one([.count(0), .percent(0), .percent(50), .count(1)]),
                    strategy: one([
                        nil, .rolling(maxUnavailable: .percent(20)),
                        .canary(first: .count(1), bakeSeconds: 90, maxUnavailable: .count(2)),
                    ]),
                    traffic: maybe(
                        TrafficBinding(
                            driver: "haproxy", via: resources[0].id, address: resources[0].address,
                            endpoint: one(["/run/x.sock", "/run/a@b/c+d_1.sock"]), backend: "b", serverName: "s-{id}",
                            drainTimeoutSeconds: 5)),
                    probes: [
                        Probe(
                            name: "a",
                            check: .http(url: "http://{host}:80/?a=b&c#d", status: 200, contains: maybe(one(texts)))),
                        Probe(name: "b", check: .command(argv: ["true"] + texts), timeoutSeconds: 9),
                        Probe(name: "c", check: .systemdUnit(name: "getty@tty1.service"), samples: 3),
                        Probe(name: "d", check: .tcp(port: 443), deadlineSeconds: 100),
                        Probe(
                            name: "e",
                            check: .tls(
                                host: maybe("::1"), port: 443, serverName: maybe("a.example"), leastDays: 14,
                                authorities: maybe("/x y")), maximumAgeSeconds: maybe(90)),
                        Probe(
                            name: "f",
                            check: .log(
                                source: one([.unit(name: "a@b.service"), .file(path: "/var/log/a b: #c")]),
                                pattern: one(texts.filter { ExtendedPattern.fault(in: $0) == nil }), atMost: 3)),
                        Probe(
                            name: "g",
                            check: .prometheus(
                                question: PrometheusQuestion(
                                    url: "http://p:9090", query: one(texts), overSeconds: maybe(120), stepSeconds: 15,
                                    condition: one([.below(value: 0.1), .above(value: -2), .atMost(value: 1e15)]),
                                    tokenFile: nil)), maximumAgeSeconds: 60),
                        Probe(
                            name: "h",
                            check: .cluster(
                                view: one([
                                    .patroni(url: "http://{host}:8008", members: 3, maximumLagBytes: 1),
                                    .command(argv: ["check"] + texts),
                                ]))),
                        Probe(name: "i", check: .manual(question: one(texts))),
                    ].shuffled(using: &random),
                    groupProbes: maybe([
                        Probe(name: "a", check: .http(url: "https://shop.example/", status: 200, contains: nil))
                    ]), after: number == 0 ? [] : ["g0"]))
            guard groups[number].kind == .hypervisorPool else { continue }
            groups[number].machines = maybe(
                MachineRules(
                    driver: "libvirt", destination: one(["qemu+ssh://{host}/system", "qemu+tls://{host}:1/system"]),
                    sharedDirectories: one([[], ["/srv/a b", "/x"]]), bandwidthMebibytes: 7, timeLimitSeconds: 90,
                    whenTooSlow: one(MachineRules.TooSlow.allCases), isEncrypted: one([true, false]),
                    processorsPerCore: 2, reservedMebibytes: 0, mostMebibytes: maybe(5),
                    mayStay: one([[], ["#c", "a: b"]]), apart: one([[], [["a", "b c"], ["d", "e"]]])))
            guard groups[number].machines != nil, one([true, false]) else { continue }
            groups[number].machines = MachineRules(
                driver: "proxmox", timeLimitSeconds: 90,
                api: MachineAPI(
                    url: one(["https://{host}:8006", "https://pve.example"]),
                    token: one([.environment("PVE_TOKEN"), .file("a: #b")]),
                    certificateAuthorities: maybe("/etc/our: authorities.pem")))
            guard one([true, false]) else { continue }
            groups[number].machines = MachineRules(
                driver: "openstack", sharedDirectories: one([[], ["/var/lib/nova/instances"]]), timeLimitSeconds: 90,
                api: MachineAPI(url: "https://cloud.example/identity", token: .file("a: #b")))
            guard one([true, false]) else { continue }
            groups[number].machines = MachineRules(
                driver: "vcenter", timeLimitSeconds: 90, apart: one([[], [["a", "b c"]]]),
                api: MachineAPI(url: "https://vcenter.example", token: .environment("VCENTER")))
        }
        return Fleet(environments: environments, resources: resources, groups: groups, tiers: tiers)
    }
}
