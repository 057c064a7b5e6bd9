import Foundation
import Synchronization

@testable import FettleDatabase

/// A PostgreSQL of the tests' own: one for the whole suite, with a socket in a private folder and no port. It ends, and its
/// folder goes, when this process ends in whatever way: a shell waits for that.
final class PostgresServer: Sendable {
    let directory: String
    private let lifeline: Pipe
    private let databases = Mutex(0)

    /// nil if PostgreSQL is not installed on this machine.
    static let shared: Result<PostgresServer, TestServerFailure>? = binaries.map { binaries in
        Result { () throws(TestServerFailure) in try PostgresServer(binaries: binaries) }
    }

    /// Debian keeps the server's programs out of the path; the newest version is taken.
    private static let binaries: String? = {
        let versions = "/usr/lib/postgresql"
        let present = (try? FileManager.default.contentsOfDirectory(atPath: versions)) ?? []
        return present.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(versions)/\($0)/bin" }
            .first { FileManager.default.isExecutableFile(atPath: "\($0)/initdb") }
    }()

    init(binaries: String) throws(TestServerFailure) {
        // Not in TMPDIR: a socket's path has to be short.
        directory = "/tmp/fettle-pg-\(UUID().uuidString.prefix(8))"
        lifeline = Pipe()
        let output = Pipe()
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", Self.script, "postgresql-for-tests", directory, binaries]
        shell.standardInput = lifeline
        shell.standardOutput = output
        do { try shell.run() } catch { throw TestServerFailure(message: "\(error)") }
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard said.hasPrefix("ready") else {
            let log = (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? ""
            throw TestServerFailure(message: "PostgreSQL did not start: \(said) \(log)")
        }
    }

    /// A server does not run as root. `asking` is a role that needs a password.
    private static let script = """
        set -eu
        directory=$1 binaries=$2 as=
        mkdir -m 700 "$directory"
        exec 3>&1 >"$directory/log" 2>&1
        server=
        finish() {
            [ -z "$server" ] || { kill -QUIT "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
            rm -rf "$directory"
        }
        trap finish EXIT
        trap '' INT TERM HUP
        if [ "$(id -u)" = 0 ]; then
            chown -R postgres "$directory"
            as="setpriv --reuid postgres --regid postgres --clear-groups"
        fi
        cd "$directory"
        $as "$binaries/initdb" -D data -A trust -U fettle -E UTF8 --locale C --no-sync </dev/null
        $as sh -c 'printf "%s\\n" "local all asking scram-sha-256" "local all all trust" >data/pg_hba.conf'
        $as "$binaries/postgres" -D data -k "$directory" -c listen_addresses= -c fsync=off -c max_connections=200 \\
            -c shared_buffers=32MB </dev/null 3>&- &
        server=$!
        tries=0
        until [ -S .s.PGSQL.5432 ] && "$binaries/pg_isready" -q -h "$directory" -U fettle; do
            tries=$((tries + 1))
            [ $tries -lt 300 ] && kill -0 $server || { echo failed >&3; sleep 1; exit 1; }
            sleep 0.05
        done
        echo ready >&3
        exec 3>&-
        cat >/dev/null
        """

    func connection(to database: String = "postgres") throws -> PostgresConnection {
        try PostgresConnection(address(of: database).settings)
    }

    func address(of database: String, user: String = "fettle") throws -> PostgresAddress {
        try PostgresAddress("postgresql://\(user)@/\(database)?host=\(directory)", environment: [:])
    }

    /// An empty database of its own.
    func newDatabase(_ options: String = "") throws -> PostgresAddress {
        let number = databases.withLock { count in
            count += 1
            return count
        }
        let name = "test_\(number)"
        try connection().execute("CREATE DATABASE \(name) \(options)")
        return try address(of: name)
    }
}

struct TestServerFailure: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}
