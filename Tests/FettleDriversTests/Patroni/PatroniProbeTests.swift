import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// `GET /cluster` as its documentation shows it (https://patroni.readthedocs.io/en/latest/rest_api.html).
@Suite("Patroni's view of a cluster")
struct PatroniProbeTests {
    private func member(
        _ name: String, _ role: String, _ state: String = "running", lag: String? = "0", timeline: Int = 5
    ) -> String {
        let lag = lag.map { ",\"lag\":\($0)" } ?? ""
        return
            "{\"name\":\"\(name)\",\"role\":\"\(role)\",\"state\":\"\(state)\",\"api_url\":\"http://h:8008/patroni\","
            + "\"host\":\"h\",\"port\":5432,\"timeline\":\(timeline)\(lag)}"
    }

    private func judge(_ members: String...) -> ProbeAnswer {
        PatroniProbe(url: "", members: 3, maximumLag: 100).judge(
            Array("{\"members\":[\(members.joined(separator: ","))],\"scope\":\"demo\"}".utf8))
    }

    private var leader: String { member("a", "leader", lag: nil) }

    @Test func everyMemberRunsAndOneLeads() {
        #expect(judge(leader, member("b", "replica"), member("c", "sync_standby", "streaming")).verdict == .pass)
        #expect(
            judge(member("a", "standby_leader", lag: nil), member("b", "replica"), member("c", "replica")).verdict
                == .pass)
        #expect(judge(leader, member("b", "replica")).verdict == .fail, "one is gone, and is not listed any more")
        #expect(judge(leader, member("b", "replica", "stopped"), member("c", "replica")).verdict == .fail)
        #expect(judge(leader, member("b", "replica", "creating replica"), member("c", "replica")).verdict == .fail)
        #expect(judge(member("a", "replica"), member("b", "replica"), member("c", "replica")).verdict == .fail)
        #expect(judge(leader, member("b", "leader"), member("c", "replica")).verdict == .fail)
    }

    @Test func nobodyIsFarBehind() {
        #expect(judge(leader, member("b", "replica", lag: "100"), member("c", "replica")).verdict == .pass)
        let behind = judge(leader, member("b", "replica", lag: "101"), member("c", "replica"))
        #expect(behind.verdict == .fail && behind.reason.contains("101 bytes"))
        #expect(
            judge(leader, member("b", "replica", lag: "\"unknown\""), member("c", "replica")).verdict == .inconclusive)
        #expect(judge(leader, member("b", "replica", lag: nil), member("c", "replica")).verdict == .inconclusive)
        #expect(judge(leader, member("b", "replica", timeline: 4), member("c", "replica")).verdict == .fail)
    }

    @Test(arguments: ["", "{}", "[]", "{\"members\":{}}", "{\"members\":[{}]}", "<html>"])
    func whatIsNoAnswerIsAnError(text: String) {
        #expect(PatroniProbe(url: "", members: 1, maximumLag: 1).judge(Array(text.utf8)).verdict == .error)
    }

    @Test func itIsAskedOfTheMember() async throws {
        let body = "{\"members\":[\(leader),\(member("b", "replica")),\(member("c", "replica"))]}"
        let program = """
            import http.server, os, sys
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200 if self.path == '/cluster' else 404)
                    self.end_headers()
                    self.wfile.write(sys.argv[1].encode())
                def log_message(self, *arguments): pass
            server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
            with open('port.new', 'w') as file: file.write(str(server.server_address[1]))
            os.rename('port.new', 'port')
            server.serve_forever()
            """
        let server = try PythonServer(program, [body])
        let port = try await server.port()
        func ask(_ url: String, members: Int) async -> ProbeSample {
            let check = Probe.Check.cluster(view: .patroni(url: url, members: members, maximumLagBytes: 1))
            return await ProbeRunner(channels: NoChannels()).sample(
                Probe(name: "cluster", check: check), of: ProbeTarget(resource: "db-1", address: .local))
        }
        #expect(await ask("http://{host}:\(port)", members: 3).verdict == .pass)
        #expect(await ask("http://{host}:\(port)/", members: 3).verdict == .pass)
        #expect(await ask("http://{host}:\(port)", members: 4).verdict == .fail)
        #expect(await ask("http://{host}:\(port)/other", members: 3).verdict == .error)
    }
}
