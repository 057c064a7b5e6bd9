internal import FettleDriverKit
internal import FettleModel

/// A way to HAProxy's admin socket (`stats socket` in its configuration).
protocol AdminSocket: Sendable {
    /// For messages: the socket and its machine.
    var place: String { get }
    /// Sends one line and gives back all that HAProxy answers.
    func ask(_ command: String) async throws(HAProxyError) -> String
}

enum AdminSocketLimits {
    /// HAProxy prints about 600 bytes for each server.
    static let answerBytes = 8 * 1_024 * 1_024
    static let timeout = Duration.seconds(10)
}

/// The way to a group's HAProxy: its socket itself where it is on this machine, else through the command channel to it.
struct AdminSockets: Sendable {
    let channels: any ChannelProvider
    private let numbers = BackendNumbers()

    init(channels: any ChannelProvider) { self.channels = channels }

    func client(of traffic: TrafficBinding) throws(HAProxyError) -> HAProxyClient {
        HAProxyClient(socket: try socket(of: traffic), numbers: numbers)
    }

    func socket(of traffic: TrafficBinding) throws(HAProxyError) -> any AdminSocket {
        let place = "HAProxy on \(SafeText.lastLines(of: traffic.via.rawValue) ?? "?")"
        guard HAProxyNames.isSocketPath(traffic.endpoint) else {
            throw HAProxyError(
                .invalidName,
                "its endpoint must be the absolute path of its admin socket, of A-Z a-z 0-9 / - _ . @ + and at most "
                    + "\(SocketAddress.longestPath) bytes",
                place: place)
        }
        switch traffic.address.transport {
        case .local: return LocalAdminSocket(path: traffic.endpoint, place: "\(place), \(traffic.endpoint)")
        case .ssh:
            return RelayedAdminSocket(
                path: traffic.endpoint, address: traffic.address, channels: channels,
                place: "\(place), \(traffic.endpoint)")
        case .none:
            throw HAProxyError(.unreachable, "the inventory says that Fettle cannot reach it", place: place)
        }
    }
}
