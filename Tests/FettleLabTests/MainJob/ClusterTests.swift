import FettleDatabase
import FettleDriverKit
import FettleModel
import Foundation
import Testing

extension MainJobTests {
    /// A database cluster on hosts of its own: three etcd, three Patroni, three PostgreSQL.
    @Suite struct Clusters {
        private static let hosts = ["web-1", "web-2", "web-3"]

        /// The leader is restarted last, by nobody's surprise, and nothing that was acknowledged is lost.
        @Test func aPatroniClusterIsPatchedAndRestartedWithOneSwitchoverAndNoLostWrite() async throws {
            try await MainJobLab.renew(.web, offering: "lab-reboot")
            let cluster = try await LabPatroni.set(up: Self.hosts)
            let site = try Site(Site.Choices(rebootDeadlineSeconds: 120))
            try Data(Self.fleet.utf8).write(to: site.directory.appending(path: "fleet.yaml"))
            let before = try await cluster.view()
            let plan = try await site.approvedChange(
                of: "microcode-shim", in: .web, on: "web-1", "web-2", "web-3", group: "db")
            let leader = try #require(before.leader)
            #expect(plan.order.first?.turns.last == [ResourceID(leader)], "\(plan.order)")
            let boots = try await Self.hosts.asyncMap(Truth.bootID)

            let writer = try cluster.startWriting(into: site.directory)
            let output = try await site.fettle("run", "start", "change-1")
            let (acknowledged, lost) = try await writer.end()

            #expect(acknowledged > 100 && lost == 0, "\(lost) of \(acknowledged) acknowledged writes are gone")
            #expect(
                try await Truth.version(of: "microcode-shim", on: Self.hosts) == Array(repeating: "ii 2.0", count: 3))
            let after = try await cluster.view()
            #expect(after.leader != leader && after.members.count == 3, "\(after)")
            // One change of leaders is one timeline more.
            #expect(after.timeline == before.timeline + 1, "\(output)")
            for (host, boot) in zip(Self.hosts, boots) { #expect(try await Truth.bootID(of: host) != boot) }
            let handover = try #require(
                try await site.journal.compactMap { record -> Observation? in
                    guard case .stepDone(StepID("\(leader)/hand-over-db"), _, let seen) = record.event else {
                        return nil
                    }
                    return seen
                }.first)
            #expect(handover.summary.contains("leads db, and the others follow it"), "\(handover.summary)")
        }

        private static let fleet = """
            version: 1
            environments: [dev, qa, staging, {name: production, protected: true}]
            defaults: {owner: lab}
            resources:
              - {id: "web-[1:3]", kind: database, environment: production}
            groups:
              - id: db
                kind: cluster
                members: ["web-[1:3]"]
                minimumAvailable: 2
                probes:
                  - cluster: {patroni: {url: "http://{host}:8008", members: 3, maximumLag: 1048576}}
                    deadline: 120s
                  - {unit: patroni, deadline: 120s}
            """
    }
}

extension Sequence where Self: Sendable {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}

/// Debian's own packages, as they are installed and started by hand.
private struct LabPatroni {
    var addresses: [String]

    struct View { var leader: String?, members: [String], timeline: Int }

