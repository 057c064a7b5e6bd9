import FettleTestSupport
import Foundation
import Testing

/// A site's test suite over HTTP, written in Python by docs/promotion.md alone: it shares no code with who asks it.
final class SuiteServer {
    let port: Int
    private let server: Process
    private let log: URL

    /// It takes no request that is not signed well, and answers as the path says.
    private static let script = #"""
        import base64, hashlib, hmac, http.server, json, sys, time
        key = sys.argv[2].encode()
        def sign(id, moment, body, key=key):
            code = hmac.new(key, f"{id}.{moment}.".encode() + body, hashlib.sha256).digest()
            return "v1," + base64.b64encode(code).decode()
        class Suite(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                id, moment = self.headers["webhook-id"], self.headers["webhook-timestamp"]
                good = hmac.compare_digest(self.headers["webhook-signature"], sign(id, moment, body))
                if not good or abs(int(moment) - time.time()) > 300:
                    return self.say(401, b"", {})
                with open(sys.argv[1], "a") as log:
                    log.write(json.dumps({"id": id, "path": self.path, "body": json.loads(body)}) + "\n")
                if self.path == "/later":
                    return self.say(202, b"queued", {})
                if self.path == "/broken":
                    return self.say(500, b"", {})
                asked = json.loads(body)["data"]
                told = {k: asked[k] for k in ("request", "set", "digest", "stage")}
                told |= {"passed": self.path != "/fail", "note": "412 seen; key is " + sys.argv[2]}
                if self.path == "/other":
                    told["digest"] = "0" * 64
                answer = json.dumps({"type": "patchset.tests.answer", "data": told}).encode()
                with_key = b"somebody else's key" if self.path == "/forged" else key
                now = str(int(time.time()))
                self.say(200, answer, {"webhook-id": id, "webhook-timestamp": now,
                                       "webhook-signature": sign(id, now, answer, with_key)})
            def say(self, status, body, headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *words):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Suite)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """#

    init(secret: String, in folder: TestFolder) throws {
        log = folder.file("suite.log")
        try folder.write(Self.script, to: "suite.py")
        server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        server.arguments = ["python3", folder.file("suite.py").path, log.path, secret]
        let output = Pipe()
        server.standardOutput = output
        server.standardInput = FileHandle.nullDevice
        try server.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the suite did not start")
    }

    /// What it was asked, as JSON, in order.
    var requests: [[String: Any]] {
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
        }
    }

    func stop() { server.end() }
}
