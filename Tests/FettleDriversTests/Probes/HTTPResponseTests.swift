import Testing

@testable import FettleDrivers

@Suite("HTTP answers")
struct HTTPResponseTests {
    func parse(_ text: String, isWhole: Bool = true) -> HTTPResponse.Parsed {
        HTTPResponse.parse(Array(text.utf8), isWhole: isWhole)
    }

    @Test("Bodies with a length, in chunks, and up to the end of the connection")
    func bodies() {
        let hello = HTTPResponse.Parsed.complete(HTTPResponse(status: 200, body: Array("hello".utf8)))
        #expect(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", isWhole: false) == hello)
        #expect(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", isWhole: false) == hello)
        #expect(
            parse(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
                isWhole: false) == hello)
        #expect(parse("HTTP/1.0 200 OK\r\n\r\nhello") == hello)
        #expect(
            parse("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                == hello)
        #expect(
            parse("HTTP/1.1 204 No Content\r\n\r\n", isWhole: false) == .complete(HTTPResponse(status: 204, body: [])))
    }

    @Test("Whatever is cut off is incomplete, at every byte")
    func truncation() {
        let whole = Array(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n".utf8)
        for length in 0..<(whole.count - 4) {
            guard case .incomplete = HTTPResponse.parse(Array(whole.prefix(length)), isWhole: true) else {
                Issue.record("complete or malformed after \(length) bytes")
                continue
            }
        }
    }

    @Test(
        "What is no HTTP is told so",
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n", "hello", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFF\r\n",
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 70_000),
        ])
    func malformed(text: String) {
        guard case .malformed = parse(text) else {
            Issue.record("taken for an answer")
            return
        }
    }
}
