import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// Handshakes with real TLS servers whose certificates the test has made.
@Suite("Certificates", .serialized, .timeLimit(.minutes(10)))
struct TLSProbeTests {
    /// Certificates of an authority of its own, each for a number of days from one to another.
    private static let program = """
        import os, socket, ssl, sys, threading
        def serve(name):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(name + '.pem', name + '.key')
            listener = socket.create_server(('127.0.0.1', 0))
            with open(name + '.new', 'w') as file: file.write(str(listener.getsockname()[1]))
            os.rename(name + '.new', name + '.port')
            while True:
                connection, _ = listener.accept()
                try:
                    with context.wrap_socket(connection, server_side=True) as stream: stream.recv(1)
                except OSError: pass
        for name in sys.argv[1:]: threading.Thread(target=serve, args=(name,)).start()
        """

    private static let script = """
        set -e
        cat > ca.cnf <<'END'
        [ca]
        default_ca = ours
        [ours]
        database = index.txt
        serial = serial
        new_certs_dir = .
        default_md = sha256
        policy = any
        unique_subject = no
        copy_extensions = copy
        [any]
        commonName = supplied
        END
        : > index.txt
        echo 01 > serial
        key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
        openssl req -x509 $key -days 30 -keyout ca.key -out ca.pem -subj /CN=authority
        day() { date -u -d "$1 days" +%Y%m%d%H%M%SZ; }
        make() {
            openssl req $key -keyout "$1.key" -out "$1.csr" -subj /CN=localhost -addext "subjectAltName=$2"
            openssl ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in "$1.csr" -out "$1.pem" \\
                -startdate "$(day "$3")" -enddate "$(day "$4")"
        }
        make good DNS:localhost,IP:127.0.0.1 -1 10
        make expired DNS:localhost -10 -1
        make early DNS:localhost 1 20
        make other DNS:elsewhere.example -1 10
        openssl req -x509 $key -days 10 -keyout self.key -out self.pem -subj /CN=localhost \\
            -addext subjectAltName=DNS:localhost
        """

    private let server: PythonServer

    init() throws {
        server = try PythonServer(Self.program, ["good", "expired", "early", "other", "self"]) { directory in
            let made = try ShellScript.run(
                "cd '\(directory.path)'\n{\n\(Self.script)\n} 2>&1", input: "", programs: ["openssl", "date", "cat"])
            guard made.status == 0 else { throw TimedOut(description: "openssl made no certificates") }
        }
    }

    private func ask(
        _ name: String, host: String? = "localhost", as serverName: String? = nil, leastDays: Int = 0,
        authorities: String? = "ca.pem", timeoutSeconds: Int = 60
    ) async throws -> ProbeSample {
        let port = try await server.port("\(name).port")
        let file = authorities.map { $0.hasPrefix("/") ? $0 : server.directory.appending(path: $0).path }
        let probe = Probe(
            name: "tls",
            check: .tls(
                host: host, port: port, serverName: serverName, leastDays: leastDays, authorities: file),
            timeoutSeconds: timeoutSeconds)
        return await ProbeRunner(channels: NoChannels()).sample(
            probe, of: ProbeTarget(resource: "web-1", address: .local))
    }

    @Test func aCertificateOfAKnownAuthorityHoldsForItsNames() async throws {
        let sample = try await ask("good")
        #expect(sample.verdict == .pass, "\(sample.reason)")
        // Without a host it is the resource's, here an address.
        #expect(try await ask("good", host: nil).verdict == .pass)
        #expect(try await ask("other", as: "elsewhere.example").verdict == .pass)
    }

    @Test func whatDoesNotHoldFailsWithItsReason() async throws {
        for (name, authorities, reason) in [
            ("expired", "ca.pem", "has expired (notAfter="), ("early", "ca.pem", "not yet valid (notBefore="),
            ("other", "ca.pem", "ostname mismatch"), ("self", "ca.pem", "self-signed"),
            ("good", nil, "unable to get local issuer"), ("good", "self.pem", "unable to get local issuer"),
        ] {
            let sample = try await ask(name, authorities: authorities)
            #expect(sample.verdict == .fail && sample.reason.contains(reason), "\(name): \(sample.reason)")
        }
        #expect(try await ask("other", host: nil).reason.contains("IP address mismatch"))
        #expect(try await ask("good", as: "localhost.example").verdict == .fail)
    }

    @Test func everythingMustHoldForTheDaysThatAreAsked() async throws {
        #expect(try await ask("good", leastDays: 8).verdict == .pass)
        let soon = try await ask("good", leastDays: 14)
        #expect(soon.verdict == .fail && soon.reason.contains("in 14 days") && soon.reason.contains("notAfter="))
        // The authority itself ends in 30 days.
        #expect(try await ask("early", leastDays: 5).verdict == .fail, "it is not valid now")
    }

    @Test func whatCannotBeAskedIsAnError() async throws {
        let missing = try await ask("good", authorities: "/no/such/file.pem")
        #expect(missing.verdict == .error && missing.reason.contains("authorities"), "\(missing.reason)")
        for host in ["no-such-host.invalid", "a b", "-CAfile", "a\nb", "a/b"] {
            #expect(try await ask("good", host: host).verdict == .error, "\(host)")
        }
        #expect(try await ask("good", as: "-help").verdict == .error)
        let plain = try await WebServerFixture()
        func probe(_ port: Int) async -> ProbeSample {
            let check = Probe.Check.tls(host: nil, port: port, serverName: nil, leastDays: 0, authorities: nil)
            return await ProbeRunner(channels: NoChannels()).sample(
                Probe(name: "tls", check: check), of: ProbeTarget(resource: "web-1", address: .local))
        }
        let spoken = await probe(plain.port)
        #expect(spoken.verdict == .fail && spoken.reason.contains("no handshake"), "\(spoken.reason)")
        #expect(await probe(try freePort()).verdict == .fail)
    }

    @Test func openSSLsOwnWordAndItsStatusAreBothNeeded() {
        func judge(_ status: Int32, _ text: String) -> GateVerdict {
            let output = LocalProgram.Output(status: status, standardOutput: [], standardError: Array(text.utf8))
            return TLSProbe.judge(output, name: "a").verdict
        }
        #expect(judge(0, "CONNECTION ESTABLISHED\nVerification: OK\nDONE\n") == .pass)
        #expect(judge(1, "Verification: OK\n") == .fail)
        #expect(judge(0, "Peer certificate: CN = Verification: OK\n") == .fail)
        #expect(judge(0, "") == .fail)
    }
}
