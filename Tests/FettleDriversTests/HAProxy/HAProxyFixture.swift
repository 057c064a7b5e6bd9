import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

#if canImport(Glibc)
    import Glibc
#endif

/// A real HAProxy on loopback with an admin socket in a directory of its own, before small real web servers.
final class HAProxyFixture: @unchecked Sendable {
    struct Unavailable: Error {}

    static let executable = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/opt/homebrew/bin/haproxy"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Whether tests that need HAProxy can run. In CI it is installed, and its absence is a failure, never a skip.
    static var isAvailable: Bool {
        executable != nil || ProcessInfo.processInfo.environment["CI"] != nil
    }

    let directory: URL
    let backends: [WebServerFixture]
    private var process: Process?

    var socketPath: String { directory.appending(path: "admin.sock").path }

    /// - Parameters:
    ///   - options: what follows each server's address in the configuration.
    ///   - more: what else stands in the configuration, made of the fixture's directory and the servers' lines.
    init(
        servers: Int = 2, options: String = "check inter 100ms rise 2 fall 2 weight 100",
        more: (URL, [String]) throws -> String = { _, _ in "" }
    ) async throws {
        guard Self.executable != nil else {
            Issue.record("haproxy is not installed: apt-get install haproxy")
            throw Unavailable()
        }
        directory = FileManager.default.temporaryDirectory.appending(path: "fettle-h\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var backends: [WebServerFixture] = []
        for _ in 0..<servers { backends.append(try await WebServerFixture()) }
        self.backends = backends
        let lines = backends.enumerated().map { index, backend in
            "  server web-\(index + 1) 127.0.0.1:\(backend.port) \(options)"
        }
        let configuration = """
            global
              stats socket \(directory.path)/admin.sock mode 600 level admin
              stats socket \(directory.path)/reader.sock mode 600 level user
            defaults
              mode http
              timeout connect 1s
              timeout client 30s
              timeout server 30s
              timeout check 5s
            frontend web
              bind unix@\(directory.path)/front.sock
              default_backend web
            backend web
              balance roundrobin
              option httpchk GET /health
            \(lines.joined(separator: "\n"))
            \(try more(directory, lines))

            """
        try configuration.write(to: directory.appending(path: "haproxy.cfg"), atomically: true, encoding: .utf8)
        try await start()
        try await eventually("every server is up by a check") {
            try await self.client.view(of: "web").allSatisfy {
                $0.isInService && $0.statistics.lastCheckPassed != false && $0.statistics.checkHealth?.isFull != false
            }
        }
    }

    deinit {
        process?.end()
        try? FileManager.default.removeItem(at: directory)
    }

    func start() async throws {
        let process = Process()
        process.executableURL = URL(filePath: Self.executable ?? "")
        process.arguments = ["-db", "-q", "-f", directory.appending(path: "haproxy.cfg").path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        try await eventually("HAProxy answers") {
            (try? await self.client.view(of: "web").count) == self.backends.count
        }
    }

    func stop() {
        process?.end()
        process = nil
    }

    var client: HAProxyClient { HAProxyClient(socket: LocalAdminSocket(path: socketPath, place: "fixture")) }

    func ask(_ command: String) async throws -> String {
        try await LocalAdminSocket(path: socketPath, place: "fixture").ask(command)
    }

    func view(_ server: String) async throws -> ServerView {
        try await client.view(of: HAProxyServerName(backend: "web", server: server, place: "fixture"))
    }

    /// The status of a GET through the balancer; nil if the answer was cut.
    func get(_ path: String, at front: String = "front.sock") async throws -> Int? {
        let request = "GET \(path) HTTP/1.1\r\nHost: fettle\r\nConnection: close\r\n\r\n"
        let bytes = try await SocketConversation.hold(
            with: .unix(directory.appending(path: front).path), sending: Array(request.utf8), limit: 4_000_000,
            timeout: .seconds(20))
        guard case .complete(let response) = HTTPResponse.parse(bytes, isWhole: true) else { return nil }
        return response.status
    }

    func traffic(backend: String = "web", serverName: String = "{id}", drainTimeoutSeconds: Int = 120) -> TrafficBinding
    {
        TrafficBinding(
            driver: "haproxy", via: "lb-1", address: .local, endpoint: socketPath, backend: backend,
            serverName: serverName, drainTimeoutSeconds: drainTimeoutSeconds)
    }
}

/// A web server of its own process: `/health` answers 200 until the file `down` lies in its directory, `/slow?2` takes two
/// seconds, `/held` as long as nobody releases it, everything else answers at once.
final class WebServerFixture: @unchecked Sendable {
    private static let program = """
        import http.server, os, socketserver, sys, time, uuid
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith('/slow'): time.sleep(float(self.path.split('?')[1]))
                if self.path == '/held':
                    open('held-' + uuid.uuid4().hex, 'w').close()
                    while not os.path.exists('released'): time.sleep(0.02)
                status = 503 if self.path == '/health' and os.path.exists('down') else 200
                if self.path == '/moved': status = 302
                body = b'hello from fettle' * (60000 if self.path == '/big' else 1)
                self.send_response(status)
                if status == 302: self.send_header('Location', '/health')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *arguments): pass
        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
        server = Server(('127.0.0.1', int(sys.argv[1])), Handler)
        with open('port.new', 'w') as file: file.write(str(server.server_address[1]))
        os.rename('port.new', 'port')
        server.serve_forever()
        """

    /// 0 until the system has chosen one.
    private(set) var port = 0
    private let directory: URL
    private var process = Process()

    init() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "fettle-w\(UInt32.random(in: 0 ... .max))")
        self.directory = directory
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try await start()
    }

