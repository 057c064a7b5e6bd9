import Foundation
import Synchronization

@testable import FettleDatabase

/// A PostgreSQL of the tests' own: one for the whole suite, with a socket in a private folder and no port. It ends, and its
/// folder goes, with this process.
final class PostgresServer: Sendable {
    let directory: String
    private let guardian: Guardian
    private let databases = Mutex(0)

    /// nil if PostgreSQL is not installed on this machine.
    static let shared: Result<PostgresServer, TestSetupFailure>? = binaries.map { binaries in
        Result { () throws(TestSetupFailure) in try PostgresServer(binaries: binaries) }
    }

    /// Debian keeps the server's programs out of the path; the newest version is taken.
    private static let binaries: String? = {
        let versions = "/usr/lib/postgresql"
        let present = (try? FileManager.default.contentsOfDirectory(atPath: versions)) ?? []
        return present.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(versions)/\($0)/bin" }
            .first { FileManager.default.isExecutableFile(atPath: "\($0)/initdb") }
    }()

    init(binaries: String) throws(TestSetupFailure) {
        // Not in TMPDIR: a socket's path has to be short.
        directory = "/tmp/fettle-pg-\(UUID().uuidString.prefix(8))"
        guardian = try Guardian(script: Self.script, arguments: [directory, binaries])
    }

    /// A server does not run as root. `asking` is a role that needs a password.
    private static let script = """
        set -eu
        directory=$1 binaries=$2 as=
        mkdir -m 700 "$directory"
        exec >"$directory/log" 2>&1
        server=
        finish() {
            [ -z "$server" ] || { kill -QUIT "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
            rm -rf "$directory"
        }
        trap finish EXIT
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
            [ $tries -lt 300 ] && kill -0 $server || { tail -c 500 "$directory/log" >&3; exit 1; }
            sleep 0.05
        done
        echo ready >&3
        exec 3>&-
        read -r end || :
        """

    func connection(to database: String = "postgres") throws -> PostgresConnection {
        try PostgresConnection(address(of: database).settings)
    }

    func address(of database: String, user: String = "fettle") throws -> PostgresAddress {
        try PostgresAddress("postgresql://\(user)@/\(database)?host=\(directory)", environment: [:])
    }

    /// One that is used over and over, empty again.
    func emptiedDatabase() throws -> PostgresAddress {
        if try !connection().execute("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'reused')").bool(0, 0) {
            try connection().execute("CREATE DATABASE reused")
        }
        try connection(to: "reused").executeScript("DROP SCHEMA IF EXISTS fettle CASCADE")
        return try address(of: "reused")
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
