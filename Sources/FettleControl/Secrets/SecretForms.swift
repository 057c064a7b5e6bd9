/// What a secret looks like in a text, found in one pass over its bytes, however the text is made.
enum SecretForms {
    /// - Parameter assignments: whether the value of `password=…` and its like is masked too.
    static func masked(_ text: String, assignments: Bool) -> String {
        var bytes = withoutPrivateKeys(Array(text.utf8))
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            var line = SecretLine(Array(line))
            line.maskAddresses()
            line.maskHeaders()
            line.maskTokens()
            if assignments { line.maskAssignments() }
            return line.masked
        }
        bytes = Array(lines.joined(separator: [UInt8(0x0A)]))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What in a text that somebody has typed is taken for a secret, in words that do not repeat it; nil: nothing.
    ///
    /// Narrower than the mask: who hides a word too many loses a word, who refuses one has to write anew. It never finds what the mask
    /// has left.
    static func secret(inTyped text: String) -> String? {
        let bytes = Array(text.utf8)
        if withoutPrivateKeys(bytes) != bytes { return "a private key" }
        for part in bytes.split(separator: 0x0A) {
            var line = SecretLine(Array(part))
            line.maskAddresses()
            line.maskHeaders()
            line.maskTokens()
            line.maskAssignments()
            if let found = line.certain { return found }
        }
        return nil
    }

    private static func withoutPrivateKeys(_ bytes: [UInt8]) -> [UInt8] {
        let (begin, end) = (Array("PRIVATE KEY-----".utf8), Array("-----END".utf8))
        var result: [UInt8] = []
        var rest = bytes[...]
        while let mark = rest.firstRange(of: begin) {
            result += rest[..<mark.upperBound]
            rest = rest[mark.upperBound...]
            // The end mark of a key has the same words as its beginning.
            guard !lineBegins(result, with: end) else { continue }
            result += Array(SecretMask.sign.utf8)
            rest = rest.firstRange(of: end).map { rest[$0.lowerBound...] } ?? []
        }
        return result + rest
    }

    private static func lineBegins(_ bytes: [UInt8], with mark: [UInt8]) -> Bool {
        let start = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return bytes[start...].firstRange(of: mark) != nil
    }
}

/// Words by which a secret is called.
enum SecretWords {
    static let words = [
        "password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "api-key", "credential",
        "private_key", "access_key",
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

    static func isSecret(name: String) -> Bool {
        let name = name.lowercased()
        // A path to a secret is none.
        guard !name.hasSuffix("file"), !name.hasSuffix("path") else { return false }
        return words.contains(where: name.contains)
    }

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
