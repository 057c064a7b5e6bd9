/// As much of an HTTP/1 answer as a probe needs ([RFC 9112](https://www.rfc-editor.org/rfc/rfc9112)).
struct HTTPResponse: Sendable, Equatable {
    var status: Int
    var body: [UInt8]

    enum Parsed: Sendable, Equatable {
        /// More has to come; with what there is if the head is whole.
        case incomplete(HTTPResponse?)
        case complete(HTTPResponse)
        case malformed(String)
    }

    private static let headLimit = 64 * 1_024

    /// - Parameter isWhole: nothing more will come; the end of the stream ends a body that names no length.
    static func parse(_ bytes: [UInt8], isWhole: Bool) -> Parsed {
        var rest = bytes[...]
        while true {
            guard let end = rest.prefix(headLimit).firstRange(of: Array("\r\n\r\n".utf8)) else {
                if rest.count >= headLimit { return .malformed("its head has no end") }
                let start = Array("HTTP/".utf8)
                return rest.prefix(start.count).elementsEqual(start.prefix(rest.count))
                    ? .incomplete(nil) : .malformed("it doesn't begin with HTTP/")
            }
            let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
            rest = rest[end.upperBound...]
            guard let status = status(lines.first ?? "") else { return .malformed("it has no status") }
            // 1xx come before the answer proper.
            if (100..<200).contains(status) { continue }
            return parseBody(rest, status, lines.dropFirst(), isWhole: isWhole)
        }
    }

    private static func status(_ line: Substring) -> Int? {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/"), words[1].utf8.count == 3, let status = Int(words[1]) else {
            return nil
        }
        return status
    }

    private static func parseBody(
        _ bytes: ArraySlice<UInt8>, _ status: Int, _ headers: ArraySlice<Substring>, isWhole: Bool
    ) -> Parsed {
        var length: Int?
        var isChunked = false
        for header in headers {
            let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let value = parts[1].filter { $0 != " " && $0 != "\t" }.lowercased()
            switch parts[0].lowercased() {
            case "content-length":
                guard let number = Int(value), number >= 0 else { return .malformed("its length is no number") }
                length = number
            case "transfer-encoding": isChunked = value.hasSuffix("chunked")
            default: break
            }
        }
        if status == 204 || status == 304 { return .complete(HTTPResponse(status: status, body: [])) }
        if isChunked { return parseChunks(bytes, status) }
        let soFar = HTTPResponse(status: status, body: Array(bytes.prefix(length ?? .max)))
        if let length { return bytes.count >= length ? .complete(soFar) : .incomplete(soFar) }
        return isWhole ? .complete(soFar) : .incomplete(soFar)
    }

    private static func parseChunks(_ bytes: ArraySlice<UInt8>, _ status: Int) -> Parsed {
        var response = HTTPResponse(status: status, body: [])
        var rest = bytes
        let lineEnd = Array("\r\n".utf8)
        while let end = rest.prefix(1_024).firstRange(of: lineEnd) {
            let line = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
            let digits = line.prefix { $0 != ";" && $0 != " " }
            guard let size = Int(digits, radix: 16), size >= 0, size <= HTTPProbe.answerLimit else {
                return .malformed("the size of a chunk is no number, or too large")
            }
            if size == 0 { return .complete(response) }
            rest = rest[end.upperBound...]
            guard rest.count >= size + 2 else { break }
            response.body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return rest.count > 1_024 && rest.prefix(1_024).firstRange(of: lineEnd) == nil
            ? .malformed("a chunk has no size") : .incomplete(response)
    }
}
