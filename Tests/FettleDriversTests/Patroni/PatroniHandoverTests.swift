import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// The leader hands over before it goes out: with the product itself.
@Suite(
    "Patroni hands over", .timeLimit(.minutes(10)), .serialized,
    .enabled(if: RealPatroni.canRun, "apt-get install patroni etcd-server"))
struct RealHandoverTests {
    private let driver = PatroniHandoverDriver()

    /// Three resources that are called as Patroni calls its members.
    ///
    /// - Parameter asked: the member through which all is asked.
    private func plan(
        _ cluster: RealPatroni, candidates: [ResourceID] = [], step: ResourceID, asked: Int
    ) -> (Plan, Step) {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        let url = "http://{host}:\(cluster.ports[2 * asked])"
        let members: [ResourceID] = ["pg-1", "pg-2", "pg-3"]
        let probe = Probe(
            name: "cluster", check: .cluster(view: .patroni(url: url, members: 3, maximumLagBytes: 1_048_576)))
        plan.groups = [
            PlannedGroup(
                id: "db", members: members, minimumAvailable: 2, maximumOut: 1, traffic: nil, probes: [probe],
                memberAddresses: Dictionary(uniqueKeysWithValues: members.map { ($0, .local) }))
        ]
        var handover = plan.steps[0]
        handover.id = StepID("\(step)/hand-over-db")
        handover.resource = step
        handover.timeoutSeconds = 120
        handover.action = .handOver(
            handover: Handover(
                cluster: "db", candidates: candidates.isEmpty ? members.filter { $0 != step } : candidates))
        return (plan, handover)
    }

    private func context(_ plan: Plan, _ prior: PriorState? = nil) -> StepContext {
        StepContext(run: "run-1", plan: plan, attempt: 1, intendedAt: .now(), prior: prior)
    }

    @Test func theLeaderHandsOverToAMemberThatHasEverythingAndTheOthersFollow() async throws {
        let cluster = try await RealPatroni.up()
        defer { cluster.end() }
        let leader = try await cluster.leader
        let own = ResourceID("pg-\(leader)")
        let others = [1, 2, 3].filter { $0 != leader }

        let group = ResourceGroup(
            id: "db", kind: .cluster, members: ["pg-1", "pg-2", "pg-3"], minimumAvailable: .count(2),
            probes: plan(cluster, step: own, asked: leader).0.groups[0].probes)
        let roles = await PatroniRoles().roles(
            of: group, at: ["pg-1": .local, "pg-2": .local, "pg-3": .local])
        #expect(roles[own] == .leader && others.allSatisfy { roles[ResourceID("pg-\($0)")] == .replica }, "\(roles)")

        // Who does not lead has nothing to hand over.
        let (otherPlan, otherStep) = plan(cluster, step: ResourceID("pg-\(others[0])"), asked: leader)
        guard case .alreadyDone = await driver.check(otherStep, in: context(otherPlan)) else {
            Issue.record("a replica was to hand over")
            return
        }

        // One that cannot follow is passed over.
        try cluster.tell("stop", others[0])
        try await eventually("it is stopped") { await cluster.ask(through: leader).reason.contains("is stopped") }
        let (plan, step) = plan(
            cluster, candidates: others.map { ResourceID("pg-\($0)") }, step: own, asked: leader)
        guard case .ready(let prior) = await driver.check(step, in: context(plan)) else {
            Issue.record("the leader has somebody to hand over to")
            return
        }
        let during = context(plan, prior)
        try await driver.perform(step, in: during)
        let seen = try await driver.verify(step, in: during)
        #expect(seen.verdict == .pass && seen.summary.contains("pg-\(others[1]) leads db"), "\(seen.summary)")
        #expect(try await cluster.leader == others[1])

        // After a crash: what took effect is found done, and a second performance does nothing.
        guard case .alreadyDone = await driver.check(step, in: during) else {
            Issue.record("it was handed over twice")
            return
        }
        try await driver.perform(step, in: during)
        #expect(try await cluster.leader == others[1])
    }

    @Test func aLeaderWithNobodyToHandOverToStaysAndSaysWhy() async throws {
        let cluster = try await RealPatroni.up()
        defer { cluster.end() }
        let leader = try await cluster.leader
        let others = [1, 2, 3].filter { $0 != leader }
        try cluster.tell("stop", others[0])
        try cluster.tell("freeze", others[1])
        try cluster.tell("query", leader, "CREATE TABLE filling AS SELECT generate_series(1, 100000)")
        let (plan, step) = plan(cluster, step: ResourceID("pg-\(leader)"), asked: leader)
        var seen: StepReadiness?
        do {
            try await eventually("one is behind, and the other is stopped or gone") {
                seen = await driver.check(step, in: context(plan))
                guard case .blocked(let reason) = seen else { return false }
                return reason.contains("nobody can lead db instead") && reason.contains("bytes behind")
            }
        } catch {
            Issue.record("\(String(describing: seen))")
            throw error
        }
        try cluster.tell("thaw", others[1])
        try await eventually("they have caught up") {
            if case .ready = await driver.check(step, in: context(plan)) { true } else { false }
        }
    }
}

@Suite("What Patroni lists") struct PatroniViewTests {
    private func view(_ members: String...) throws -> PatroniView {
        try #require(PatroniView(Array("{\"members\":[\(members.joined(separator: ","))]}".utf8)))
    }

    private func member(
        _ name: String, _ role: String = "replica", host: String = "10.0.0.9",
        more: String = "\"lag\":0,\"timeline\":3"
    ) -> String {
        "{\"name\":\"\(name)\",\"role\":\"\(role)\",\"state\":\"running\",\"host\":\"\(host)\","
            + "\"api_url\":\"http://\(host):8008/patroni\",\(more)}"
    }

