import FettleInventory
import FettleModel
import Testing

@Suite("fleet.yaml is read")
struct FleetFileTests {
    private static let whole = """
        version: 1
        environments:
          - dev
          - {name: live, protected: true}
        defaults:
          environment: live
          address: ssh://admin@{id}.example.com:2222
          labels: {site: berlin, tier: 1}
        resources:
          - db-1
          - id: web-[01:03]
            address: 10.0.0.[11:13]
            exposure: internet
            criticality: high
            labels: {role: web, tier: two, canary: true}
            failureDomain: rack-7
            owner: web team
          - {id: lb-1, kind: loadBalancer, address: local}
          - {id: mail, kind: cloudService, serviceModel: saas, address: none, environment: dev}
        groups:
          - id: web
            members: ["web-*"]
            minimumAvailable: "60%"
            strategy: {canary: {first: 1, bake: 5m, maxUnavailable: "34%"}}
            traffic: {driver: haproxy, via: lb-1, endpoint: /run/haproxy/admin.sock, backend: pool, server: "s-{id}"}
            probes:
              - http: {url: "http://{host}:8080/health", status: 204, contains: ok}
                timeout: 2s
              - tcp: 22
              - {tcp: {port: 443}, name: tls, samples: 3, interval: 2, deadline: 1m}
              - unit: nginx
              - command: [/usr/bin/check, --fast, "a b"]
            after: [db]
          - id: db
            kind: cluster
            select: {kind: host, labels: {tier: 1}}
            minimumAvailable: 0
            strategy: allAtOnce
        """

