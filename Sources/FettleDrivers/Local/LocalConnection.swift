public import FettleDriverKit
public import FettleModel

/// Commands on this machine: the same channel as over ssh, with `/bin/sh` as the child.
public final class LocalConnection: ChannelProvider {
    private let shell: FramedShell

    public init() {
        let gate = ConnectionGate(handshakes: 1, connections: 1, idleTime: .seconds(120))
        shell = FramedShell(Self.specification(executable: "/bin/sh", arguments: []), gate: gate)
    }

    public func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
        guard address.transport == .local else {
            throw AccessError(.invalidCommand, "not an address of this machine", host: address.host)
        }
        try await shell.connect()
        return shell
    }

    public func shutDown() async { await shell.shutDown() }

    static func specification(executable: String, arguments: [String]) -> ShellSpecification {
        ShellSpecification(
            host: "local", executable: executable, arguments: arguments,
            environment: ChildEnvironment.login, openTimeout: .seconds(10),
            diagnose: { host, _, opening, words in
                let message = opening ? "\(executable) gave no shell" : "the shell ended"
                return AccessError(
                    opening ? .spawn : .disconnected, message, host: host, cause: SafeText.lastLines(of: words))
            })
    }
}
