public import FettleDriverKit
public import FettleModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Channels to hosts over OpenSSH: one connection a host, shared by all who ask for the same address.
public actor SSHConnections: ChannelProvider {
    private let configuration: SSHConfiguration
    private let gate: ConnectionGate
    private var channels: [ResourceAddress: FramedShell] = [:]
    private var isShutDown = false

    public init(_ configuration: SSHConfiguration = SSHConfiguration()) {
        self.configuration = configuration
        // Three descriptors a connection, six while it starts; a quarter is left for everything else.
        let room = max(1, DescriptorLimit.raise() / 4)
        gate = ConnectionGate(
            handshakes: configuration.handshakes, connections: min(configuration.connections, room),
            idleTime: configuration.idleTime)
    }

    public func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
        let channel = try self.shell(to: address)
        try await channel.connect()
        return channel
    }

    /// Hangs up everywhere, for good.
    public func shutDown() async {
        isShutDown = true
        let all = channels.values
        channels = [:]
        await withTaskGroup(of: Void.self) { group in
            for channel in all { group.addTask { await channel.shutDown() } }
        }
    }

    private func shell(to address: ResourceAddress) throws(AccessError) -> FramedShell {
        let host = SSHCommandLine.name(of: address)
        guard !isShutDown else { throw AccessError(.unreachable, "the connections were closed", host: host) }
        guard address.transport == .ssh else {
            throw AccessError(.invalidCommand, "not an address for ssh", host: host)
        }
        if let channel = channels[address] { return channel }
        let channel = FramedShell(try specification(for: address, host: host), gate: gate)
        if channels.isEmpty { gate.onFull { [weak self] in await self?.closeOneIdle() } }
        channels[address] = channel
        return channel
    }

    private func closeOneIdle() async {
        for channel in channels.values where await channel.closeIfIdle(for: .milliseconds(100)) { return }
    }

    private func specification(for address: ResourceAddress, host: String) throws(AccessError) -> ShellSpecification {
        let environment = ChildEnvironment.own
        guard let program = ChildSpawn.find(configuration.program, path: environment["PATH"] ?? "/usr/bin:/bin") else {
            throw AccessError(.spawn, "the OpenSSH client `\(configuration.program)` is not there", host: host)
        }
        return ShellSpecification(
            host: host, executable: program, arguments: try SSHCommandLine.arguments(for: address, configuration),
            environment: SSHCommandLine.environment(from: environment), openTimeout: configuration.openTimeout,
            diagnose: SSHDiagnosis.error)
    }
}
