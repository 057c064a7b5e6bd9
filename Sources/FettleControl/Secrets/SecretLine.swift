import Foundation

/// One line, and which of its bytes are masked.
struct SecretLine {
    private let bytes: [UInt8]
    private let lower: [UInt8]
    private var hidden: [Range<Int>] = []
    /// The first that no prose looks like, in words that do not repeat it.
    private(set) var certain: String?

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

    /// - Parameters:
    ///   - what: what it is taken for.
    ///   - isCertain: whether no prose looks like it.
    private mutating func hide(_ range: Range<Int>, as what: String, isCertain: Bool = true) {
        guard !range.isEmpty else { return }
        hidden.append(range)
        let isMasked = bytes[range].allSatisfy { $0 == UInt8(ascii: "*") }
        if isCertain, !isMasked, certain == nil { certain = what }
    }

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
            hide(colon + 1..<at, as: "a password in an address")
        }
    }

    /// Fettle's own tokens, `fettle:name:token-1:secret`: the secret; and those of others that tell by their beginning what they are.
    mutating func maskTokens() {
        for place in places(of: "fettle:") {
            let stop = end(from: place) { byte in
                !(0x61...0x7A ~= byte | 0x20 || 0x30...0x39 ~= byte || ".-_@:".utf8.contains(byte))
            }
            let colons = bytes[place..<stop].indices.filter { bytes[$0] == UInt8(ascii: ":") }
            if colons.count >= 3 { hide(colons[2] + 1..<stop, as: "a token of Fettle's") }
        }
        for known in SecretWords.known {
            let prefix = Array(known.prefix.utf8)
            var next = 0
            while let found = bytes[next...].firstRange(of: prefix) {
                next = found.upperBound
                // Within a longer word it is none.
                if found.lowerBound > 0, SecretWords.isOfName(bytes[found.lowerBound - 1]) { continue }
                let stop = end(from: next) { !(SecretWords.isOfName($0) || "./+".utf8.contains($0)) }
                if stop - next >= known.shortest { hide(found.upperBound..<stop, as: known.words) }
            }
        }
    }

    /// Headers that are secrets as a whole, and what follows `Bearer` and `Basic`.
    mutating func maskHeaders() {
        for header in SecretWords.headers {
            for place in places(of: header) {
                let after = place + header.utf8.count
                guard after < bytes.count, bytes[after] == UInt8(ascii: ":") else { continue }
                let range = value(from: after + 1)..<bytes.count
                // "Authorization: granted by the board" is prose.
                let isCertain =
                    range.lowerBound < range.upperBound
                    && bytes[range].split(separator: 0x20)
                        .contains { $0.count >= 16 && Self.isRandom($0) }
                hide(range, as: "the header '\(header)'", isCertain: isCertain)
                break
            }
        }
        for scheme in ["bearer ", "basic "] {
            for place in places(of: scheme) {
                let start = place + scheme.utf8.count
                let stop = end(from: start) { " \t\"',;".utf8.contains($0) }
                guard stop - start >= 8 else { continue }
                let isCertain =
                    scheme == "basic " ? Self.isPair(bytes[start..<stop]) : Self.isRandom(bytes[start..<stop])
                hide(start..<stop, as: "what follows '\(scheme.dropLast())' in a header", isCertain: isCertain)
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
                let isWholeName = next == place + word.utf8.count
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
                // "token-service: restarted" is prose.
                let isCertain =
                    isWholeName || bytes[sign] == UInt8(ascii: "=") || !isSet
                    || start < stop && Self.isRandom(bytes[start..<stop])
                hide(start..<stop, as: "the value of a '\(word)'", isCertain: isCertain)
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

    /// No word of a language: with digits or signs in it, or large letters among small ones, or endless.
    static func isRandom(_ word: some Collection<UInt8>) -> Bool {
        guard word.count >= 8 else { return false }
        if word.count >= 32 || word.contains(where: { 0x30...0x39 ~= $0 || "+/=_".utf8.contains($0) }) { return true }
        return word.dropFirst().contains { 0x41...0x5A ~= $0 } && word.contains { 0x61...0x7A ~= $0 }
    }

    /// `name:password` in base64, as Basic writes it (RFC 7617, section 2).
    private static func isPair(_ word: some Collection<UInt8>) -> Bool {
        Data(base64Encoded: Data(word))?.contains(UInt8(ascii: ":")) ?? false
    }
}
