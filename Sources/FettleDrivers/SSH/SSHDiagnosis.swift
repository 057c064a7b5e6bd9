internal import FettleDriverKit

/// Says what went wrong from how `ssh` ended and its last words. OpenSSH has one exit status (255) for all its own
/// errors, and its messages are in English in every locale.
enum SSHDiagnosis {
    static func error(
        _ host: String, _ ending: ChildProcess.Ending, _ opening: Bool, _ words: String
    ) -> AccessError {
        let cause = SafeText.lastLines(of: words)
        guard opening else {
            return AccessError(.disconnected, "the connection ended", host: host, cause: cause)
        }
        guard ending == .exited(255) else {
            let how =
                switch ending {
                case .exited(let status): "ended with status \(status)"
                case .signalled(let signal): "was ended by signal \(signal)"
                case .unknown: "ended"
                }
            let message = "the login shell or ssh \(how) before a shell answered"
            return AccessError(.protocolViolation, message, host: host, cause: cause)
        }
        // What ssh gives up with stands at the end. Before it comes what the server's banner says, which may be anything.
        let end = words.split(whereSeparator: \.isNewline).suffix(2).joined(separator: "\n")
        for (code, message, phrases) in phrases where phrases.contains(where: end.contains) {
            return AccessError(code, message, host: host, cause: cause)
        }
        return AccessError(.unreachable, "ssh could not connect", host: host, cause: cause)
    }

    /// The server took the connection and hung up in the handshake, which a busy sshd or jump host does by chance.
    static func isDroppedHandshake(_ error: AccessError) -> Bool { error.message == droppedHandshake }

    private static let droppedHandshake = "the server hung up during the handshake"

    /// In the order they are asked: the words on host keys come before the "permission denied" that can follow.
    private static let phrases: [(AccessError.Code, String, [String])] = [
        (
            .hostKey, "the host key is not the one that is known",
            ["REMOTE HOST IDENTIFICATION HAS CHANGED", "REVOKED HOST KEY", "has changed and you have requested strict"]
        ),
        (
            .hostKey, "the host key is not known: add it to known_hosts after checking it",
            ["Host key verification failed", "host key is known for", "No matching host key fingerprint"]
        ),
        (
            .spawn, "ssh refuses its configuration",
            [
                "Bad configuration option", "Can't open user config file",
                "terminating, ", "Bad owner or permissions on",
            ]
        ),
        (
            .authentication, "the server does not let this user in",
            ["Permission denied", "Too many authentication failures", "No supported authentication methods"]
        ),
        (.unreachable, "the connection was refused", ["Connection refused"]),
        (.unreachable, "the name does not resolve", ["Could not resolve hostname"]),
        (.unreachable, "nobody answered in time", ["timed out", "Timeout, server"]),
        (.unreachable, "there is no way to the host", ["No route to host", "Network is unreachable", "Host is down"]),
        (
            .unreachable, "client and server have no method in common",
            ["no matching", "Unable to negotiate"]
        ),
        (
            .unreachable, droppedHandshake,
            ["kex_exchange_identification", "banner exchange", "Connection closed by", "Connection reset by"]
        ),
    ]
}
