import FettleInventory
import FettleModel
import Testing

@Suite("Strategies in fleet.yaml")
struct StrategyFileTests {
    /// Two members on each of two sides, a load balancer, and the management of the cluster.
    private static func fleet(
        _ strategy: String, kind: String = "pool", group: String = "minimumAvailable: 2", binding: Bool = true
    ) -> String {
        """
        version: 1
        defaults: {environment: dev}
        resources:
          - {id: "b-[1:2]", failureDomain: blue}
          - {id: "g-[1:2]", failureDomain: green}
          - lb
          - c
          - {id: saas, address: none}
        groups:
          - id: g
            kind: \(kind)
            members: ["b-*", "g-*"]
            \(group)
            \(binding ? "traffic: {driver: haproxy, via: lb, endpoint: /x, backend: b}" : "after: []")
            \(binding ? "probes: [{tcp: 80}]" : "probes: []")
            strategy: \(strategy)
        """
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var strategy: Strategy
        var kind = "pool"
        var testDescription: String { text }
    }

    static let cases = [
        Case(text: "rolling", strategy: .rolling(maxUnavailable: .count(1))),
        Case(
            text: "{canary: {first: 1, bake: 5m, maxUnavailable: \"50%\", growth: 3}}",
            strategy: .canary(first: .count(1), bakeSeconds: 300, maxUnavailable: .percent(50), growth: 3)),
        Case(
            text: "{canary: {bake: 1m, control: 2, extendUntil: 5m}}",
            strategy: .canary(
                first: .count(1), bakeSeconds: 60, maxUnavailable: .count(1),
                judging: CanaryJudging(controls: 2, extendUntilSeconds: 300))),
        Case(
            text: "{canary: {bake: 1m, restartControl: true}}",
            strategy: .canary(
                first: .count(1), bakeSeconds: 60, maxUnavailable: .count(1),
                judging: CanaryJudging(restartsControls: true))),
        Case(
            text: "{canary: {bake: 1m, watchRest: true}}",
            strategy: .canary(
                first: .count(1), bakeSeconds: 60, maxUnavailable: .count(1),
                judging: CanaryJudging(watchesRest: true))),
        .init(
            text: "{canary: {judge: probes}}",
            strategy: .canary(
                first: .count(1), bakeSeconds: 600, maxUnavailable: .count(1), judging: CanaryJudging(method: .probes))),
        .init(
            text: "canary",
            strategy: .canary(first: .count(1), bakeSeconds: 600, maxUnavailable: .count(1), growth: 1)),
        Case(text: "oneSideAtATime", strategy: .oneSideAtATime(bakeSeconds: 600)),
        Case(text: "{oneSideAtATime: {bake: 1m}}", strategy: .oneSideAtATime(bakeSeconds: 60)),
        Case(text: "replicasFirst", strategy: .replicasFirst(maxUnavailable: .count(1)), kind: "cluster"),
        Case(
            text: "{replicasFirst: {maxUnavailable: 2}}", strategy: .replicasFirst(maxUnavailable: .count(2)),
            kind: "cluster"),
        Case(text: "evacuate", strategy: .evacuate(maxUnavailable: .count(1)), kind: "hypervisorPool"),
        Case(
            text: "{evacuate: {maxUnavailable: \"25%\"}}", strategy: .evacuate(maxUnavailable: .percent(25)),
            kind: "hypervisorPool"),
        Case(
            text: "{blueGreen: {active: blue}}",
            strategy: .blueGreen(active: "blue", keepSeconds: 3_600, then: .patch)),
        Case(
            text: "{blueGreen: {active: green, keep: 1d, then: keep}}",
            strategy: .blueGreen(active: "green", keepSeconds: 86_400, then: .keep)),
        Case(text: "{throughController: {controller: c}}", strategy: .throughController("c", atOnce: .count(1))),
        Case(
            text: "{throughController: {controller: c, atOnce: \"50%\"}}",
            strategy: .throughController("c", atOnce: .percent(50))),
        Case(
            text: "{replace: {image: web-base, maxUnavailable: 2}}",
            strategy: .replace(image: "web-base", maxUnavailable: .count(2), maxSurge: .count(0))),
    ]

