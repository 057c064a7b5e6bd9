/// A connection from here to the resource's host, and nothing more.
struct TCPProbe: Sendable {
    let port: Int

    func ask(_ target: ProbeTarget, timeout: Duration) async -> ProbeAnswer {
        guard let host = target.host else { return .error("the resource has no host") }
        do throws(SocketError) {
            let addresses = try await SocketAddress.resolve(host, port: port, timeout: timeout)
            _ = try await SocketConversation.hold(withAny: addresses, sending: [], limit: 0, timeout: timeout)
            return .pass("port \(port) takes connections")
        } catch {
            return ProbeAnswer(error, timeout: timeout)
        }
    }
}
