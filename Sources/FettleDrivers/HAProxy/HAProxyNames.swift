/// What may stand in a command to HAProxy. Its command line splits commands at `;` and at the end of a line, and words at
/// spaces; a name with any of these would be a command of its own.
enum HAProxyNames {
    /// HAProxy's own grammar of proxy and server names
    /// ([Configuration Manual, 4: "supported characters"](https://docs.haproxy.org/2.6/configuration.html#4)):
    /// ASCII letters and digits, `-`, `_`, `.` and `:`. Here at most 128 bytes.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 128
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.:".utf8.contains($0) }
    }

    /// An absolute path whose characters mean nothing to the programs that pass commands on (`socat` splits addresses at
    /// `,`, `:` and `!`), and that fits into a UNIX socket's address.
    static func isSocketPath(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.count <= SocketAddress.longestPath
            && text.utf8.allSatisfy { isAlphanumeric($0) || "/-_.@+".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

/// A server within a backend: two names that were looked at.
struct HAProxyServerName: Sendable, Hashable, CustomStringConvertible {
    let backend: String
    let server: String

    init(backend: String, server: String, place: String) throws(HAProxyError) {
        for (what, name) in [("backend", backend), ("server", server)] where !HAProxyNames.isName(name) {
            let shown = SafeText.lastLines(of: String(name.prefix(64))) ?? ""
            throw HAProxyError(
                .invalidName,
                "'\(shown)' cannot be the name of a \(what): HAProxy takes 1 to 128 of A-Z a-z 0-9 - _ . :",
                place: place)
        }
        self.backend = backend
        self.server = server
    }

    var description: String { "\(backend)/\(server)" }
}