    private func cluster(_ members: [ResourceID: ResourceAddress]) throws -> PatroniCluster {
        let probe = Probe(
            name: "c", check: .cluster(view: .patroni(url: "http://{host}:8008", members: 3, maximumLagBytes: 100)))
        return try #require(
            PatroniCluster(
                "db", probes: [probe], members: members.map { ProbeTarget(resource: $0.key, address: $0.value) }))
    }

    @Test func aMemberIsKnownByItsNameElseByItsHostAlone() throws {
        let view = try view(
            member("db-1", "leader", host: "10.0.0.1", more: "\"timeline\":3"), member("x", host: "10.0.0.2"),
            member("y", host: "10.0.0.3"), member("z", host: "10.0.0.3"))
        let cluster = try cluster([
            "db-1": .ssh("192.0.2.1"), "db-2": .ssh("10.0.0.2"), "db-3": .ssh("10.0.0.3"), "db-4": .ssh("10.0.0.4"),
        ])
        #expect(cluster.member("db-1", in: view)?.name == "db-1")
        #expect(cluster.member("db-2", in: view)?.name == "x")
        #expect(cluster.member("db-3", in: view) == nil, "two members are there")
        #expect(cluster.member("db-4", in: view) == nil)
        #expect(cluster.leader(in: view) == "db-1")
    }

    @Test func whoLeadsIsNotKnownWhereSeveralDoOrItIsNobodyOfTheGroup() throws {
        let cluster = try cluster(["db-1": .ssh("10.0.0.1"), "db-2": .ssh("10.0.0.2")])
        #expect(cluster.leader(in: try view(member("db-1", "leader"), member("db-2", "leader"))) == nil)
        #expect(cluster.leader(in: try view(member("stranger", "leader"), member("db-2"))) == nil)
        #expect(cluster.leader(in: try view(member("db-1"), member("db-2"))) == nil)
    }

    @Test func whoCannotLeadIsToldWithTheReason() throws {
        let leader = member("a", "leader", more: "\"timeline\":3")
        func obstacle(_ other: String, beside more: String...) throws -> String? {
            let view = try #require(
                PatroniView(Array("{\"members\":[\(([leader, other] + more).joined(separator: ","))]}".utf8)))
            return view.obstacle(for: view.members[1], maximumLag: 100)
        }
        #expect(try obstacle(member("b")) == nil)
        #expect(try obstacle(member("b", more: "\"lag\":101,\"timeline\":3"))?.contains("101 bytes") == true)
        #expect(try obstacle(member("b", more: "\"lag\":\"unknown\",\"timeline\":3"))?.contains("not known") == true)
        #expect(try obstacle(member("b", more: "\"lag\":0,\"timeline\":2"))?.contains("timeline 2") == true)
        #expect(
            try obstacle(member("b", more: "\"lag\":0,\"timeline\":3,\"tags\":{\"nofailover\":true}"))?.contains(
                "never")
                == true)
        #expect(
            try obstacle(member("b", more: "\"lag\":0,\"timeline\":3,\"tags\":{\"nofailover\":1}"))?.contains("never")
                == true)
        #expect(
            try obstacle(member("b", more: "\"lag\":0,\"timeline\":3,\"tags\":{\"nofailover\":false,\"x\":[]}")) == nil)
        #expect(
            try obstacle(member("b", more: "\"lag\":0,\"timeline\":3,\"tags\":{\"failover_priority\":0}"))?.contains(
                "never") == true)
        #expect(try obstacle(member("b", more: "\"lag\":0,\"timeline\":3,\"tags\":{\"failover_priority\":2}")) == nil)
        #expect(try obstacle(member("b"), beside: member("c", "sync_standby"))?.contains("synchronous") == true)
        #expect(try obstacle(member("b", "sync_standby"), beside: member("c")) == nil)
    }

    @Test func namesOfMembersAreSentAsDataWhateverTheyAre() async throws {
        let program = """
            import http.server, json, os
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    body = self.rfile.read(int(self.headers['Content-Length'])).decode()
                    with open('body.new', 'w') as file: file.write(self.path + '\\n' + body)
                    os.rename('body.new', 'body')
                    self.send_response(412)
                    self.end_headers()
                    self.wfile.write(b'no good candidates \\x1b[31m')
                def log_message(self, *arguments): pass
            server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
            with open('port.new', 'w') as file: file.write(str(server.server_address[1]))
            os.rename('port.new', 'port')
            server.serve_forever()
            """
        let server = try PythonServer(program)
        let probe = Probe(
            name: "c",
            check: .cluster(
                view: .patroni(url: "http://{host}:\(try await server.port())/", members: 1, maximumLagBytes: 0)))
        let cluster = try #require(
            PatroniCluster("db", probes: [probe], members: [ProbeTarget(resource: "db-1", address: .local)]))
        let name = "-x\\\"; $(touch /tmp/owned) @file"
        let leader = try view(member("@/etc/passwd", "leader")).members[0]
        let candidate = try view(member(name)).members[0]
        let answer = try await cluster.switchOver(from: leader, to: candidate, at: "db-1")
        #expect(answer.status == 412)
        let sent = try String(contentsOf: server.directory.appending(path: "body"), encoding: .utf8)
            .split(separator: "\n", maxSplits: 1)
        #expect(sent.first == "/switchover")
        let body = try JSONDecoder().decode([String: String].self, from: Data((sent.last ?? "").utf8))
        #expect(body == ["leader": "@/etc/passwd", "candidate": "-x\"; $(touch /tmp/owned) @file"])
    }
}