    @Test(arguments: [("", 120, 3_600), (", bake: 0s, keep: 1d", 0, 86_400)])
    func machinesAreReadAsTheyAreWritten(_ words: String, bake: Int, keep: Int) throws {
        let text = "{replace: {image: web-base, machines: {driver: libvirt, images: /srv/images\(words)}}}"
        let file = Self.fleet(text)
        let reading = try FleetFile.parse(file)
        #expect(
            reading.fleet.group("g")?.strategy
                == .replace(
                    image: "web-base", maxUnavailable: .count(1), maxSurge: .count(0),
                    machines: ImageMachines(
                        driver: "libvirt", images: "/srv/images", bakeSeconds: bake, keepSeconds: keep)))
        let written = FleetWriter().text(reading.fleet)
        #expect(try FleetFile.parse(written).fleet == reading.fleet, "\(written)")
    }

    /// What becomes an argument of programs on a hypervisor is plain; and only what keeps nothing is made anew.
    @Test func machinesThatCouldNotBeMadeAreRefused() {
        func problems(_ machines: String, kind: String = "pool", probes: Bool = true) -> String {
            let text = "{replace: {image: i, machines: {\(machines)}}}"
            let file = Self.fleet(text, kind: kind, binding: probes)
            do {
                _ = try FleetFile.parse(file)
                return ""
            } catch { return "\(error)" }
        }
        for path in ["srv", "/", "/a b", "/a/../b", "/a//b", "/$(x)", "/a;b", "/a'b", "/ü"] {
            #expect(problems("driver: libvirt, images: \"\(path)\"").contains("no plain absolute path"), "\(path)")
        }
        let good = "driver: libvirt, images: /srv/images"
        #expect(problems(good) == "")
        #expect(problems("images: /srv").contains("driver"))
        #expect(problems("driver: vsphere, images: /srv").contains("vsphere"))
        #expect(problems(good, kind: "cluster").contains("hold what is lost"))
        #expect(problems(good, probes: false).contains("probes"))
    }

    @Test(arguments: cases) func eachIsReadAsItIsWritten(_ given: Case) throws {
        let reading = try FleetFile.parse(Self.fleet(given.text, kind: given.kind))
        #expect(reading.warnings == [])
        #expect(reading.fleet.group("g")?.strategy == given.strategy)
        let written = FleetWriter().text(reading.fleet)
        #expect(try FleetFile.parse(written).fleet == reading.fleet, "\(written)")
    }

    @Test(arguments: ["no", "a: b, c}", "] # x", "\"q\"", "12", "ü"]) func theNameOfASideMayBeAnyText(_ name: String)
        throws
    {
        let member = { (id: ResourceID, side: String) in
            Resource(id: id, address: .ssh(id.rawValue), environment: "dev", failureDomain: side)
        }
        let fleet = Fleet(
            environments: [Environment(id: "dev", isProtected: false)],
            resources: [member("a", name), member("b", "other"), member("lb", "other")],
            groups: [
                ResourceGroup(
                    id: "g", members: ["a", "b"], minimumAvailable: .count(1),
                    strategy: .blueGreen(active: name, keepSeconds: 5, then: .retire),
                    traffic: TrafficBinding(
                        driver: "haproxy", via: "lb", address: .ssh("lb"), endpoint: "/x", backend: "b"),
                    probes: [Probe(name: "tcp-80", check: .tcp(port: 80))])
            ])
        #expect(try FleetFile.parse(FleetWriter().text(fleet)).fleet == fleet)
    }

    @Test func theSideThatServesIsTheMinimumOfTwoSides() throws {
        let text = Self.fleet("{blueGreen: {active: blue}}", group: "after: []").replacing("b-[1:2]", with: "b-[1:3]")
        #expect(try FleetFile.parse(text).fleet.group("g")?.minimumAvailable == .count(3))
        let rolling = Self.fleet("rolling", group: "after: []")
        #expect(try FleetFile.parse(rolling).fleet.group("g")?.minimumAvailable == .count(3))
    }

    private static let misfits = """
        version: 1
        defaults: {environment: dev}
        resources:
          - {id: "b-[1:2]", failureDomain: blue}
          - {id: g-1, failureDomain: green}
          - {id: r-1, failureDomain: red}
          - x-1
          - lb
          - {id: saas, address: none}
        groups:
          - {id: a, members: ["b-*"], strategy: replicasFirst}
          - {id: b, members: ["b-*"], strategy: evacuate}
          - {id: c, kind: hypervisorPool, members: [b-1], minimumAvailable: 0, strategy: evacuate}
          - {id: d, members: ["b-*"], strategy: oneSideAtATime}
          - {id: e, members: ["b-*", x-1], strategy: {blueGreen: {active: bleu}}}
          - {id: f, members: ["b-*", g-1, r-1], strategy: {blueGreen: {active: blue, then: burn, kept: 1h}}}
          - {id: g, members: ["b-*"], strategy: {throughController: {controller: b-1}}}
          - {id: h, members: ["b-*"], strategy: {throughController: {controller: lc, atOnce: 0}}}
          - {id: i, members: ["b-*"], strategy: {throughController: {controller: saas}}}
          - {id: j, members: ["b-*"], strategy: {replace: {image: "-rf /", maxSurge: 1, maxUnavailable: none}}}
          - {id: k, members: ["b-*"], strategy: {canary: {growth: 0, first: "101%"}}}
          - {id: l, members: ["b-*"], strategy: blueGreen}
          - id: m
            members: ["b-*", g-1]
            traffic: {driver: haproxy, via: lb, endpoint: /x, backend: b}
            probes: [{tcp: 80}]
            minimumAvailable: 2
            strategy: {blueGreen: {active: blue, then: retire}}
        """

    @Test func whatCannotWorkIsToldAllAtOnceWithItsPlace() {
        #expect(
            problems { try FleetFile.parse(Self.misfits, file: "f") } == [
                "f:11:41: replicasFirst cannot work for a group of kind pool; write 'kind: cluster', so that "
                    + "members have a leader to hand over from, or choose rolling",
                "f:12:41: evacuate cannot work for a group of kind pool; write 'kind: hypervisorPool', so that "
                    + "members have machines to move, or choose rolling",
                "f:13:82: evacuate needs at least two members; nobody else could carry what the one carries",
                "f:14:41: oneSideAtATime needs members of at least two failure domains, but all are in 'blue'; "
                    + "give the members of each side their 'failureDomain'",
                "f:15:46: blueGreen needs to know the side of every member, but 'x-1' declares no failureDomain; "
                    + "the members' 'failureDomain' is their side",
                "f:15:46: 'active' is 'bleu', but no member has that failureDomain; did you mean 'blue'?",
                "f:15:46: blueGreen needs 'traffic': without it nothing turns the traffic from one side to the "
                    + "other; such as 'traffic: {driver: haproxy, via: lb-1, endpoint: /run/haproxy/admin.sock, "
                    + "backend: web}'",
                "f:15:46: blueGreen needs 'probes': without them nothing says that a side is well before all "
                    + "traffic goes there; such as 'probes: [{http: \"http://{host}/health\"}]'",
                "f:16:51: blueGreen needs members of exactly two failure domains, but they are of 'blue', 'green', "
                    + "'red'; the members' 'failureDomain' is their side",
                "f:16:51: blueGreen needs 'traffic': without it nothing turns the traffic from one side to the "
                    + "other; such as 'traffic: {driver: haproxy, via: lb-1, endpoint: /run/haproxy/admin.sock, "
                    + "backend: web}'",
                "f:16:51: blueGreen needs 'probes': without them nothing says that a side is well before all "
                    + "traffic goes there; such as 'probes: [{http: \"http://{host}/health\"}]'",
                "f:16:84: unknown fate of the side that served 'burn'; one of: patch, keep, retire",
                "f:16:90: unknown key 'kept' in 'blueGreen'; known keys: active, keep, then",
                "f:17:41: 'b-1' cannot be a member of the group that it takes through an upgrade; name the "
                    + "controller as a resource of its own, such as the address of the cluster's management",
                "f:18:74: unknown resource 'lc' in 'controller'; did you mean 'lb'?",
                "f:18:86: atOnce must be a count from 1, or a share from 1% to 100%, but it is the number 0; such "
                    + "as 2 or \"75%\"",
                "f:19:74: 'saas' cannot be reached: its address is 'none'",
                "f:20:59: '-rf /' cannot be the name of an image; letters, digits and . _ -, beginning with a "
                    + "letter or a digit, at most 128",
                "f:20:97: maxUnavailable must be a count from 0, or a share from 0% to 100%, but it is the text "
                    + "'none'; such as 2 or \"75%\"",
                "f:21:59: growth must be a whole number from 1 to 100, but it is 0",
                "f:21:69: first must be a count from 1, or a share from 1% to 100%, but it is the text '101%'; "
                    + "such as 2 or \"75%\"",
                "f:22:41: 'blueGreen' has no 'active'; such as 'blueGreen: {active: blue, keep: 1h, then: patch}', "
                    + "with the failure domain that serves now",
                "f:28:15: 'then: retire' leaves 1 member, but minimumAvailable is 2; lower minimumAvailable to 1, "
                    + "or choose 'then: keep'",
            ])
    }

    @Test func whatIsDoubtfulIsAWarning() throws {
        let text = """
            version: 1
            defaults: {environment: dev}
            resources:
              - {id: "b-[1:2]", failureDomain: blue}
              - {id: g-1, failureDomain: green}
              - x-1
              - lb
              - c
            groups:
              - {id: a, members: ["b-*", x-1], strategy: oneSideAtATime}
              - {id: b, kind: cluster, members: ["b-*"], strategy: {replace: {image: base, maxUnavailable: 2}}}
              - {id: n, members: ["b-*"], strategy: {throughController: {controller: c, atOnce: 2}}}
              - id: d
                members: ["b-*", g-1]
                traffic: {driver: haproxy, via: lb, endpoint: /x, backend: b}
                probes: [{tcp: 80}]
                minimumAvailable: 1
                strategy: {blueGreen: {active: blue}}
            """
        let told = try FleetFile.parse(text, file: "f").warnings.map(\.description)
        #expect(
            told == [
                "f:10:46: 'x-1' declares no failureDomain, and is a side of its own",
                "f:11:56: members of a cluster hold data: what is not in the image is lost when they are replaced; "
                    + "replicasFirst patches them where they are",
                "f:11:56: maxUnavailable is 2 of 2, but minimumAvailable allows only 1",
                "f:12:41: atOnce is 2 of 2, but minimumAvailable allows only 1",
                "f:18:15: the standby has 1 member and the side that serves 2: after the switch the smaller one "
                    + "carries all traffic",
            ])
    }
}
