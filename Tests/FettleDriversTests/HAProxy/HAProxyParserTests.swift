import FettleModel
import Testing

@testable import FettleDrivers

/// What HAProxy 2.6.12 printed, and what others might.
@Suite("HAProxy's answers")
struct HAProxyParserTests {
    static let stateColumns =
        "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
        + "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
        + "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
        + "srv_agent_addr srv_agent_port"
    static let states = """
        1
        \(stateColumns)
        3 web 1 web-1 127.0.0.1 2 8 1 1 0 15 3 3 6 0 0 0 - 18081 - 0 0 - - 0
        3 web 2 web-2 127.0.0.1 0 1 20 50 0 15 3 0 14 0 0 0 - 18082 - 0 0 - - 0

        """

    @Test("States and weights of servers")
    func serverStates() throws {
        let servers = try ServersStateParser.parse(Self.states, place: "test")
        #expect(servers.map(\.name.description) == ["web/web-1", "web/web-2"])
        #expect(servers.map(\.operational) == [.running, .stopped])
        #expect(servers.map(\.administrative) == [.drain, .maintenance])
        #expect(servers.map(\.weight) == [1, 20])
        #expect(servers.map(\.initialWeight) == [1, 50])
    }

    @Test(
        "Every bit that takes a server out is seen",
        arguments: zip(
            [0x00, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x09],
            [
                "ready", "in maintenance", "in maintenance", "in maintenance", "draining", "draining", "in maintenance",
                "ready", "in maintenance",
            ]))
    func administrativeBits(bits: Int, words: String) {
        let state = ServerState.Administrative(rawValue: bits)
        #expect(state.words == words)
        #expect(state.isOut == (words != "ready"))
    }

