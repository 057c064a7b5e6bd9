/// What a secret looks like in a text, found in one pass over its bytes, however the text is made.
enum SecretForms {
    /// - Parameter assignments: whether the value of `password=…` and its like is masked too.
    static func masked(_ text: String, assignments: Bool) -> String {
        let lines = lines(of: withoutPrivateKeys(Array(text.utf8)), assignments: assignments).map(\.masked)
        return String(decoding: Array(lines.joined(separator: [UInt8(0x0A)])), as: UTF8.self)
    }

    /// What in a text that somebody has typed is taken for a secret, in words that do not repeat it; nil: nothing.
    ///
    /// Narrower than the mask: who hides a word too many loses a word, who refuses one has to write anew. It never
    /// finds what the mask has left.
    static func secret(inTyped text: String) -> String? {
        let bytes = Array(text.utf8)
        if withoutPrivateKeys(bytes) != bytes { return "a private key" }
        return lines(of: bytes, assignments: true).compactMap(\.certain).first
    }

    private static func lines(of bytes: [UInt8], assignments: Bool) -> [SecretLine] {
        var awaited: String?
        return bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { part in
            var line = SecretLine(Array(part))
            line.maskAddresses()
            line.maskHeaders()
            line.maskTokens()
            if assignments {
                if let awaited { line.maskBeginning(as: awaited) }
                line.maskAssignments()
                awaited = line.awaited
            }
            return line
        }
    }

    private static func withoutPrivateKeys(_ bytes: [UInt8]) -> [UInt8] {
        let end = Array("-----END".utf8)
        var result: [UInt8] = []
        var rest = bytes[...]
        while let mark = markOfPrivateKey(in: rest) {
            result += rest[..<mark.upperBound]
            rest = rest[mark.upperBound...]
            // The end mark of a key has the same words as its beginning.
            guard !endsKey(result, end) else { continue }
            result += Array(SecretMask.sign.utf8)
            rest = rest.firstRange(of: end).map { rest[$0.lowerBound...] } ?? []
        }
        return result + rest
    }

    /// As PEM (RFC 7468), OpenSSH and OpenPGP (RFC 9580, section 6.2) have it.
    private static func markOfPrivateKey(in bytes: ArraySlice<UInt8>) -> Range<Int>? {
        let name = Array("PRIVATE KEY".utf8)
        let ends = ["-----", " BLOCK-----"].map { Array($0.utf8) }
        var rest = bytes
        while let found = rest.firstRange(of: name) {
            rest = rest[found.upperBound...]
            if let end = ends.first(where: { rest.starts(with: $0) }) {
                return found.lowerBound..<found.upperBound + end.count
            }
        }
        return nil
    }

    /// Whether these bytes end with the end mark of a key. None is longer than what is looked at, so that a line of many
    /// takes no longer than many lines.
    private static func endsKey(_ bytes: [UInt8], _ end: [UInt8]) -> Bool {
        let last = bytes.suffix(64)
        let start = last.lastIndex(of: 0x0A).map { $0 + 1 } ?? last.startIndex
        guard let found = last[start...].firstRange(of: end) else { return false }
        return last[found.upperBound...].firstRange(of: Array("-----BEGIN".utf8)) == nil
    }
}

/// Words by which a secret is called.
enum SecretWords {
    static let words = [
        "password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "api-key", "credential",
        "private_key", "access_key",
    ]
    /// Those of them that people choose, and may make of a word.
    static let chosen = ["password", "passwd", "passphrase", "secret"]
    /// What becomes of a secret, and is none.
    static let states = [
        "expired", "rotated", "changed", "unchanged", "reset", "renewed", "revoked", "updated", "disabled", "enabled",
        "locked", "unlocked", "missing", "unknown", "none", "done",
    ]
    /// Tokens and keys that tell by their beginning what they are, and how long the rest is at least.
    static let known: [(prefix: String, shortest: Int, words: String)] =
        ["AKIA", "ASIA"].map { ($0, 16, "an access key of AWS") }
        + ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"].map { ($0, 20, "a token of GitHub") }
        + [("glpat-", 16, "a token of GitLab"), ("hvs.", 20, "a token of Vault")]
        + ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xapp-"].map { ($0, 10, "a token of Slack") }
        + [
            ("hooks.slack.com/services/", 20, "a webhook's address of Slack"), ("AIza", 30, "an API key of Google"),
            ("eyJ", 32, "a JSON web token"),
        ]
    static let headers = ["authorization", "cookie", "x-api-key", "x-auth-token", "x-vault-token"]
    /// What the value of `Authorization` begins with.
    static let schemes = [
        "bearer", "basic", "digest", "token", "apikey", "api-key", "negotiate", "ntlm", "hawk", "splunk",
    ]

    static func isSecret(name: String) -> Bool {
        let name = name.lowercased()
        return !isPath(name: name) && words.contains(where: name.contains)
    }

    /// A path to a secret is none.
    ///
    /// - Parameter name: in small letters.
    static func isPath(name: String) -> Bool { ["file", "path", "directory", "dir"].contains { name.hasSuffix($0) } }

    static func isOfName(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }

    /// The password in `scheme://name:password@host`; nil: there is none.
    static func password(inAddress text: String) -> String? {
        guard let scheme = text.firstRange(of: "://") else { return nil }
        let authority = text[scheme.upperBound...].prefix { !"/?# ".contains($0) }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
            return nil
        }
        return String(authority[authority.index(after: colon)..<at])
    }
}
