/// HAProxy on this machine: its UNIX socket, without anything between. One connection for each command, as HAProxy wants
/// it outside its interactive mode; a connection costs some 50 µs.
struct LocalAdminSocket: AdminSocket {
    let path: String
    let place: String
    var timeout = AdminSocketLimits.timeout
    var limit = AdminSocketLimits.answerBytes

    func ask(_ command: String) async throws(HAProxyError) -> String {
        do throws(SocketError) {
            let answer = try await SocketConversation.hold(
                with: .unix(path), sending: Array((command + "\n").utf8), limit: limit, timeout: timeout)
            return String(decoding: answer, as: UTF8.self)
        } catch {
            throw explained(error)
        }
    }

    private func explained(_ error: SocketError) -> HAProxyError {
        switch error.code {
        case .notFound:
            HAProxyError(
                .unreachable, "there is no such socket: is HAProxy running, with this `stats socket`?", place: place)
        case .refused, .reset, .noHost:
            HAProxyError(.unreachable, "nobody answers there: \(error.message)", place: place)
        case .permission:
            HAProxyError(
                .permission, "this user may not use the socket: add the user to the socket's group (\(error.message))",
                place: place)
        case .timeout: HAProxyError(.timeout, "no whole answer within \(timeout.inSeconds) s", place: place)
        case .tooLarge: HAProxyError(.malformed, "it answers more than \(limit) bytes", place: place)
        case .cancelled: HAProxyError(.cancelled, "cancelled", place: place)
        case .unresolvable, .noNetwork, .system: HAProxyError(.unreachable, error.message, place: place)
        }
    }
}