    static func set(up hosts: [String]) async throws -> LabPatroni {
        var addresses: [String] = []
        for host in hosts {
            addresses.append(
                try await PackagesLab.inside(
                    "ip -4 -o addr show scope global | awk '{ sub(\"/.*\", \"\", $4); print $4; exit }'", on: host
                )
                .trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let peers = zip(hosts, addresses).map { "\($0)=http://\($1):2380" }.joined(separator: ",")
        let clients = addresses.map { "\($0):2379" }.joined(separator: ",")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (host, address) in zip(hosts, addresses) {
                group.addTask { try await install(on: host, address, peers: peers, clients: clients) }
            }
            try await group.waitForAll()
        }
        let cluster = LabPatroni(addresses: addresses)
        for _ in 0..<240 {
            if let view = try? await cluster.view(), view.leader != nil, view.members.count == 3 { return cluster }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw TestFailure("the cluster does not come up: \(try await cluster.ask())")
    }

    private static func install(on host: String, _ address: String, peers: String, clients: String) async throws {
        let script = """
            set -e
            mkdir -p /etc/postgresql-common /etc/patroni
            echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
            printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
            chmod 755 /usr/sbin/policy-rc.d
            export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
            apt-get -qq -y --no-install-recommends install postgresql patroni etcd-server >/dev/null
            rm /usr/sbin/policy-rc.d
            cat >/etc/default/etcd <<ETCD
            ETCD_NAME=\(host)
            ETCD_LISTEN_PEER_URLS=http://\(address):2380
            ETCD_LISTEN_CLIENT_URLS=http://\(address):2379
            ETCD_INITIAL_ADVERTISE_PEER_URLS=http://\(address):2380
            ETCD_ADVERTISE_CLIENT_URLS=http://\(address):2379
            ETCD_INITIAL_CLUSTER=\(peers)
            ETCD
            cat >/etc/patroni/config.yml <<YAML
            scope: main
            name: \(host)
            restapi: {listen: "\(address):8008", connect_address: "\(address):8008"}
            etcd3: {hosts: "\(clients)"}
            bootstrap:
              dcs: {ttl: 20, loop_wait: 2, retry_timeout: 5, postgresql: {use_pg_rewind: true, parameters: {shared_buffers: 32MB}}}
              initdb: [{encoding: UTF8}, data-checksums]
              pg_hba: ["host all all 10.77.0.0/16 trust", "host replication all 10.77.0.0/16 trust", "local all all trust"]
            postgresql:
              listen: "\(address):5432"
              connect_address: "\(address):5432"
              data_dir: /var/lib/postgresql/main
              bin_dir: $(ls -d /usr/lib/postgresql/*/bin)
              authentication: {superuser: {username: postgres}, replication: {username: repl}}
            YAML
            chmod 644 /etc/patroni/config.yml
            systemctl daemon-reload
            systemctl enable --quiet etcd patroni
            systemctl --no-block restart etcd
            systemctl restart patroni
            """
        let result = try await PackagesLab.attempt(["exec", host, "sh", "-c", script], within: .seconds(600))
        try #require(result.succeeded, "\(host): \(result.errorText)\(result.outputText)")
    }

    func ask() async throws -> String {
        for address in addresses {
            let said = try await run("curl -s --max-time 5 http://\(address):8008/cluster")
            if said.hasPrefix("{") { return said }
        }
        throw TestFailure("nobody of the cluster answers")
    }

    /// A replica that does not follow is none.
    func view() async throws -> View {
        struct Answer: Decodable {
            struct Member: Decodable { var name: String, role: String, state: String, timeline: Int? }
            var members: [Member]
        }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(try await ask().utf8))
        let leader = answer.members.first { $0.role == "leader" }
        return View(
            leader: leader?.name, members: answer.members.filter { $0.state == "running" }.map(\.name),
            timeline: leader?.timeline ?? 0)
    }

    /// One write after the other, each of its own, to whoever takes writes; a number is noted once PostgreSQL has acknowledged it.
    func startWriting(into folder: URL) throws -> Writer {
        let writer = Writer(folder: folder, target: target)
        try writer.start()
        return writer
    }

    private var target: String {
        "host=\(addresses.joined(separator: ",")) user=postgres connect_timeout=2 target_session_attrs=read-write"
    }

    private func run(_ script: String) async throws -> String { try await Writer.run(script) }

    final class Writer {
        private let folder: URL
        private let target: String
        private let process = Process()

        init(folder: URL, target: String) {
            self.folder = folder
            self.target = target
        }

        func start() throws {
            let script = """
                until psql "$1" -qAtc 'CREATE TABLE IF NOT EXISTS ledger (n int)'; do sleep 0.2; done
                n=0
                while [ ! -e stop ]; do
                    n=$((n + 1))
                    psql "$1" -qAtc "INSERT INTO ledger VALUES ($n)" && echo "$n" >>acknowledged
                    sleep 0.05
                done 2>/dev/null
                """
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", script, "sh", target]
            process.currentDirectoryURL = folder
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
        }

        /// How many writes were acknowledged, and how many of these are not there.
        func end() async throws -> (acknowledged: Int, lost: Int) {
            try Data().write(to: folder.appending(path: "stop"))
            process.waitUntilExit()
            let noted = Set(
                try String(contentsOf: folder.appending(path: "acknowledged"), encoding: .utf8).split(separator: "\n"))
            let there = Set(try await Self.run("psql '\(target)' -qAtc 'SELECT n FROM ledger'").split(separator: "\n"))
            return (noted.count, noted.subtracting(there).count)
        }

        static func run(_ script: String) async throws -> String {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", script]
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let data = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return String(decoding: data, as: UTF8.self)
        }
    }
}
