import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// Real keepalived on two or three members, each in a network namespace of its own, on a bridge in another one.
final class KeepalivedFixture: @unchecked Sendable {
    struct Unavailable: Error {}

    static let program = "/usr/sbin/keepalived"
    /// Namespaces need root. In CI keepalived is installed, and its absence is a failure, never a skip.
    static var isAvailable: Bool {
        let isThere = FileManager.default.isExecutableFile(atPath: program)
        return geteuid() == 0 && (isThere || ProcessInfo.processInfo.environment["CI"] != nil)
    }

    static let address = "10.99.0.100"

    let directory: URL
    let members: [ResourceID]
    private let name = "fk\(UInt16.random(in: 0 ... .max))"
    private var processes: [ResourceID: Process] = [:]
    private let base = LocalConnection()

    init(members count: Int = 2) async throws {
        guard FileManager.default.isExecutableFile(atPath: Self.program) else {
            Issue.record("keepalived is not installed: apt-get install keepalived")
            throw Unavailable()
        }
        members = (1...count).map { ResourceID("lb-\($0)") }
        directory = FileManager.default.temporaryDirectory.appending(path: "fettle-\(name)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try await network()
        for (index, member) in members.enumerated() {
            try configuration(member, priority: 150 - 10 * index)
                .write(to: directory.appending(path: "\(member).conf"), atomically: true, encoding: .utf8)
            // As keepalived sees it: the same path on every member.
            let folder = directory.appending(path: member.rawValue)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try "0\n".write(to: folder.appending(path: "priority"), atomically: true, encoding: .utf8)
            try start(member)
        }
        try await eventually("the first has the address alone") { try await self.holders() == ["lb-1"] }
    }

    deinit {
        for member in members { stop(member) }
        let all = members.map { namespace($0) } + [name]
        let script = all.map { "ip netns del \($0)" }.joined(separator: "; ")
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        try? process.run()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    // MARK: What it is made of

    private func namespace(_ member: ResourceID) -> String { "\(name)-\(member)" }

    private func network() async throws {
        var script =
            "set -e\nip netns add \(name)\nip -n \(name) link add bridge0 type bridge\nip -n \(name) link set bridge0 up\n"
        for (index, member) in members.enumerated() {
            let own = namespace(member)
            script += """
                ip netns add \(own)
                ip -n \(own) link add eth0 type veth peer name p\(index) netns \(name)
                ip -n \(name) link set p\(index) master bridge0 up
                ip -n \(own) link set lo up
                ip -n \(own) link set eth0 up
                ip -n \(own) addr add 10.99.0.\(index + 1)/24 dev eth0

                """
        }
        let result = try await base.channel(to: .local).run(RemoteCommand(script: script))
        try #require(result.succeeded, "\(result.errorText)")
    }

    private func configuration(_ member: ResourceID, priority: Int) -> String {
        """
        global_defs { router_id \(member) }
        track_file fettle { file \(directory.path)/\(member)/priority
          weight 1 }
        vrrp_instance web {
          state BACKUP
          interface eth0
          virtual_router_id 51
          priority \(priority)
          advert_int 0.2
          version 3
          virtual_ipaddress { \(Self.address)/24 }
          track_file { fettle weight 1 }
        }

        """
    }

    func start(_ member: ResourceID) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/sbin/ip")
        process.arguments = [
            "netns", "exec", namespace(member), Self.program, "--dont-fork", "--vrrp", "--log-console",
            "--use-file=\(directory.path)/\(member).conf", "--pid=\(pidFile(member))",
            "--vrrp_pid=\(pidFile(member)).vrrp",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        processes[member] = process
    }

    /// In order: keepalived takes the address away, and its child with it.
    func stop(_ member: ResourceID) {
        guard let process = processes.removeValue(forKey: member) else { return }
        kill(process.processIdentifier, SIGTERM)
        for _ in 0..<300 where !process.hasEnded { usleep(10_000) }
        process.end()
        try? FileManager.default.removeItem(atPath: pidFile(member))
    }

    func pidFile(_ member: ResourceID) -> String { directory.appending(path: "\(member).pid").path }

    // MARK: What tests ask

    func value(of member: ResourceID) throws -> String {
        try String(contentsOf: directory.appending(path: "\(member)/priority"), encoding: .utf8)
    }

    func set(_ text: String, of member: ResourceID) throws {
        try text.write(to: directory.appending(path: "\(member)/priority"), atomically: true, encoding: .utf8)
    }

    func holders() async throws -> [ResourceID] {
        var all: [ResourceID] = []
        for member in members {
            let script = "ip -n \(namespace(member)) -o addr show | grep -c ' \(Self.address)/'"
            let result = try await base.channel(to: .local).run(RemoteCommand(script: script))
            if result.outputText.hasPrefix("1") { all.append(member) }
        }
        return all
    }

    /// Who answers the address, by its link's address, as somebody else in the network sees it.
    func answering() async throws -> ResourceID? {
        let script = """
            ip -n \(name) addr add 10.99.0.250/24 dev bridge0 2>/dev/null
            ip -n \(name) neigh flush dev bridge0
            ip netns exec \(name) python3 -c 'import socket; socket.socket(2, 2).sendto(b"x", ("\(Self.address)", 9))'
            sleep 0.5
            ip -n \(name) neigh show \(Self.address)
            for m in \(members.map(\.rawValue).joined(separator: " ")); do
            echo "$m $(ip -n \(name)-$m -o link show eth0)"; done
            """
        let text = try await base.channel(to: .local).run(RemoteCommand(script: script)).outputText
        let lines = text.split(separator: "\n")
        guard let words = lines.first?.split(separator: " "), let place = words.firstIndex(of: "lladdr") else {
            return nil
        }
        return members.first { member in
            lines.contains { $0.hasPrefix("\(member) ") && $0.contains(words[place + 1]) }
        }
    }

    // MARK: Drivers

    /// Commands run in the member's namespace, on the member's own track file at the one path of the binding.
    var channels: any ChannelProvider { Members(fixture: self) }
    var drain: KeepalivedDrainDriver { KeepalivedDrainDriver(channels: channels, pidFile: { self.pidFile($0) }) }
    var restore: KeepalivedRestoreDriver { KeepalivedRestoreDriver(channels: channels, pidFile: { self.pidFile($0) }) }

    func traffic(drainTimeoutSeconds: Int = 20) -> TrafficBinding {
        TrafficBinding(
            driver: "keepalived", via: "lb-1", address: .ssh("lb-1"), endpoint: "/etc/keepalived/fettle/priority",
            backend: Self.address, drainTimeoutSeconds: drainTimeoutSeconds)
    }

    func context(prior: PriorState? = nil) -> StepContext {
        let addresses = Dictionary(members.map { ($0, ResourceAddress.ssh($0.rawValue)) }) { first, _ in first }
        let group = PlannedGroup(
            id: "web", members: members, minimumAvailable: 1, maximumOut: 1, traffic: traffic(), probes: [],
            memberAddresses: addresses)
        return TrafficSteps.context(prior: prior, groups: [group])
    }

    func step(_ action: StepAction, on member: ResourceID = "lb-1") -> Step { TrafficSteps.step(action, on: member) }

    func drained(_ member: ResourceID = "lb-1") async throws -> PriorState {
        let step = step(.drain(traffic: traffic()), on: member)
        let readiness = await drain.check(step, in: context())
        guard case .ready(let prior?) = readiness else {
            throw TimedOut(description: "the drain is not ready: \(readiness)")
        }
        try await drain.perform(step, in: context(prior: prior))
        #expect(try await drain.verify(step, in: context(prior: prior)).verdict == .pass)
        return prior
    }

    private struct Members: ChannelProvider {
        let fixture: KeepalivedFixture

        func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
            guard let member = fixture.members.first(where: { address == .ssh($0.rawValue) }) else {
                throw AccessError(.unreachable, "no such member", host: address.host)
            }
            return Member(fixture: fixture, member: member)
        }
    }

    private struct Member: CommandChannel {
        let fixture: KeepalivedFixture
        let member: ResourceID

        func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
            guard case .script(let text) = command.program else {
                throw AccessError(.invalidCommand, "nothing here needs root", host: member.rawValue)
            }
            let own = text.replacing(
                "/etc/keepalived/fettle", with: fixture.directory.appending(path: member.rawValue).path)
            let words = (try? shellQuoted(own)) ?? ""
            let inside = RemoteCommand(
                script: "exec ip netns exec \(fixture.namespace(member)) /bin/sh -c \(words)", timeout: command.timeout,
                outputLimit: command.outputLimit)
            return try await fixture.base.channel(to: .local).run(inside)
        }

        func close() async {}
    }
}
