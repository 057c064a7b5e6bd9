public import FettleDriverKit
public import FettleModel

/// The channels to all targets that Fettle can reach: over ssh, and on this machine.
public struct HostConnections: ChannelProvider {
    private let ssh: SSHConnections
    private let local: LocalConnection

    public init(_ configuration: SSHConfiguration = SSHConfiguration()) {
        ssh = SSHConnections(configuration)
        local = LocalConnection()
    }

    public func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
        switch address.transport {
        case .ssh: try await ssh.channel(to: address)
        case .local: try await local.channel(to: address)
        case .none:
            throw AccessError(.invalidCommand, "the resource is only tracked: it has no address", host: address.host)
        }
    }

    /// Hangs up everywhere. For the end of the process; what is asked afterwards fails.
    public func shutDown() async {
        async let first: Void = ssh.shutDown()
        async let second: Void = local.shutDown()
        _ = await (first, second)
    }
}
