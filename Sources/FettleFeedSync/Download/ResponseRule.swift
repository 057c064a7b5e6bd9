internal import FettleModel
internal import NIOHTTP1

/// What was asked of a server, as far as its answer is judged by it.
struct SentRequest: Sendable {
    /// From which byte on; 0 for the whole file.
    var offset: Int64 = 0
    /// Whether the server may say that nothing has changed.
    var isConditional = false
}

/// What an answer means ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110)): a function of its status and headers
/// alone.
enum ResponseRule: Equatable {
    /// The file from this byte on; the size of the whole file where it is told.
    case body(offset: Int64, total: Int64?)
    case notModified
    /// What is here of the file is of no use: begin again.
    case restart
    case redirect(String)
    /// Trouble that may pass; after so many seconds, where the server says so.
    case later(String, afterSeconds: Int?)
    case refused(FeedSyncError.Code, String)

    init(status: Int, headers: HTTPHeaders, sent: SentRequest) {
        let words = "the server answered \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)"
        switch status {
        case 200: self = .body(offset: 0, total: Self.length(headers))
        case 206:
            guard sent.offset > 0, let range = Self.contentRange(headers), range.first == sent.offset else {
                self = .restart
                return
            }
            self = .body(offset: sent.offset, total: range.total)
        case 304 where sent.isConditional: self = .notModified
        case 416 where sent.offset > 0: self = .restart
        case 301, 302, 303, 307, 308:
            guard let location = headers.first(name: "Location") else {
                self = .refused(.refused, words + ", without saying where to")
                return
            }
            self = .redirect(location)
        case 404, 410: self = .refused(.notFound, words)
        case 408, 425, 429, 500...599: self = .later(words, afterSeconds: Self.retryAfter(headers))
        default: self = .refused(.refused, words)
        }
    }

    private static func length(_ headers: HTTPHeaders) -> Int64? {
        headers.first(name: "Content-Length").flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// `bytes 100-199/200`; the total may be `*`.
    private static func contentRange(_ headers: HTTPHeaders) -> (first: Int64, total: Int64?)? {
        guard let text = headers.first(name: "Content-Range"), text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int64(ends[0]), let last = Int64(ends[1]), first >= 0, last >= first else {
            return nil
        }
        guard let total = Int64(parts[1]) else { return parts[1] == "*" ? (first, nil) : nil }
        // A range that stops short of the end would leave a file that is not whole.
        return total - 1 == last ? (first, total) : nil
    }

    private static func retryAfter(_ headers: HTTPHeaders) -> Int? {
        guard let text = headers.first(name: "Retry-After") else { return nil }
        if let seconds = Int(text) { return max(0, seconds) }
        guard let date = HTTPDate.parse(text), let now = headers.first(name: "Date").flatMap(HTTPDate.parse) else {
            return nil
        }
        return max(0, Int(date.seconds(since: now)))
    }
}
