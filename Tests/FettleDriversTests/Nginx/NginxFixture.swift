import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// A real nginx with two workers in a directory of its own, before small real web servers; what it does not serve it does not try
/// elsewhere.
final class NginxFixture: @unchecked Sendable {
    struct Unavailable: Error {}

    static let program = "/usr/sbin/nginx"
    /// It is asked as root, as in production. In CI it is installed, and its absence is a failure, never a skip.
    static var isAvailable: Bool {
        let isThere = FileManager.default.isExecutableFile(atPath: program)
        return geteuid() == 0 && (isThere || ProcessInfo.processInfo.environment["CI"] != nil)
    }

    let directory: URL
    let backends: [WebServerFixture]
    let channels = LocalConnection()
    private var process: Process?

    var serversPath: String { directory.appending(path: "web.servers").path }
    var installation: NginxInstallation {
        NginxInstallation(
            program: Self.program, pidFiles: [directory.appending(path: "nginx.pid").path],
            options: ["-c", directory.appending(path: "nginx.conf").path])
    }

    /// - Parameter line: of each server, by its number and its port.
    init(
        servers: Int = 2,
        line: (Int, Int) -> String = { "server 127.0.0.1:\($1) weight=5 max_fails=0;\t# web-\($0)" }
    ) async throws {
        guard FileManager.default.isExecutableFile(atPath: Self.program) else {
            Issue.record("nginx is not installed: apt-get install nginx")
            throw Unavailable()
        }
        directory = FileManager.default.temporaryDirectory.appending(path: "fettle-n\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
        var backends: [WebServerFixture] = []
        for _ in 0..<servers { backends.append(try await WebServerFixture()) }
        self.backends = backends
        let lines = backends.enumerated().map { line($0 + 1, $1.port) }
        try write("# the pool web\n\(lines.joined(separator: "\n"))\n# end", to: "web.servers")
        try configure()
        try await start()
    }

    deinit {
        process?.end()
        try? FileManager.default.removeItem(at: directory)
    }

    /// - Parameter extra: what stands in `http` besides.
    func configure(extra: String = "") throws {
        try write(
            """
            daemon off;
            worker_processes 2;
            pid \(directory.path)/nginx.pid;
            error_log \(directory.path)/error.log notice;
            events {}
            http {
              access_log off;
              client_body_temp_path \(directory.path)/t1; proxy_temp_path \(directory.path)/t2;
              fastcgi_temp_path \(directory.path)/t3; uwsgi_temp_path \(directory.path)/t4;
              scgi_temp_path \(directory.path)/t5;
              upstream other { server 127.0.0.1:9; }
              upstream web {
                include \(serversPath);
              }
              server {
                listen unix:\(directory.path)/front.sock;
                location / { proxy_pass http://web; proxy_next_upstream off; add_header X-Server $upstream_addr; }
              }
              \(extra)
            }
            """, to: "nginx.conf")
    }

    /// As packages start it: nginx changes its program only where its parent is not who started it.
    func startAsDaemon() async throws {
        let path = directory.appending(path: "nginx.conf").path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try write(text.replacing("daemon off;", with: "daemon on;"), to: "nginx.conf")
        let words = ([Self.program] + installation.options).joined(separator: " ")
        let result = try await channels.channel(to: .local).run(RemoteCommand(script: "\(words) >/dev/null 2>&1"))
        try #require(result.succeeded)
        try await eventually("nginx has its workers") { try await self.view().serving.count == 2 }
    }

    /// The master whose id is in the file of that name, where there is one.
    func master(_ name: String = "nginx.pid") throws -> Int32 {
        var text = ""
        // The file is there a moment before the number is in it.
        for _ in 0..<100 where text.isEmpty {
            text = try String(contentsOf: directory.appending(path: name), encoding: .utf8)
            if text.isEmpty { usleep(50_000) }
        }
        return try #require(Int32(text.split(separator: "\n").first ?? ""))
    }

    /// All that `startAsDaemon` has left.
    func endDaemons() {
        for name in ["nginx.pid", "nginx.pid.oldbin"] {
            guard let master = try? master(name) else { continue }
            let children = try? String(contentsOfFile: "/proc/\(master)/task/\(master)/children", encoding: .utf8)
            for id in [master] + (children ?? "").split(separator: " ").compactMap({ Int32($0) }) { kill(id, SIGKILL) }
        }
    }

    func start() async throws {
        let process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.arguments = installation.options
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        try await eventually("nginx has its workers") { try await self.view().serving.count == 2 }
    }

    /// In order, so that the socket is free again.
    func stop() async throws {
        guard let process else { return }
        kill(process.processIdentifier, SIGTERM)
        try await eventually("nginx has ended") { process.hasEnded }
        self.process = nil
    }

    func write(_ text: String, to name: String) throws {
        try text.write(to: directory.appending(path: name), atomically: true, encoding: .utf8)
    }

    var servers: String {
        get throws { try String(contentsOfFile: serversPath, encoding: .utf8) }
    }

    func host(_ channels: (any ChannelProvider)? = nil) throws -> NginxHost {
        try NginxHost(traffic(), channels: channels ?? self.channels, installation: installation)
    }

    func view() async throws -> NginxView { try await host().look() }

    func reload() throws {
        kill(process?.processIdentifier ?? 0, SIGHUP)
    }

    func drain(_ channels: (any ChannelProvider)? = nil) -> NginxDrainDriver {
        NginxDrainDriver(channels: channels ?? self.channels, installation: installation)
    }

    func restore(_ channels: (any ChannelProvider)? = nil) -> NginxRestoreDriver {
        NginxRestoreDriver(channels: channels ?? self.channels, installation: installation)
    }

    func traffic(
        backend: String = "web", serverName: String = "{id}", drainTimeoutSeconds: Int = 120
    ) -> TrafficBinding {
        TrafficBinding(
            driver: "nginx", via: "lb-1", address: .local, endpoint: serversPath, backend: backend,
            serverName: serverName, drainTimeoutSeconds: drainTimeoutSeconds)
    }

    /// Which server answered a GET, by its number; nil where none did with 200.
    func get(_ path: String = "/") async throws -> Int? {
        let request = "GET \(path) HTTP/1.1\r\nHost: fettle\r\nConnection: close\r\n\r\n"
        let bytes = try await SocketConversation.hold(
            with: .unix(directory.appending(path: "front.sock").path), sending: Array(request.utf8), limit: 4_000_000,
            timeout: .seconds(300))
        guard case .complete(let response) = HTTPResponse.parse(bytes, isWhole: true), response.status == 200 else {
            return nil
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return backends.firstIndex { text.contains("127.0.0.1:\($0.port)") }.map { $0 + 1 }
    }

    /// Requests that workers have, and that end when they are let go.
    func holding(_ count: Int = 4) async throws -> [Task<Int?, any Error>] {
        let requests = (0..<count).map { _ in Task { try await get("/held") } }
        try await eventually("the requests are held") { backends.reduce(0) { $0 + $1.heldCount } == count }
        return requests
    }

    /// - Returns: by which servers they were answered.
    func letGo(_ requests: [Task<Int?, any Error>]) async throws -> [Int?] {
        for backend in backends { try backend.release() }
        var answers: [Int?] = []
        for request in requests { answers.append(try await request.value) }
        return answers
    }

    /// Which servers answer, of many requests.
    func answering(_ count: Int = 24) async throws -> Set<Int?> {
        var all: Set<Int?> = []
        for _ in 0..<count { all.insert(try await get()) }
        return all
    }

    /// What is done in the fixture, in the order of a run: the state that the journal would hold.
    func drained(_ member: ResourceID = "web-1") async throws -> PriorState {
        let step = TrafficSteps.step(.drain(traffic: traffic()), on: member)
        guard case .ready(let prior?) = await drain().check(step, in: TrafficSteps.context()) else {
            throw TimedOut(description: "the drain is not ready")
        }
        let context = TrafficSteps.context(prior: prior)
        try await drain().perform(step, in: context)
        #expect(try await drain().verify(step, in: context).verdict == .pass)
        return prior
    }
}

/// Channels to this machine on which scripts run as something else makes them.
struct ScriptChannels: ChannelProvider, CommandChannel {
    private let base = LocalConnection()
    let script: @Sendable (String) -> String

    init(_ script: @escaping @Sendable (String) -> String) { self.script = script }

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        guard case .script(let text) = command.program else { return try await base.channel(to: .local).run(command) }
        let other = RemoteCommand(
            script: script(text), input: command.input, timeout: command.timeout, outputLimit: command.outputLimit)
        return try await base.channel(to: .local).run(other)
    }

    func close() async {}
}

/// Channels that end after so many commands, as if Fettle had been killed there: the last one has run.
final class KilledChannels: ChannelProvider, CommandChannel, @unchecked Sendable {
    private let base: any ChannelProvider
    private let lock = NSLock()
    private var left: Int
    private(set) var scripts: [String] = []
    private(set) var roots: [RootCommand] = []

    init(_ base: any ChannelProvider, after count: Int) { (self.base, left) = (base, count) }

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        let goesOn = lock.withLock {
            switch command.program {
            case .script(let text): scripts.append(text)
            case .root(let root): roots.append(root)
            }
            left -= 1
            return left >= 0
        }
        guard goesOn else { throw AccessError(.cancelled, "killed", host: "local") }
        return try await base.channel(to: .local).run(command)
    }

    func close() async {}
}
