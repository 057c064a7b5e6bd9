import Foundation

/// One line, and which of its bytes are masked.
struct SecretLine {
    private let bytes: [UInt8]
    private let lower: [UInt8]
    private var hidden: [Range<Int>] = []
    /// The first that no prose looks like, in words that do not repeat it.
    private(set) var certain: String?
    /// By what name a secret is called that ends the line, so that its value begins the next; nil: by none.
    private(set) var awaited: String?

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

    /// Fettle's own tokens, `fettle:name:token-1:secret`: the secret; and those of others that tell by their beginning
    /// what they are.
    ///
    /// Each is looked at once, however often its beginning stands in it.
    mutating func maskTokens() {
        var hiddenTo = 0
        for place in places(of: "fettle:") where place >= hiddenTo {
            let stop = end(from: place) { byte in
                !(0x61...0x7A ~= byte | 0x20 || 0x30...0x39 ~= byte || ".-_@:".utf8.contains(byte))
            }
            let colons = bytes[place..<stop].indices.filter { bytes[$0] == UInt8(ascii: ":") }
            guard colons.count >= 3 else { continue }
            hide(colons[2] + 1..<stop, as: "a token of Fettle's")
            hiddenTo = stop
        }
        for known in SecretWords.known {
            let prefix = Array(known.prefix.utf8)
            var next = 0
            while let found = bytes[next...].firstRange(of: prefix) {
                next = found.upperBound
                // Within a longer word it is none.
                if found.lowerBound > 0, SecretWords.isOfName(bytes[found.lowerBound - 1]) { continue }
                let stop = end(from: next) { !(SecretWords.isOfName($0) || "./+".utf8.contains($0)) }
                guard stop - next >= known.shortest else { continue }
                hide(next..<stop, as: known.words)
                next = stop
            }
        }
    }

    /// Headers that are secrets as a whole, and what follows `Bearer` and `Basic`.
    mutating func maskHeaders() {
        for header in SecretWords.headers {
            for place in places(of: header) {
                let colon = afterBlanks(place + header.utf8.count)
                guard let after = endOfSign(at: colon), !isEqual(colon..<after) else { continue }
                let start = afterBlanks(after)
                // As an argument of curl it ends with its quotation mark.
                let quote = place > 0 && Self.isQuote(bytes[place - 1]) ? bytes[place - 1] : nil
                let stop = quote.map { quote in end(from: start) { $0 == quote } } ?? bytes.count
                hide(start..<bytes.count, as: "the header '\(header)'", isCertain: isCredential(start..<stop))
                break
            }
        }
        for scheme in ["bearer ", "basic "] {
            for place in places(of: scheme) {
                let start = place + scheme.utf8.count
                let stop = end(from: start) { " \t\r\"'\\,;".utf8.contains($0) }
                guard stop - start >= 8 else { continue }
                let isCertain =
                    scheme == "basic " ? Self.isPair(bytes[start..<stop]) : Self.isRandom(bytes[start..<stop])
                hide(start..<stop, as: "what follows '\(scheme.dropLast())' in a header", isCertain: isCertain)
            }
        }
    }

    /// Whether a header's value lets somebody in: a scheme and something random, that alone, or a random value of a
    /// name. "Authorization: granted by the board" is prose, also where a ticket or an address follows.
    private func isCredential(_ value: Range<Int>) -> Bool {
        let around = "\"'\\,;".utf8
        let words = bytes[value].split { " \t\r".utf8.contains($0) }.compactMap { word in
            word.split { around.contains($0) }.first
        }
        guard let first = words.first else { return false }
        if words.count == 1, Self.isRandom(first) { return true }
        if words.count > 1, SecretWords.schemes.contains(String(decoding: first, as: UTF8.self).lowercased()),
            Self.isRandom(words[1])
        {
            return true
        }
        // `session=…` of a cookie, `Signature=…`; the value may have stood in quotation marks.
        return bytes[value].split { " \t\r,;".utf8.contains($0) }.contains { word in
            guard let sign = word.firstIndex(of: UInt8(ascii: "=")),
                word.prefix(upTo: sign).allSatisfy(SecretWords.isOfName)
            else { return false }
            let text = word.suffix(from: sign).dropFirst().filter { !around.contains($0) }
            return text.count >= 16 && Self.isRandom(text)
        }
    }