    /// Again on the port that it had.
    func start() async throws {
        try? FileManager.default.removeItem(at: directory.appending(path: "port"))
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, String(port)]
        process.currentDirectoryURL = directory
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        // Only the system can choose a port that nobody else has.
        do { port = try await number(in: directory.appending(path: "port")) } catch {
            process.end()
            throw error
        }
    }

    deinit {
        process.end()
        try? FileManager.default.removeItem(at: directory)
    }

    func stop() { process.end() }

    /// How many requests for `/held` have come.
    var heldCount: Int {
        let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path)
        return names?.count { $0.hasPrefix("held-") } ?? 0
    }

    /// Answers those that are held, and all that come afterwards.
    func release() throws { try Data().write(to: directory.appending(path: "released")) }

    func setHealthy(_ isHealthy: Bool) throws {
        let file = directory.appending(path: "down")
        if isHealthy {
            try? FileManager.default.removeItem(at: file)
        } else {
            try Data().write(to: file)
        }
    }
}

struct TimedOut: Error, CustomStringConvertible {
    let description: String
}

/// Waits until the condition holds; an error in it counts as not yet.
func eventually(
    _ what: String, within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while true {
        // Whoever has slept through the end, because all processors were busy, still looks once more.
        let isLast = clock.now >= end
        if (try? await condition()) == true { return }
        if isLast { break }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw TimedOut(description: "not in time: \(what)")
}

/// The number in a file that another process is about to write.
func number(in file: URL) async throws -> Int {
    var number: Int?
    try await eventually("\(file.lastPathComponent) is there") {
        number = Int(try String(contentsOf: file, encoding: .utf8))
        return number != nil
    }
    guard let number else { throw TimedOut(description: "no number in \(file.lastPathComponent)") }
    return number
}

/// Channels that must not be asked.
struct NoChannels: ChannelProvider {
    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
        throw AccessError(.unreachable, "there are no channels here", host: address.host)
    }
}

enum TrafficSteps {
    static func step(_ action: StepAction, on resource: ResourceID = "web-1", timeoutSeconds: Int = 20) -> Step {
        Step(
            id: StepID("\(resource)/\(action.name)"), resource: resource, group: "web", wave: 0, action: action,
            after: [],
            availability: .none, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 5), timeoutSeconds: timeoutSeconds)
    }

    static func context(
        prior: PriorState? = nil, targets: [PlanTarget] = [], groups: [PlannedGroup] = [],
        intendedAt: Timestamp = .now()
    ) -> StepContext {
        let plan = Plan(
            id: "plan", title: "test", selection: StageReference(id: "s", digest: Digest(rawValue: "0")),
            createdAt: .now(), environments: [], targets: targets, groups: groups, steps: [], rollback: [],
            limits: PlanLimits())
        return StepContext(run: "run", plan: plan, attempt: 1, intendedAt: intendedAt, prior: prior)
    }
}
