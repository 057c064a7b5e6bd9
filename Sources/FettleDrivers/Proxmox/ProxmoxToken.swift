public import FettleModel

/// Reads a secret where the fleet says that it is, at the moment it is needed. What it throws holds nothing of the secret.
public typealias SecretReading = @Sendable (SecretSource) throws(StepFailure) -> String

/// A token of Proxmox VE's API: `USER@REALM!NAME=SECRET`.
enum ProxmoxToken {
    private static let longest = 1_024

    /// Each connection reads it anew, so that one that was renewed counts at once.
    static func connect(_ secrets: @escaping SecretReading) -> ProxmoxConnect {
        { api throws(StepFailure) in
            let token = try secrets(api.token)
            guard isToken(token) else {
                throw StepFailure(
                    code: .refused, message: "what is read as the token is none of Proxmox VE: USER@REALM!NAME=SECRET")
            }
            return CurlTransport(api: api, token: token)
        }
    }

    /// It becomes a header: one line, without anything that could be a second.
    static func isToken(_ text: String) -> Bool {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && parts[0].contains("@") && parts[0].contains("!") && parts[1].utf8.count >= 8
            && text.utf8.count <= longest && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
