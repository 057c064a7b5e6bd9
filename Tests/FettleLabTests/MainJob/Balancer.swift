import Foundation
import Testing

/// HAProxy as it sees itself, by its own socket: what Fettle's journal says is not asked.
enum Balancer {
    struct Server: Equatable {
        var name: String
        /// Drained or in maintenance, by whatever way.
        var isTakenOut: Bool
        var isUp: Bool
        var weight: Int
    }

    static func ask(_ command: String) async throws -> String {
        try await PackagesLab.inside(
            "echo '\(command)' | socat -t5 - UNIX-CONNECT:/run/haproxy/admin.sock", on: "lb-1")
    }

    static func servers() async throws -> [Server] {
        try await ask("show servers state").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 7, line.first != "#", let operation = Int(fields[5]), let admin = Int(fields[6]) else {
                return nil
            }
            return Server(
                name: String(fields[3]), isTakenOut: admin != 0, isUp: operation == 2, weight: Int(fields[7]) ?? -1)
        }
    }

    /// What clients of a frontend have got since HAProxy was started, as it counts itself: good answers, and those that are none (no
    /// answer of a server, a server's own error, a request that was broken off there).
    static func answers(of frontend: String) async throws -> (good: Int, failed: Int) {
        let lines = try await ask("show stat").split(separator: "\n").map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let names = try #require(lines.first)
        func column(_ name: String) throws -> Int { try #require(names.firstIndex(of: name), "no column \(name)") }
        let (proxy, server) = (try column("# pxname"), try column("svname"))
        let row = { (name: String) in
            try #require(lines.first { $0.count == names.count && $0[proxy] == frontend && $0[server] == name })
        }
        let (front, back) = (try row("FRONTEND"), try row("BACKEND"))
        let count = { (row: [String], name: String) in Int(row[try column(name)]) ?? 0 }
        let failed = try count(front, "hrsp_5xx") + count(back, "econ") + count(back, "eresp")
        return (try count(front, "hrsp_2xx"), failed)
    }

    /// As docs/traffic.md has it.
    static func keepsItsState(_ keeps: Bool) async throws {
        let save =
            "/bin/sh -c 'echo show servers state | socat -t5 - UNIX-CONNECT:/run/haproxy/admin.sock >/var/lib/haproxy/server-state'"
        let unit = """
            [Service]
            ExecReload=
            ExecReload=/usr/sbin/haproxy -Ws -f $CONFIG -c -q $EXTRAOPTS
            ExecReload=\(save)
            ExecReload=/bin/kill -USR2 $MAINPID
            ExecStop=\(save)
            """
        let file = "/etc/systemd/system/haproxy.service.d/keep-state.conf"
        let script =
            keeps
            ? """
            cp -p /etc/haproxy/haproxy.cfg /root/haproxy.cfg.before
            sed -i -e '/^global/a\\    server-state-file /var/lib/haproxy/server-state' \
                -e '/^defaults/a\\    load-server-state-from-file global' /etc/haproxy/haproxy.cfg
            mkdir -p \(file.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })
            cat >\(file) <<'UNIT'
            \(unit)
            UNIT
            """
            : "mv /root/haproxy.cfg.before /etc/haproxy/haproxy.cfg; rm -f \(file) /var/lib/haproxy/server-state"
        try await PackagesLab.inside(
            "set -e; \(script)\nsystemctl daemon-reload; systemctl restart haproxy", on: "lb-1")
        try await waitUntilAllServe()
    }

    static func takenOut() async throws -> [String] { try await servers().filter(\.isTakenOut).map(\.name).sorted() }

    static func isTakenOut(_ server: String) async throws -> Bool { try await takenOut().contains(server) }

    static func putAllBack() async throws {
        for server in try await servers() where server.isTakenOut {
            let backend = server.name.split(separator: "-")[0]
            _ = try await ask("set server \(backend)/\(server.name) state ready")
        }
    }

    static func waitUntilAllServe() async throws {
        for _ in 0..<900 {
            let servers = try await servers()
            if servers.count == 8, servers.allSatisfy({ $0.isUp && !$0.isTakenOut }) { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        Issue.record("the pools do not come to serve: \(try await servers())")
    }

    /// The end of each scenario: every member serves with its weight, but those that the quarantine ledger names.
    static func expectAllServe(except quarantined: [String] = [], _ location: SourceLocation = #_sourceLocation)
        async throws
    {
        let servers = try await servers()
        #expect(servers.count == 8, sourceLocation: location)
        #expect(
            servers.filter(\.isTakenOut).map(\.name).sorted() == quarantined.sorted(), sourceLocation: location)
        for server in servers where !quarantined.contains(server.name) {
            #expect(server.isUp && server.weight == 1, "\(server)", sourceLocation: location)
        }
    }
}

/// Requests through both frontends and HAProxy's own view every 100 ms, while `work` goes on.
struct Traffic {
    struct Sample {
        var time: Double
        var backend: String
        var server: String
        var status: String
        /// `UP`, or `UP 1/2` while it is on its way down: what takes new requests.
        var serves: Bool { status.hasPrefix("UP") }
    }

    var requests: Int
    var failed: Int
    var samples: [Sample]

    static func during(_ work: () async throws -> Void) async throws -> Traffic {
        try await PackagesLab.lab("load", "start")
        try await PackagesLab.lab("sample", "start")
        do { try await work() } catch {
            for daemon in ["load", "sample"] { _ = try? await PackagesLab.attempt([daemon, "stop"]) }
            throw error
        }
        let load = try JSONDecoder().decode(Load.self, from: Data(try await PackagesLab.lab("load", "stop").utf8))
        let path = try await PackagesLab.lab("sample", "stop").trimmingCharacters(in: .whitespacesAndNewlines)
        return Traffic(requests: load.requests, failed: load.failed, samples: try read(path))
    }

    /// How many servers of the backend took requests at the least, at any of the moments that were sampled.
    func lowest(of backend: String) -> Int {
        let moments = Dictionary(grouping: samples.filter { $0.backend == backend }, by: \.time)
        return moments.values.map { $0.count(where: \.serves) }.min() ?? 0
    }

    private struct Load: Decodable {
        var requests: Int
        var failed: Int
    }

    static func read(_ path: String) throws -> [Sample] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 6, let time = Double(fields[0]) else { return nil }
            return Sample(time: time, backend: fields[1], server: fields[2], status: fields[3])
        }
    }
}
