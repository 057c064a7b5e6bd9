/// How Fettle uses OpenSSH. What is not said here the user's `ssh_config`, agent and `known_hosts` say.
public struct SSHConfiguration: Sendable, Hashable {
    /// The client: a path, or a name that is looked up on the `PATH`.
    public var program = "ssh"
    /// Given to ssh as `-F`, in place of the user's and the system's configuration.
    public var configurationFile: String?
    /// Further options as `ssh_config` writes them, such as `IdentityFile=/etc/fettle/key`. They go before the user's
    /// configuration, and behind what Fettle needs: they cannot switch the check of host keys off.
    public var options: [String] = []
    public var hostKeys = HostKeys.known
    /// For the TCP connection and the handshake; in whole seconds, at least 1.
    public var connectTimeout = Duration.seconds(10)
    /// For all until the shell answers: connection, handshake, jump hosts, a slow login shell.
    public var openTimeout = Duration.seconds(30)
    /// A connection on which the server has not answered for `aliveInterval` times `aliveCount` is dead.
    public var aliveInterval = Duration.seconds(10)
    public var aliveCount = 3
    /// Handshakes at once; see `ConnectionGate`.
    public var handshakes = 20
    /// Connections open at once. More hosts than that take turns.
    public var connections = 1_000
    /// A connection that nobody used for so long is closed.
    public var idleTime = Duration.seconds(120)

    public init() {}

    /// Which host keys are good. There is no choice that takes a changed key.
    public enum HostKeys: String, Sendable, CaseIterable {
        /// Only keys that `known_hosts` (or what the user's configuration names) has.
        case known = "yes"
        /// A host that was never seen is believed once, and its key is kept.
        case acceptNew = "accept-new"
    }
}