    /// `password=…`, `"api_key": "…"`, `--token …`.
    mutating func maskAssignments() {
        for word in SecretWords.words {
            var hiddenTo = 0
            for place in places(of: word) where place >= hiddenTo {
                let name = call(of: word, at: place)
                let next = quotation(at: name.end).map { name.end + $0.slashes + 1 } ?? name.end
                let sign = afterBlanks(next)
                guard sign < bytes.count else { continue }
                let afterSign = endOfSign(at: sign)
                guard afterSign != nil || name.isOption && sign > next else { continue }
                var start = afterSign.map { afterBlanks($0) } ?? sign
                let isTold = afterSign.map { !isEqual(sign..<$0) } ?? false
                guard start < bytes.count else {
                    if isTold, name.kind == .whole { awaited = word }
                    continue
                }
                let quote = quotation(at: start)
                if let quote { start += quote.slashes + 1 }
                let stop = endOfValue(from: start, quote)
                let isCertain =
                    switch name.kind {
                    // "token-service: restarted", "PasswordAuthentication=no" and "--skip-password on web-1" are prose.
                    case .goesOn: Self.isRandom(bytes[start..<stop])
                    case .longOption: !PlainWords.isPlain(bytes[start..<stop], names: false)
                    case .ofPath: false
                    case .whole: !isTold || quote != nil || isValue(start..<stop, of: word)
                    }
                hide(start..<stop, as: "the value of a '\(word)'", isCertain: isCertain)
                hiddenTo = stop
            }
        }
    }

    /// The value of what ended the line before, if this line begins with one: "Password:" is also what programs print
    /// before something else goes wrong.
    mutating func maskBeginning(as word: String) {
        var start = afterBlanks(0)
        let quote = quotation(at: start)
        if let quote { start += quote.slashes + 1 }
        let stop = endOfValue(from: start, quote)
        let value = bytes[start..<stop]
        guard value.contains(where: SecretWords.isOfName) else { return }
        if quote == nil {
            // `host: db` is a further setting, and no value.
            var filled = value
            while filled.last == UInt8(ascii: "=") { filled = filled.dropLast() }
            guard !filled.contains(where: { ":=".utf8.contains($0) }), isValue(start..<stop, of: word) else { return }
        }
        hide(start..<stop, as: "the value of a '\(word)'")
    }

    /// Whether what stands behind `password:` without quotation marks is one, and no sentence such as "rotate password:
    /// see ticket".
    private func isValue(_ range: Range<Int>, of word: String) -> Bool {
        let value = bytes[range]
        guard !value.starts(with: "//".utf8), value.firstRange(of: Array("://".utf8)) == nil else { return false }
        if !PlainWords.isPlain(value, names: false) { return true }
        // A plain word is a password, where nothing follows. Nobody chooses a token: that is random.
        guard SecretWords.chosen.contains(word) else { return false }
        let isFollowed = bytes[range.upperBound...].contains {
            PlainWords.isDigit($0) || PlainWords.isSmall($0) || PlainWords.isCapital($0)
        }
        let text = String(decoding: lower[range].filter { !".!".utf8.contains($0) }, as: UTF8.self)
        return !isFollowed && !SecretWords.states.contains(text)
    }

    // MARK: Names, signs and values

    private enum NameKind { case whole, goesOn, longOption, ofPath }

