import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// What the real Patroni shows for moments only: a cluster that says what a file says, and takes or refuses each candidate as another says.
@Suite("Patroni in its worst moments", .timeLimit(.minutes(5)))
struct PretendPatroniTests {
    private static let program = """
        import http.server, json, os
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self): self.answer(200, open('cluster').read())
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers['Content-Length'])))['candidate']
                with open('asked', 'a') as file: file.write(asked + '\\n')
                status = json.load(open('statuses')).get(asked, 200)
                if status == 200: os.rename('after', 'cluster')
                self.answer(status, 'as the test says')
            def answer(self, status, text):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())
            def log_message(self, *arguments): pass
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        with open('port.new', 'w') as file: file.write(str(server.server_address[1]))
        os.rename('port.new', 'port')
        server.serve_forever()
        """

    private let server: PythonServer
    private let driver = PatroniHandoverDriver()

    init() throws {
        server = try PythonServer(Self.program) { try Data("{}".utf8).write(to: $0.appending(path: "statuses")) }
    }

    /// - Parameter others: by name; a lag that is nil is not known.
    private static func cluster(
        leader: String, timeline: Int, others: [String: (lag: Int?, timeline: Int)], more: String = ""
    ) -> String {
        let followers = others.sorted { $0.key < $1.key }.map { name, state in
            "{\"name\":\"\(name)\",\"role\":\"replica\",\"state\":\"running\",\"timeline\":\(state.timeline),"
                + "\"lag\":\(state.lag.map(String.init) ?? "\"unknown\"")}"
        }
        let first = "{\"name\":\"\(leader)\",\"role\":\"leader\",\"state\":\"running\",\"timeline\":\(timeline)}"
        return "{\"members\":[\(([first] + followers).joined(separator: ","))]\(more)}"
    }

    private func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: server.directory.appending(path: file), options: .atomic)
    }

    private func step(isWayBack: Bool = false, port: Int? = nil) async throws -> (Plan, Step) {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        let members: [ResourceID] = ["db-1", "db-2", "db-3"]
        let listening = if let port { port } else { try await server.port() }
        let url = "http://{host}:\(listening)"
        plan.groups = [
            PlannedGroup(
                id: "db", members: members, minimumAvailable: 2, maximumOut: 1, traffic: nil,
                probes: [
                    Probe(name: "c", check: .cluster(view: .patroni(url: url, members: 3, maximumLagBytes: 100)))
                ], memberAddresses: Dictionary(uniqueKeysWithValues: members.map { ($0, .local) }))
        ]
        var step = plan.steps[0]
        step.id = "db-1/hand-over-db"
        step.resource = "db-1"
        step.timeoutSeconds = 20
        step.action = .handOver(handover: Handover(cluster: "db", candidates: ["db-2", "db-3"]))
        if isWayBack { plan.rollback.append(step) }
        return (plan, step)
    }

    private func context(_ plan: Plan, _ prior: PriorState? = nil) -> StepContext {
        StepContext(run: "run-1", plan: plan, attempt: 2, intendedAt: .now(), prior: prior)
    }

    /// The second attempt after a proof that failed, or after a crash: that somebody else leads is not enough.
    @Test func nobodyGoesOutBeforeTheOthersFollowTheNewLeader() async throws {
        let (plan, step) = try await step()
        try write(Self.cluster(leader: "db-2", timeline: 4, others: ["db-1": (0, 4), "db-3": (nil, 3)]), to: "cluster")
        guard case .blocked(let reason) = await driver.check(step, in: context(plan)) else {
            Issue.record("db-1 may go out although nobody else has what db-2 has")
            return
        }
        #expect(reason.contains("db-3 does not follow yet"), "\(reason)")
        try write(Self.cluster(leader: "db-2", timeline: 4, others: ["db-1": (0, 4), "db-3": (0, 4)]), to: "cluster")
        guard case .alreadyDone = await driver.check(step, in: context(plan)) else {
            Issue.record("all follow")
            return
        }
    }

    /// The key moves first, and members tell what they knew before.
    @Test func aLeaderThatIsNotPromotedYetIsNone() async throws {
        let (plan, step) = try await step()
        try write(Self.cluster(leader: "db-1", timeline: 3, others: ["db-2": (0, 3), "db-3": (0, 3)]), to: "cluster")
        guard case .ready(let prior) = await driver.check(step, in: context(plan)) else {
            Issue.record("db-1 leads")
            return
        }
        try write(Self.cluster(leader: "db-2", timeline: 3, others: ["db-1": (0, 3), "db-3": (0, 3)]), to: "cluster")
        guard case .blocked(let reason) = await driver.check(step, in: context(plan, prior)) else {
            Issue.record("its old timeline is taken for the new one's")
            return
        }
        #expect(reason.contains("not promoted yet"), "\(reason)")
    }

    @Test func whoIsRefusedIsFollowedByTheNext() async throws {
        let (plan, step) = try await step()
        try write(Self.cluster(leader: "db-1", timeline: 3, others: ["db-2": (0, 3), "db-3": (0, 3)]), to: "cluster")
        try write(Self.cluster(leader: "db-3", timeline: 4, others: ["db-1": (0, 4), "db-2": (0, 4)]), to: "after")
        try write("{\"db-2\": 412}", to: "statuses")
        let prior = PriorState(alreadySo: false, details: ["timeline": "3"])
        try await driver.perform(step, in: context(plan, prior))
        #expect(try await driver.verify(step, in: context(plan, prior)).summary.contains("db-3 leads db"))
        let asked = try String(contentsOf: server.directory.appending(path: "asked"), encoding: .utf8)
        #expect(asked == "db-2\ndb-3\n")
    }

    @Test func withoutALoginItIsToldWhereOneBelongs() async throws {
        let (plan, step) = try await step()
        try write(Self.cluster(leader: "db-1", timeline: 3, others: ["db-2": (0, 3), "db-3": (0, 3)]), to: "cluster")
        try write("{\"db-2\": 401, \"db-3\": 401}", to: "statuses")
        let failure = await #expect(throws: StepFailure.self) { try await driver.perform(step, in: context(plan)) }
        #expect(
            failure?.code == .refused && failure?.message.contains("~/.netrc") == true, "\(String(describing: failure))"
        )
        let asked = try String(contentsOf: server.directory.appending(path: "asked"), encoding: .utf8)
        #expect(asked == "db-2\n", "who may not ask does not ask again")
    }

    @Test func aPausedClusterAndAScheduledSwitchoverAreLeftAlone() async throws {
        let (plan, step) = try await step()
        let others: [String: (lag: Int?, timeline: Int)] = ["db-2": (0, 3), "db-3": (0, 3)]
        for (more, word) in [
            (",\"pause\":true", "paused"),
            (",\"scheduled_switchover\":{\"at\":\"2026-12-01T00:00:00+00:00\"}", "scheduled"),
        ] {
            let text = Self.cluster(leader: "db-1", timeline: 3, others: others, more: more)
            try write(text, to: "cluster")
            guard case .blocked(let reason) = await driver.check(step, in: context(plan)) else {
                Issue.record("\(word)")
                continue
            }
            #expect(reason.contains(word))
        }
        let paused = Self.cluster(leader: "db-1", timeline: 3, others: others, more: ",\"pause\":true")
        #expect(PatroniProbe(url: "", members: 3, maximumLag: 0).judge(Array(paused.utf8)).verdict == .fail)
    }

    /// What broke the cluster may be what is taken back.
    @Test func onTheWayBackAClusterThatNobodyLeadsHoldsNothingUp() async throws {
        let (forward, step) = try await step()
        let (back, _) = try await self.step(isWayBack: true)
        let leaderless = "{\"members\":[{\"name\":\"db-1\",\"role\":\"replica\",\"state\":\"running\"}]}"
        try write(leaderless, to: "cluster")
        guard case .unknown = await driver.check(step, in: context(forward)),
            case .alreadyDone = await driver.check(step, in: context(back))
        else {
            Issue.record("nobody leads")
            return
        }
        let (silent, _) = try await self.step(isWayBack: true, port: try freePort())
        guard case .alreadyDone = await driver.check(step, in: context(silent)) else {
            Issue.record("nobody answers")
            return
        }
    }
}