    @Test("Columns are found by name: new ones and another order are fine")
    func otherColumns() throws {
        let text = """
            1
            # srv_iweight srv_new srv_name be_name srv_uweight be_id srv_admin_state srv_op_state
            100 x y-1 shop 50 7 0 2
            """
        let server = try #require(try ServersStateParser.parse(text, place: "test").first)
        #expect(
            server.name.description == "shop/y-1" && server.weight == 50 && server.backendNumber == 7
                && server.operational == .running)
    }

    @Test(
        "What is torn, foreign or out of range is an error, never a state",
        arguments: [
            "", "2\n\(stateColumns)\n", "1\n", "1\n# be_name srv_name\nweb web-1\n", "Unknown command.\n",
            "1\n\(stateColumns)\n3 web 1 web-1 127.0.0.1 2 8 1",
            "1\n\(stateColumns)\n3 web 1 web-1 127.0.0.1 9 8 1 1 0 15 3 3 6 0 0 0 - 18081 - 0 0 - - 0\n",
            "1\n\(stateColumns)\n3 web 1 web-1 127.0.0.1 2 -8 1 1 0 15 3 3 6 0 0 0 - 18081 - 0 0 - - 0\n",
            "1\n\(stateColumns)\n3 web 1 web-1 127.0.0.1 2 8 1000 1 0 15 3 3 6 0 0 0 - 18081 - 0 0 - - 0\n",
            "1\n\(stateColumns)\n3 web 1 we;b 127.0.0.1 2 8 1 1 0 15 3 3 6 0 0 0 - 18081 - 0 0 - - 0\n",
        ])
    func damagedStates(text: String) {
        #expect(throws: HAProxyError.self) { try ServersStateParser.parse(text, place: "test") }
    }

    static let statisticsColumns =
        "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,"
        + "bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,"
        + "check_status,check_code,check_duration,check_desc,check_rise,check_fall,check_health,"

    @Test("Sessions, status and checks of servers; other rows are passed over")
    func statistics() throws {
        let text = """
            \(Self.statisticsColumns)
            web,FRONTEND,,,1,1,999,1,0,0,0,0,0,,,,,OPEN,,,,,,,,,1,2,0,,,,0,0,0,0,,,,,,,,
            web,web-1,1,2,3,4,,5,0,0,,0,,0,0,0,0,DRAIN,1,1,0,1,1,0,1,,1,3,1,,0,,2,0,,0,L7OK,200,1,Layer7 check passed,2,2,3,
            web,web-2,0,0,0,0,,0,0,0,,0,,0,0,0,0,DOWN 1/2,50,1,0,1,2,0,1,,1,3,2,,0,,2,0,,0,* L7STS,503,1,"Bad, \"\"very\"\"",2,3,1,
            web,web-3,0,0,0,0,,0,0,0,,0,,0,0,0,0,no check,50,1,0,,,0,,,1,3,3,,0,,2,0,,0,,,,,,,,
            web,BACKEND,0,0,0,0,999,0,0,0,0,0,,0,0,0,0,DOWN,0,0,0,,2,0,1,,1,3,0,,0,,1,0,,0,,,,,,,,

            """
        let servers = try StatisticsParser.parse(text, place: "test")
        #expect(servers.map(\.name.server) == ["web-1", "web-2", "web-3"])
        #expect(servers.map(\.currentSessions) == [3, 0, 0])
        #expect(servers.map(\.queued) == [1, 0, 0])
        #expect(servers.map(\.status) == ["DRAIN", "DOWN 1/2", "no check"])
        #expect(servers.map(\.lastCheckPassed) == [true, false, nil])
        #expect(servers.map { $0.checkHealth?.isFull } == [true, false, nil])
        #expect(servers[1].checkWords == "Bad, \"very\"")
    }

    @Test(
        "Damaged statistics are an error",
        arguments: [
            "", "No such proxy.\n", "# pxname,svname\nweb,web-1\n", "\(statisticsColumns)\nweb,web-1,0,0\n",
            "\(statisticsColumns)\nweb,web-1,x,0,y,0,,0,0,0,,0,,0,0,0,0,UP,1,1,0,1,1,0,1,,1,3,1,,0,,2,0,,0,L7OK,200,1,,2,2,3,\n",
        ])
    func damagedStatistics(text: String) {
        #expect(throws: HAProxyError.self) { try StatisticsParser.parse(text, place: "test") }
    }

    @Test(
        "Of a check only what ran and passed is a pass",
        arguments: zip(
            [
                "", "UNK", "INI", "L4OK", "L6OK", "L7OK", "* L7OK", "L7OKC", "SOCKERR", "L4TOUT", "L4CON", "L7STS",
                "L7RSP",
            ],
            [nil, nil, nil, true, true, true, true, true, false, false, false, false, false] as [Bool?]))
    func checkStatus(status: String, passed: Bool?) throws {
        let statistics = ServerStatistics(
            name: try HAProxyServerName(backend: "b", server: "s", place: "test"), status: "UP", currentSessions: 0,
            queued: 0, checkStatus: status, checkWords: "", checkHealth: nil)
        #expect(statistics.lastCheckPassed == passed)
    }

    @Test("A server that is back is proven by sessions that ended well, or by a pool that nobody asks anything")
    func provenServers() throws {
        func view(sessions: Int?, current: Int = 0, errors: Int? = 3, pool: Int? = 100) throws -> ServerView {
            let name = try HAProxyServerName(backend: "b", server: "s", place: "test")
            return ServerView(
                state: ServerState(
                    name: name, backendNumber: 3, operational: .running, administrative: [], weight: 1,
                    initialWeight: 1),
                statistics: ServerStatistics(
                    name: name, status: "UP", currentSessions: current, queued: 0, checkStatus: "L7OK", checkWords: "",
                    checkHealth: nil, sessions: sessions, errors: errors), observedAt: .now(), poolSessions: pool)
        }
        let before = try view(sessions: 40)
        #expect(HAProxyRestoreDriver.isProven(try view(sessions: 40), since: before))
        #expect(HAProxyRestoreDriver.isProven(try view(sessions: 52, current: 2, pool: 130), since: before))
        #expect(!HAProxyRestoreDriver.isProven(try view(sessions: 51, current: 2, pool: 130), since: before))
        #expect(!HAProxyRestoreDriver.isProven(try view(sessions: 40, pool: 130), since: before))
        #expect(!HAProxyRestoreDriver.isProven(try view(sessions: 90, errors: 4, pool: 130), since: before))
        // Begun anew meanwhile, or without the columns.
        #expect(!HAProxyRestoreDriver.isProven(try view(sessions: 12, errors: 0, pool: 20), since: before))
        #expect(!HAProxyRestoreDriver.isProven(try view(sessions: nil), since: before))
        #expect(!HAProxyRestoreDriver.isProven(try view(sessions: 90, pool: nil), since: before))
    }

    @Test("CSV: quotes, doubled quotes, commas and line ends within, no last line end")
    func commaSeparated() {
        let rows = CommaSeparated.rows("a,\"b,\"\"c\"\"\n\",\n,x\n\n\"\"\"\",y")
        #expect(rows == [["a", "b,\"c\"\n", ""], ["", "x"], ["\"", "y"]])
    }
}
