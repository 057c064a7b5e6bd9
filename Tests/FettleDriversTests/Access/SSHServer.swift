import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// A real sshd on a port of the loopback address, with keys, configuration and log of its own in a directory of its
/// own, run as whoever runs the tests.
struct SSHServer {
    let directory: String
    let port: Int
    let processIdentifier: Int32
    private let local: any CommandChannel

    static let program = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Starts a server, runs the body, and takes everything away again.
    ///
    /// - Parameter settings: lines for `sshd_config`; `DIR` stands for the directory.
    static func with(
        _ settings: [String] = [], _ body: (SSHServer) async throws -> Void
    ) async throws {
        let program = try #require(Self.program, "these tests need OpenSSH's sshd")
        let directory = FileManager.default.temporaryDirectory.appending(path: "fettle-ssh-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let connection = LocalConnection()
        let local = try await connection.channel(to: .local)
        let port = try freePort()
        try server(settings, directory, port).write(
            toFile: directory + "/sshd_config", atomically: true, encoding: .utf8)
        try client(directory).write(toFile: directory + "/client", atomically: true, encoding: .utf8)
        let start = """
            cd \(directory) || exit 1
            ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f user || exit 1
            cp user.pub authorized
            printf '[127.0.0.1]:%d %s\\n' \(port) "$(cut -d' ' -f1,2 host.pub)" >known
            if [ "$(id -u)" = 0 ]; then mkdir -p /run/sshd; fi
            setsid \(program) -D -f \(directory)/sshd_config -E \(directory)/log </dev/null >/dev/null 2>&1 &
            i=0; until [ -s pid ]; do i=$((i + 1)); [ $i -lt 100 ] || { cat log >&2; exit 1; }; sleep 0.05; done
            cat pid
            """
        let started = try await local.run(RemoteCommand(script: start))
        let pid = try #require(Int32(started.outputText.prefix { $0.isNumber }), "\(started.errorText)")
        let server = SSHServer(directory: directory, port: port, processIdentifier: pid, local: local)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(server)) } catch { outcome = .failure(error) }
        kill(pid, SIGTERM)
        await connection.shutDown()
        try? FileManager.default.removeItem(atPath: directory)
        try outcome.get()
    }

    var address: ResourceAddress { .ssh("127.0.0.1", port: port) }

    /// Through the client's file of this server, with short times.
    var configuration: SSHConfiguration {
        var configuration = SSHConfiguration()
        configuration.configurationFile = directory + "/client"
        configuration.connectTimeout = .seconds(5)
        return configuration
    }

    func log() throws -> String { try String(contentsOfFile: directory + "/log", encoding: .utf8) }

    /// Connections whose user was let in.
    func handshakes() throws -> Int {
        // sshd ends its lines with CR LF, which is one Character and no "\n".
        try log().split(whereSeparator: \.isNewline).count { $0.contains("Accepted publickey") }
    }

    func write(_ text: String, to name: String) throws {
        let path = directory + "/" + name
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try Program.enable(path)
    }

    /// Runs a script beside the server, on this machine.
    func beside(_ script: String) async throws -> String {
        try await local.run(RemoteCommand(script: script)).outputText
    }

    private static func server(_ settings: [String], _ directory: String, _ port: Int) -> String {
        // The first value holds, so what a test sets goes first.
        (settings.map { $0.replacing("DIR", with: directory) } + [
            "ListenAddress 127.0.0.1", "Port \(port)", "HostKey \(directory)/host", "PidFile \(directory)/pid",
            "AuthorizedKeysFile \(directory)/authorized", "StrictModes no", "UsePAM no", "LogLevel VERBOSE",
            "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes",
            "MaxStartups 100", "PrintMotd no", "UseDNS no",
        ]).joined(separator: "\n") + "\n"
    }

    private static func client(_ directory: String) -> String {
        """
        IdentityFile \(directory)/user
        IdentitiesOnly yes
        IdentityAgent none
        UserKnownHostsFile \(directory)/known
        GlobalKnownHostsFile /dev/null
        KexAlgorithms curve25519-sha256
        """ + "\n"
    }
}

/// A port of the loopback address that nobody listens on.
func freePort() throws -> Int {
    let (descriptor, port) = try silentListener()
    close(descriptor)
    return port
}

/// A socket that takes connections and never says anything.
func silentListener() throws -> (descriptor: CInt, port: Int) {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port: Int? = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { socket in
            guard bind(descriptor, socket, length) == 0, listen(descriptor, 5) == 0,
                getsockname(descriptor, socket, &length) == 0
            else { return nil }
            return Int(UInt16(bigEndian: UnsafeRawPointer(socket).load(fromByteOffset: 2, as: UInt16.self)))
        }
    }
    return (descriptor, try #require(port))
}

/// What stands between the error and the caller: the code of a failed connection; nil if it was made.
func connectionFailure(_ connections: any ChannelProvider, _ address: ResourceAddress) async -> AccessError? {
    do throws(AccessError) {
        _ = try await connections.channel(to: address)
        return nil
    } catch {
        return error
    }
}
