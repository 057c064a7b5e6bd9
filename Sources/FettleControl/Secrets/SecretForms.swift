/// What a secret looks like in a text, found in one pass over its bytes, however the text is made.
enum SecretForms {
    /// - Parameter assignments: whether the value of `password=…` and its like is masked too.
    static func masked(_ text: String, assignments: Bool) -> String {
        var bytes = withoutPrivateKeys(Array(text.utf8))
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            var line = Line(Array(line))
            line.maskAddresses()
            line.maskHeaders()
            line.maskTokens()
            if assignments { line.maskAssignments() }
            return line.masked
        }
        bytes = Array(lines.joined(separator: [UInt8(0x0A)]))
        return String(decoding: bytes, as: UTF8.self)
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

/// One line, and which of its bytes are masked.
private struct Line {
    private let bytes: [UInt8]
    private let lower: [UInt8]
    private var hidden: [Range<Int>] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        lower = bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    var masked: [UInt8] {
        var result: [UInt8] = []
        var place = 0
        for range in hidden.sorted(by: { ($0.lowerBound, $1.upperBound) < ($1.lowerBound, $0.upperBound) })
        where range.upperBound > place {
            if range.lowerBound >= place { result += bytes[place..<range.lowerBound] + Array(SecretMask.sign.utf8) }
            place = range.upperBound
        }
        return result + bytes[place...]
    }

    private mutating func hide(_ range: Range<Int>) { if !range.isEmpty { hidden.append(range) } }

    /// Every place at which a word begins.
    private func places(of word: String) -> [Int] {
        let word = Array(word.utf8)
        var places: [Int] = []
        var rest = lower[...]
        while let found = rest.firstRange(of: word) {
            places.append(found.lowerBound)
            rest = rest[found.upperBound...]
        }
        return places
    }

    private func end(from start: Int, until stops: (UInt8) -> Bool) -> Int {
        bytes[start...].firstIndex(where: stops) ?? bytes.count
    }

    /// `scheme://name:password@host`: the password.
    mutating func maskAddresses() {
        for place in places(of: "://") {
            let start = place + 3
            let stop = end(from: start) { " \t\"'<>/?#".utf8.contains($0) }
            guard let at = bytes[start..<stop].lastIndex(of: UInt8(ascii: "@")),
                let colon = bytes[start..<at].firstIndex(of: UInt8(ascii: ":"))
            else { continue }
            hide(colon + 1..<at)
        }
    }

    /// Fettle's own tokens, `fettle:name:token-1:secret`: the secret.
    mutating func maskTokens() {
        for place in places(of: "fettle:") {
            let stop = end(from: place) { byte in
                !(0x61...0x7A ~= byte | 0x20 || 0x30...0x39 ~= byte || ".-_@:".utf8.contains(byte))
            }
            let colons = bytes[place..<stop].indices.filter { bytes[$0] == UInt8(ascii: ":") }
            if colons.count >= 3 { hide(colons[2] + 1..<stop) }
        }
    }

    /// Headers that are secrets as a whole, and what follows `Bearer` and `Basic`.
    mutating func maskHeaders() {
        for header in SecretWords.headers {
            for place in places(of: header) {
                let after = place + header.utf8.count
                guard after < bytes.count, bytes[after] == UInt8(ascii: ":") else { continue }
                hide(value(from: after + 1)..<bytes.count)
                break
            }
        }
        for scheme in ["bearer ", "basic "] {
            for place in places(of: scheme) {
                let start = place + scheme.utf8.count
                let stop = end(from: start) { " \t\"',;".utf8.contains($0) }
                if stop - start >= 8 { hide(start..<stop) }
            }
        }
    }

    /// `password=…`, `"api_key": "…"`, `--token …`.
    mutating func maskAssignments() {
        for word in SecretWords.words {
            var hiddenTo = 0
            for place in places(of: word) where place >= hiddenTo {
                let isOption = optionBegins(before: place)
                var next = place + word.utf8.count
                let longest = min(next + Self.longestName, bytes.count)
                while next < longest, SecretWords.isOfName(bytes[next]) { next += 1 }
                if next < bytes.count, "\"'".utf8.contains(bytes[next]) { next += 1 }
                let sign = value(from: next)
                guard sign < bytes.count else { continue }
                let isSet = "=:".utf8.contains(bytes[sign])
                guard isSet || isOption && sign > next else { continue }
                var start = isSet ? value(from: sign + 1) : sign
                guard start < bytes.count else { continue }
                let quote = "\"'".utf8.contains(bytes[start]) ? bytes[start] : nil
                if quote != nil { start += 1 }
                let stop = end(from: start) { byte in quote.map { byte == $0 } ?? " \t,;&)}".utf8.contains(byte) }
                hide(start..<stop)
                hiddenTo = stop
            }
        }
    }

    /// Beyond it no name is looked for, so that a line of one endless name takes no longer than any other.
    private static let longestName = 64

    private func value(from start: Int) -> Int { end(from: min(start, bytes.count)) { $0 != 0x20 && $0 != 0x09 } }

    private func optionBegins(before place: Int) -> Bool {
        var start = place
        while start > max(0, place - Self.longestName), SecretWords.isOfName(bytes[start - 1]) { start -= 1 }
        return start < place && bytes[start] == UInt8(ascii: "-")
    }
}

/// Words by which a secret is called.
enum SecretWords {
    static let words = [
        "password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "api-key", "credential",
        "private_key", "access_key",
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