    @Test func everything() throws {
        let reading = try FleetFile.parse(Self.whole)
        #expect(reading.warnings == [])
        let fleet = reading.fleet
        #expect(
            fleet.environments == [
                Environment(id: "dev", isProtected: false), Environment(id: "live", isProtected: true),
            ])
        #expect(fleet.resources.map(\.id.rawValue) == ["db-1", "lb-1", "mail", "web-01", "web-02", "web-03"])
        #expect(
            fleet.resource("db-1")
                == Resource(
                    id: "db-1", address: .ssh("db-1.example.com", port: 2222, user: "admin"), environment: "live",
                    labels: ["site": "berlin", "tier": "1"]))
        #expect(
            fleet.resource("web-02")
                == Resource(
                    id: "web-02", address: .ssh("10.0.0.12"), environment: "live", criticality: .high,
                    exposure: .internet,
                    labels: ["site": "berlin", "tier": "two", "role": "web", "canary": "true"],
                    failureDomain: "rack-7", owner: "web team"))
        #expect(fleet.resource("lb-1")?.address == .local)
        #expect(fleet.resource("mail")?.address == ResourceAddress(transport: .none))
        #expect(fleet.resource("mail")?.serviceModel == .saas)
    }

    @Test func groupsAreResolved() throws {
        let fleet = try FleetFile.parse(Self.whole).fleet
        #expect(fleet.groups.map(\.id.rawValue) == ["db", "web"])
        let database = try #require(fleet.group("db"))
        #expect(database.kind == .cluster)
        #expect(database.members == ["db-1"])
        #expect(database.strategy == .allAtOnce)
        let web = try #require(fleet.group("web"))
        #expect(web.members == ["web-01", "web-02", "web-03"])
        #expect(web.minimumAvailable == .percent(60))
        #expect(web.strategy == .canary(first: .count(1), bakeSeconds: 300, maxUnavailable: .percent(34)))
        #expect(web.after == ["db"])
        #expect(
            web.traffic
                == TrafficBinding(
                    driver: "haproxy", via: "lb-1", address: .local, endpoint: "/run/haproxy/admin.sock",
                    backend: "pool", serverName: "s-{id}", drainTimeoutSeconds: 60))
        #expect(
            web.probes == [
                Probe(
                    name: "http", check: .http(url: "http://{host}:8080/health", status: 204, contains: "ok"),
                    timeoutSeconds: 2),
                Probe(name: "tcp-22", check: .tcp(port: 22)),
                Probe(name: "tls", check: .tcp(port: 443), samples: 3, intervalSeconds: 2, deadlineSeconds: 60),
                Probe(name: "nginx.service", check: .systemdUnit(name: "nginx.service")),
                Probe(name: "command", check: .command(argv: ["/usr/bin/check", "--fast", "a b"])),
            ])
    }

    @Test func theAddressOfTheLoadBalancerIsFilledIn() throws {
        let fleet = try FleetFile.parse(
            """
            version: 1
            defaults: {environment: dev}
            resources: [web-1, {id: lb-1, address: "ssh://ops@10.1.1.1:2200"}]
            groups:
              - id: web
                members: [web-1]
                minimumAvailable: 0
                traffic: {driver: haproxy, via: lb-1, endpoint: /run/haproxy.sock, backend: web}
            """
        ).fleet
        #expect(fleet.groups[0].traffic?.address == .ssh("10.1.1.1", port: 2200, user: "ops"))
    }

    @Test func withoutEnvironmentsThereAreFour() throws {
        let fleet = try FleetFile.parse("version: 1").fleet
        #expect(fleet.environments.map(\.id.rawValue) == ["dev", "qa", "staging", "production"])
        #expect(fleet.environments.map(\.isProtected) == [false, false, false, true])
    }

    @Test func membersNameAndSelectNarrows() throws {
        let fleet = try FleetFile.parse(
            """
            version: 1
            resources:
              - {id: "web-[1:2]", environment: dev}
              - {id: "web-[3:4]", environment: production, labels: {role: web}}
              - {id: db-1, environment: production, labels: {role: db}}
            groups:
              - {id: both, members: ["web-*"], select: {environment: production}}
              - {id: roles, select: {labels: {role: [web, "d*"]}}}
              - {id: ranges, members: ["web-[1:2]"]}
            """
        ).fleet
        #expect(fleet.group("both")?.members == ["web-3", "web-4"])
        #expect(fleet.group("roles")?.members == ["db-1", "web-3", "web-4"])
        #expect(fleet.group("ranges")?.members == ["web-1", "web-2"])
        // Without a minimum, all but one.
        #expect(fleet.group("roles")?.minimumAvailable == .count(2))
    }

    @Test func anchorsAndAliasesOfValuesWork() throws {
        let fleet = try FleetFile.parse(
            """
            version: 1
            resources:
              - {id: a, environment: dev, labels: &marks {role: web}}
              - {id: b, environment: dev, labels: *marks}
            """
        ).fleet
        #expect(fleet.resource("b")?.labels == ["role": "web"])
    }

    @Test func warnsOfWhatCanOnlyBeAMistake() throws {
        let reading = try FleetFile.parse(
            """
            version: 1
            resources:
              - {id: a, environment: dev}
              - {id: b, environment: production}
            groups:
              - {id: a, members: [a, b, "c*"], minimumAvailable: 2}
              - {id: slow, members: [a, b], minimumAvailable: 1, strategy: {rolling: {maxUnavailable: 2}}}
            """)
        #expect(
            reading.warnings.map(\.description) == [
                "fleet.yaml:6:10: the group 'a' has members in dev and production; "
                    + "a group for each environment keeps their minimums apart",
                "fleet.yaml:6:10: 'a' names a group and a resource; give the group a name of its own",
                "fleet.yaml:6:29: 'c*' matches no resource",
                "fleet.yaml:6:54: minimumAvailable is all of 2 members: nothing that takes one away can ever be done; "
                    + "at most 1 lets one be patched",
                "fleet.yaml:7:10: the group 'slow' has members in dev and production; "
                    + "a group for each environment keeps their minimums apart",
                "fleet.yaml:7:64: maxUnavailable is 2 of 2, but minimumAvailable allows only 1",
            ])
    }

    @Test func aMissingFileAndADirectoryAreTold() {
        #expect(
            problems { try FleetFile.read(path: "/nonexistent/fleet.yaml") } == [
                "/nonexistent/fleet.yaml:1:1: there is no such file; 'fettle init' writes a commented one"
            ])
        #expect(problems { try PolicyFile.read(path: "/nonexistent/x") }.first?.contains("fettle init") == true)
        #expect(problems { try FeedsFile.read(path: "/nonexistent/x") }.first?.contains("fettle init") == true)
        #expect(problems { try FleetFile.read(path: "/") } == ["/:1:1: not a regular file"])
        #expect(problems { try FleetFile.read(path: "/dev/zero") } == ["/dev/zero:1:1: not a regular file"])
    }

    /// `fettle init` writes no table and no inventory of Ansible: it is no advice for who lacks one.
    @Test func adviceForAMissingFileIsForThatFile() {
        #expect(
            problems { try InventoryImport.csv(path: "/nonexistent/t.csv") } == [
                "/nonexistent/t.csv:1:1: there is no such file; 'fettle inventory import --help' tells what is read"
            ])
        #expect(
            problems { try InventoryImport.ansible(path: "/nonexistent/hosts") } == [
                "/nonexistent/hosts:1:1: there is no such file; 'fettle inventory import --help' tells what is read"
            ])
    }
}

/// What the reader tells, one line for each problem; empty if it tells nothing.
func problems<Value>(_ read: () throws -> Value) -> [String] {
    do {
        _ = try read()
        return []
    } catch let errors as InventoryErrors {
        return errors.problems.map(\.description)
    } catch {
        return ["\(error)"]
    }
}
