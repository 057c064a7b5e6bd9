import FettleModel

/// An answer as it came.
struct APIAnswer: Sendable, Equatable {
    var status: Int
    /// Behind the status, where some say what was wrong.
    var reason: String
    /// By name, in small letters.
    var headers: [String: String]
    var body: [UInt8]

    /// Of what curl prints with `--include`: heads, the last of which is the answer's, and its body. nil: that is none.
    init?(parsing bytes: [UInt8]) {
        var rest = bytes[...]
        var head = Self.takeHead(&rest)
        // 1xx come before the answer proper.
        while let early = head, early.status < 200 { head = Self.takeHead(&rest) }
        guard var answer = head else { return nil }
        answer.body = Array(rest)
        self = answer
    }

    init(status: Int, reason: String, body: [UInt8], headers: [String: String] = [:]) {
        self.status = status
        self.reason = reason
        self.body = body
        self.headers = headers
    }

    private static func takeHead(_ rest: inout ArraySlice<UInt8>) -> APIAnswer? {
        guard let end = rest.prefix(headLimit).firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = rest[..<end.lowerBound].split(separator: UInt8(ascii: "\n")).map { line in
            FactText.decode(line.prefix { $0 != UInt8(ascii: "\r") })
        }
        rest = rest[end.upperBound...]
        let words = (head.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/"), words[1].utf8.count == 3,
            let status = FactText.number(words[1], Int.self)
        else { return nil }
        var headers: [String: String] = [:]
        for line in head.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        return APIAnswer(status: status, reason: words.count > 2 ? String(words[2]) : "", body: [], headers: headers)
    }

    private static let headLimit = 64 * 1_024
}
