import Foundation
import Testing

/// A PostgreSQL of a test's own, with a socket in a private folder and no port. It ends with this process, however that ends.
final class PostgresForPrograms {
    private let directory: String
    private let shell: Process
    private let lifeline = Pipe()

    static let binaries: String? = {
        let versions = "/usr/lib/postgresql"
        let present = (try? FileManager.default.contentsOfDirectory(atPath: versions)) ?? []
        return present.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(versions)/\($0)/bin" }
            .first { FileManager.default.isExecutableFile(atPath: "\($0)/initdb") }
    }()

    /// A server does not run as root.
    private static let script = """
        exec 3>&1 >/dev/null 2>&1
        trap '' INT TERM HUP
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
        $as "$binaries/postgres" -D data -k "$directory" -c listen_addresses= -c fsync=off -c shared_buffers=32MB \\
            </dev/null 3>&- &
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

    init(binaries: String) throws {
        // Not in TMPDIR: a socket's path has to be short.
        directory = "/tmp/fettle-pg-\(UUID().uuidString.prefix(8))"
        shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", Self.script, "postgres", directory, binaries]
        shell.standardInput = lifeline
        let output = Pipe()
        shell.standardOutput = output
        try shell.run()
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        try #require(said.hasPrefix("ready"), "PostgreSQL did not start: \(said)")
    }

    var address: String { "postgresql://fettle@/postgres?host=\(directory)" }

    func stop() {
        try? lifeline.fileHandleForWriting.write(contentsOf: Data("end\n".utf8))
        try? lifeline.fileHandleForWriting.close()
        shell.waitUntilExit()
    }
}
