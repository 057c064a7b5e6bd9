import FettleDriverKit
import FettleInventory
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// The ways to an admin socket, with others than HAProxy at its end.
@Suite("Admin socket", .serialized, .timeLimit(.minutes(10)))
struct AdminSocketTests {
    @Test("An answer that comes byte by byte is read, and cut at the time limit", arguments: [true, false])
    func byteByByte(comesInTime: Bool) async throws {
        let server = try await SocketServerFixture(.slowly(bytes: comesInTime ? 20 : 1_000_000))
        let socket = LocalAdminSocket(path: server.path, place: "test", timeout: .seconds(comesInTime ? 60 : 1))
        if comesInTime {
            #expect(try await socket.ask("show info") == String(repeating: "x", count: 20))
        } else {
            await #expect { try await socket.ask("show info") } throws: { ($0 as? HAProxyError)?.code == .timeout }
        }
    }

    @Test("An answer of 100 MB is cut at the limit")
    func tooMuch() async throws {
        let server = try await SocketServerFixture(.quickly(bytes: 100_000_000))
        let socket = LocalAdminSocket(path: server.path, place: "test", limit: 1_000_000)
        await #expect { try await socket.ask("show info") } throws: { ($0 as? HAProxyError)?.code == .malformed }
    }

    @Test("No answer, an empty one, and garbage are errors, never a state")
    func noAnswer() async throws {
        let silent = try await SocketServerFixture(.never)
        let socket = LocalAdminSocket(path: silent.path, place: "test", timeout: .milliseconds(300))
        await #expect { try await socket.ask("show info") } throws: { ($0 as? HAProxyError)?.code == .timeout }
        for behaviour in [SocketServerFixture.Behaviour.quickly(bytes: 0), .quickly(bytes: 5_000)] {
            let server = try await SocketServerFixture(behaviour)
            let client = HAProxyClient(socket: LocalAdminSocket(path: server.path, place: "test"))
            await #expect { try await client.view(of: "web") } throws: { ($0 as? HAProxyError)?.code == .malformed }
        }
    }

    @Test("Waiting for an answer ends when the task is cancelled")
    func cancellation() async throws {
        let silent = try await SocketServerFixture(.never)
        let socket = LocalAdminSocket(path: silent.path, place: "test", timeout: .seconds(60))
        let asking = Task { try await socket.ask("show info") }
        try await Task.sleep(for: .milliseconds(100))
        asking.cancel()
        await #expect { try await asking.value } throws: { ($0 as? HAProxyError)?.code == .cancelled }
    }

    // MARK: Through a command channel

    /// The relays that are on this machine.
    static let relays = ["socat", "nc", "perl", "python3"].filter { ShellScript.path(of: $0) != nil }

    @Test("Every relay passes a question on and brings the whole answer", arguments: relays)
    func relay(program: String) async throws {
        let fixture = try await HAProxyFixture()
        let socket = RelayedAdminSocket(
            path: fixture.socketPath, address: .local, channels: NoChannels(), place: "test")
        let result = try ShellScript.run(
            socket.script, input: "show servers state web\n", programs: [program, "grep"])
        #expect(result.status == 0)
        let servers = try ServersStateParser.parse(result.output, place: "test")
        #expect(servers.map(\.name.server) == ["web-1", "web-2"])
    }

    @Test("Without a relay, a socket or the right to it, the error says what to do")
    func relayErrors() async throws {
        let fixture = try await HAProxyFixture()
        func script(_ path: String) -> String {
            RelayedAdminSocket(path: path, address: .local, channels: NoChannels(), place: "test").script
        }
        let none = try ShellScript.run(script(fixture.socketPath), input: "", programs: ["grep"])
        #expect(none.status == RelayedAdminSocket.Status.noRelay)
        let missing = try ShellScript.run(script("/nonexistent/socket"), input: "", programs: ["grep"])
        #expect(missing.status == RelayedAdminSocket.Status.noSocket)
        if getuid() == 0 {
            let other = try ShellScript.run(
                script(fixture.socketPath), input: "", programs: ["grep", "socat"], as: "nobody")
            #expect(other.status == RelayedAdminSocket.Status.noPermission)
        }
        let local = LocalConnection()
        let socket = RelayedAdminSocket(
            path: "/nonexistent/socket", address: .local, channels: local, place: "test")
        await #expect { try await socket.ask("show info") } throws: { ($0 as? HAProxyError)?.code == .unreachable }
        await local.shutDown()
    }

    @Test("A drain through a command channel is the same as through the socket itself")
    func drainThroughChannel() async throws {
        let fixture = try await HAProxyFixture()
        let local = LocalConnection()
        let socket = RelayedAdminSocket(path: fixture.socketPath, address: .local, channels: local, place: "test")
        let client = HAProxyClient(socket: socket)
        let name = try HAProxyServerName(backend: "web", server: "web-2", place: "test")
        try await client.set(name, to: .drain)
        let relayed = try await client.view(of: name)
        let direct = try await fixture.view("web-2")
        #expect(relayed.state == direct.state && relayed.state.administrative == .drain)
        await local.shutDown()
    }

    @Test("The only root command is the one that the sudo rule permits")
    func sudoRule() throws {
        let rules = try RelayedAdminSocket.sudoRules(path: "/run/haproxy/admin.sock")
        #expect(rules.count == 1)
        #expect(rules[0].permits(RelayedAdminSocket.rootCommand(path: "/run/haproxy/admin.sock")))
        #expect(!rules[0].permits(RelayedAdminSocket.rootCommand(path: "/run/other.sock")))
        let text = try SudoersFile(user: "fettle", rules: rules).text()
        #expect(text.contains("/usr/bin/socat"))
    }
}

/// Whoever writes `fleet.yaml` is told what the driver would refuse, and of nothing that it takes.
@Suite struct SocketPathTests {
    @Test(arguments: [
        "/", "/x", "/run/haproxy/admin.sock", "relative.sock", "x", "./x", "/run/../x", "//x", "/a b", "/a,b", "/a:b",
        "/a!b",
        "/ü", "/" + String(repeating: "x", count: 106), "/" + String(repeating: "x", count: 107), "/run/a@b/c+d_e-f.g",
        "ipv4@127.0.0.1", "~/x", "/$x", "/x;",
    ])
    func theReaderAndTheDriverTakeTheSame(_ path: String) {
        let text = """
            version: 1
            defaults: {environment: dev}
            resources: [a, b, lb]
            groups: [{id: g, members: [a, b], traffic: {driver: haproxy, via: lb, endpoint: "\(path)", backend: web}}]
            """
        #expect(((try? FleetFile.parse(text)) != nil) == HAProxyNames.isSocketPath(path))
    }
}
