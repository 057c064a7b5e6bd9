import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// One etcd and three Patroni with PostgreSQL, told line by line what to do next. All of it ends with its standard input.
private let cluster = """
    set -u
    directory=$1 client=$2 peer=$3
    shift 3
    ports=("$@")
    mkdir -m 755 "$directory"
    exec >"$directory/log" 2>&1
    as=
    [ "$(id -u)" != 0 ] || as="setpriv --reuid postgres --regid postgres --clear-groups"
    programs=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
    processes=()
    finish() {
        for member in 1 2 3; do
            # One that is frozen keeps its PostgreSQL from stopping.
            pkill -CONT -P "$(head -1 "$directory/$member/data/postmaster.pid")"
            [ -z "${processes[member]-}" ] || kill "${processes[member]}"
        done
        for second in {1..30}; do
            jobs -rp | grep -vxq "${processes[0]}" || break
            sleep 1
        done
        for member in 1 2 3; do kill -9 "$(head -1 "$directory/$member/data/postmaster.pid")" "${processes[member]-}"; done
        kill -9 "${processes[0]}"
        wait
        rm -rf "$directory"
    }
    trap finish EXIT
    url=http://127.0.0.1
    etcd --name one --data-dir "$directory/etcd" --listen-client-urls $url:$client --advertise-client-urls $url:$client \\
        --listen-peer-urls $url:$peer --initial-advertise-peer-urls $url:$peer --initial-cluster one=$url:$peer </dev/null &
    processes[0]=$!
    start() {
        $as env -C / HOME="$directory/$1" patroni "$directory/$1.yml" </dev/null &
        processes[$1]=$!
    }
    for member in 1 2 3; do
        api=${ports[2 * member - 2]} port=${ports[2 * member - 1]}
        mkdir "$directory/$member"
        [ -z "$as" ] || chown postgres "$directory/$member"
        cat >"$directory/$member.yml" <<YAML
    scope: demo
    name: pg-$member
    restapi: {listen: "127.0.0.1:$api", connect_address: "127.0.0.1:$api"}
    etcd3: {hosts: "127.0.0.1:$client"}
    bootstrap:
      dcs: {ttl: 20, loop_wait: 1, retry_timeout: 3, postgresql: {parameters: {max_connections: 20, shared_buffers: 16MB, fsync: "off"}}}
      initdb: [{encoding: UTF8}, {locale: C}, no-sync]
      pg_hba: ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust", "local all all trust"]
    postgresql:
      listen: "127.0.0.1:$port"
      connect_address: "127.0.0.1:$port"
      data_dir: $directory/$member/data
      bin_dir: $programs
      pgpass: $directory/$member/pgpass
      authentication: {superuser: {username: postgres}, replication: {username: repl}}
      parameters: {unix_socket_directories: "$directory/$member"}
    YAML
        start $member
    done
    while read -r what member words; do
        case $what in
            start) start "$member" ;;
            stop)
                kill "${processes[member]}"
                wait "${processes[member]}"
                ;;
            freeze | thaw)
                signal=STOP
                [ $what = freeze ] || signal=CONT
                pkill -"$signal" -P "$(head -1 "$directory/$member/data/postmaster.pid")" -f walreceiver
                ;;
            switchover)
                curl -s $url:"${ports[2 * member - 2]}"/switchover -d "{\\"leader\\":\\"pg-$member\\",\\"candidate\\":\\"pg-$words\\"}"
                ;;
            query) psql -h 127.0.0.1 -p "${ports[2 * member - 1]}" -U postgres -qAtc "$words" ;;
        esac
    done
    """

/// Debian 12's Patroni (3.0) with PostgreSQL 15, all on this machine.
final class RealPatroni: @unchecked Sendable {
    let ports: [Int]
    private let process = Process()
    private let input = Pipe()

    init() throws {
        ports = try (1...8).map { _ in try freePort() }
        // A thread of Swift's lets no signal through, and whoever it starts inherits that.
        let unmasked = """
            import os, signal, sys
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.execvp('bash', ['bash', '-c'] + sys.argv[1:])
            """
        process.executableURL = URL(filePath: "/usr/bin/python3")
        let folder = "/tmp/fettle-pt-\(UUID().uuidString.prefix(8))"
        process.arguments = ["-c", unmasked, cluster, "bash", folder] + ports.map(String.init)
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func tell(_ what: String, _ member: Int, _ words: String = "") throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(what) \(member) \(words)\n".utf8))
    }

    /// Its folder goes with it.
    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// By which member `member` is asked.
    func ask(through member: Int = 1) async -> ProbeSample {
        let url = "http://{host}:\(ports[2 * member])"
        let check = Probe.Check.cluster(view: .patroni(url: url, members: 3, maximumLagBytes: 1_048_576))
        return await ProbeRunner(channels: NoChannels()).sample(
            Probe(name: "cluster", check: check), of: ProbeTarget(resource: "db-1", address: .local))
    }
}

extension RealPatroni {
    /// In CI it has to be there.
    static var canRun: Bool {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/patroni")
            || ProcessInfo.processInfo.environment["CI"] != nil
    }

    /// Up, with a leader and two replicas.
    static func up() async throws -> RealPatroni {
        let cluster = try RealPatroni()
        try await eventually("three members run, and one leads") { await cluster.ask().verdict == .pass }
        return cluster
    }

    /// The one that leads now, whoever else is there; for a moment nobody may.
    var leader: Int {
        get async throws {
            let members = (1...3).map { ProbeTarget(resource: ResourceID("pg-\($0)"), address: .local) }
            var found: Int?
            try await eventually("somebody leads") {
                for member in 1...3 where found == nil {
                    let url = "http://{host}:\(ports[2 * member])"
                    let probe = Probe(
                        name: "c", check: .cluster(view: .patroni(url: url, members: 1, maximumLagBytes: 0)))
                    let view = try? await PatroniCluster("db", probes: [probe], members: members)?.look()
                    found = (1...3).first { view?.leader?.name == "pg-\($0)" }
                }
                return found != nil
            }
            return try #require(found)
        }
    }
}