    /// What a word for a secret is a part of.
    private func call(of word: String, at place: Int) -> (end: Int, isOption: Bool, kind: NameKind) {
        var start = place
        while start > max(0, place - Self.longestName), SecretWords.isOfName(bytes[start - 1]) { start -= 1 }
        let after = place + word.utf8.count
        var end = after
        let longest = min(end + Self.longestName, bytes.count)
        while end < longest, SecretWords.isOfName(bytes[end]) { end += 1 }
        let dash = UInt8(ascii: "-")
        let isOption = start < place && bytes[start] == dash
        let rest = String(decoding: lower[after..<end], as: UTF8.self)
        // `password_2` is one, and so are credentials.
        let isWhole = rest.allSatisfy { "0123456789_-".contains($0) } || word == "credential" && rest == "s"
        if SecretWords.isPath(name: rest) { return (end, isOption, .ofPath) }
        guard isWhole else { return (end, isOption, .goesOn) }
        let isLonger = isOption && bytes[start..<place].contains { $0 != dash }
        return (end, isOption, isLonger ? .longOption : .whole)
    }

    /// Beyond it no name is looked for, so that a line of one endless name takes no longer than any other.
    private static let longestName = 64

    /// Also as other languages write them, which looks the same.
    private static let wideSigns = ["\u{FF1A}", "\u{FF1D}"].map { Array($0.utf8) }
    private static let wideBlanks = ["\u{A0}", "\u{2007}", "\u{202F}", "\u{3000}"].map { Array($0.utf8) }

    private func afterBlanks(_ start: Int) -> Int {
        var next = min(start, bytes.count)
        while next < bytes.count {
            if " \t\r".utf8.contains(bytes[next]) {
                next += 1
            } else if let blank = Self.wideBlanks.first(where: { bytes[next...].starts(with: $0) }) {
                next += blank.count
            } else {
                break
            }
        }
        return next
    }

    /// `=` and `:`, and what languages make of them: `:=`, `==`, `=>`; nil: none begins here.
    private func endOfSign(at start: Int) -> Int? {
        var next = start
        for _ in 0..<3 where next < bytes.count {
            if "=:".utf8.contains(bytes[next]) {
                next += 1
            } else if let sign = Self.wideSigns.first(where: { bytes[next...].starts(with: $0) }) {
                next += sign.count
            }
        }
        guard next > start else { return nil }
        return next < bytes.count && bytes[next] == UInt8(ascii: ">") ? next + 1 : next
    }

    /// Whether there is a `=` in it, which prose has not. The wide one ends with 0x9D, and nothing else in a sign does.
    private func isEqual(_ sign: Range<Int>) -> Bool {
        bytes[sign].contains { $0 == UInt8(ascii: "=") || $0 == 0x9D }
    }

    private static func isQuote(_ byte: UInt8) -> Bool { "\"'".utf8.contains(byte) }

    /// A quotation mark, also with backslashes before it, as JSON within JSON has it.
    private func quotation(at start: Int) -> (mark: UInt8, slashes: Int)? {
        let place = end(from: start) { $0 != UInt8(ascii: "\\") }
        guard place < bytes.count, Self.isQuote(bytes[place]) else { return nil }
        return (bytes[place], place - start)
    }

    private func endOfValue(from start: Int, _ quote: (mark: UInt8, slashes: Int)?) -> Int {
        guard let quote else { return end(from: start) { " \t\r,;&)}".utf8.contains($0) } }
        var slashes = 0
        for place in start..<bytes.count {
            if bytes[place] == UInt8(ascii: "\\") {
                slashes += 1
                continue
            }
            // One with more of them before it than the first had is within the value.
            if bytes[place] == quote.mark, slashes <= quote.slashes { return place - slashes }
            slashes = 0
        }
        return bytes.count
    }

    /// No word of a language, no number and no name: with digits or signs in it, or large letters among small ones, or
    /// endless.
    static func isRandom(_ word: some Collection<UInt8>) -> Bool {
        guard word.count >= 8, !PlainWords.isPlain(word, names: true) else { return false }
        if word.count >= 32 || word.contains(where: { PlainWords.isDigit($0) || "+/=_".utf8.contains($0) }) {
            return true
        }
        return word.dropFirst().contains(where: PlainWords.isCapital) && word.contains(where: PlainWords.isSmall)
    }

    /// `name:password` in base64, as Basic writes it (RFC 7617, section 2).
    private static func isPair(_ word: some Collection<UInt8>) -> Bool {
        Data(base64Encoded: Data(word))?.contains(UInt8(ascii: ":")) ?? false
    }
}
