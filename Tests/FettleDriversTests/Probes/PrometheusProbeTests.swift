import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// A server that answers as Prometheus would where something is wrong; which fault is the name in the query.
private let faultServer = """
    import http.server, json, os, time, urllib.parse
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            # Before the answer: who has it may read the file at once.
            with open('asked', 'a') as file: file.write(self.path + '\\n')
            url = urllib.parse.urlparse(self.path)
            query = urllib.parse.parse_qs(url.query).get('query', [''])[0]
            now = time.time()
            status, body = 200, None
            vector = lambda *values: {'status': 'success', 'data': {'resultType': 'vector', 'result': [
                {'metric': {'n': str(n)}, 'value': [now, value]} for n, value in enumerate(values)]}}
            if query.startswith('timestamp('): body = vector(str(now - (600 if 'stale' in query else 0)))
            elif query == 'secret':
                given = self.headers.get('Authorization')
                status, body = (200, vector('1')) if given == 'Bearer s3cret' else (401, {'status': 'error', 'error': 'no'})
            elif query == 'down': status, body = 503, {'status': 'error', 'error': 'query \\x1b[31mqueue is full'}
            elif query == 'partial': body = dict(vector('1'), warnings=['one store is away'])
            elif query == 'nan': body = vector('1', 'NaN')
            elif query == 'none': body = vector()
            elif query == 'html': body = '<html>'
            elif query == 'slow':
                time.sleep(5)
                body = vector('1')
            elif query.startswith('at '): body = vector('1' if query == 'at 127.0.0.1 of web-1' else '99')
            else: body = vector('1')
            text = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            self.send_header('Content-Length', str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())
        def log_message(self, *arguments): pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    with open('port.new', 'w') as file: file.write(str(server.server_address[1]))
    os.rename('port.new', 'port')
    server.serve_forever()
    """

func askPrometheus(
    _ query: String, port: Int, over: Int? = nil, step: Int = 1, _ condition: PrometheusQuestion.Condition,
    samples: Int = 1, maximumAge: Int = 30, token: String? = nil, since: Timestamp? = nil, timeoutSeconds: Int = 5
) async -> ProbeSample {
    let question = PrometheusQuestion(
        url: "http://127.0.0.1:\(port)/", query: query, overSeconds: over, stepSeconds: step, condition: condition,
        tokenFile: token)
    let probe = Probe(
        name: "prometheus", check: .prometheus(question: question), timeoutSeconds: timeoutSeconds, samples: samples,
        maximumAgeSeconds: maximumAge)
    return await ProbeRunner(channels: NoChannels()).sample(
        probe, of: ProbeTarget(resource: "web-1", address: .local), at: ProbeMoment(since: since))
}

@Suite("Prometheus with faults", .serialized, .timeLimit(.minutes(10)))
struct PrometheusFaultTests {
    private let server: PythonServer

    init() throws { server = try PythonServer(faultServer) }

    private func ask(_ query: String, token: String? = nil, timeoutSeconds: Int = 5) async throws -> ProbeSample {
        await askPrometheus(
            query, port: try await server.port(), .below(value: 10), token: token, timeoutSeconds: timeoutSeconds)
    }

    @Test func faultsAreNeverTakenForWell() async throws {
        for (query, verdict) in [
            ("well", GateVerdict.pass), ("stale", .inconclusive), ("partial", .inconclusive), ("nan", .inconclusive),
            ("none", .inconclusive), ("down", .error), ("html", .error),
        ] {
            let sample = try await ask(query)
            #expect(sample.verdict == verdict, "\(query): \(sample.reason)")
            #expect(!sample.reason.unicodeScalars.contains { $0.value < 0x20 })
        }
        #expect(try await ask("slow", timeoutSeconds: 1).verdict == .error)
        #expect(await askPrometheus("well", port: try freePort(), .below(value: 1)).verdict == .error)
    }

    @Test func theMemberStandsInTheQuery() async throws {
        #expect(try await ask("at {host} of {id}").verdict == .pass)
        #expect(try await ask("at {id} of {host}").verdict == .fail)
    }

    @Test func noHostBecomesPartOfAQuery() async throws {
        let question = PrometheusQuestion(
            url: "http://127.0.0.1:\(try await server.port())", query: "at {host}", condition: .below(value: 10))
        for host in ["x\"} or vector(0) or up{a=\"", "a b", "a\nb", "-x"] {
            let sample = await ProbeRunner(channels: NoChannels()).sample(
                Probe(name: "p", check: .prometheus(question: question)),
                of: ProbeTarget(resource: "web-1", address: .ssh(host)))
            #expect(sample.verdict == .error, "\(host)")
        }
    }

    @Test func theTokenComesFromItsFileAndStandsInNoMessage() async throws {
        let file = server.directory.appending(path: "token").path
        try "s3cret\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try await ask("secret", token: file).verdict == .pass)
        let without = try await ask("secret")
        #expect(without.verdict == .error && without.reason.contains("401"))
        for text in ["", "\n", "two words", "a\r\nX: y", String(repeating: "a", count: 9_000)] {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            let sample = try await ask("secret", token: file)
            #expect(sample.verdict == .error && !sample.reason.contains("aaaa") && !sample.reason.contains("words"))
        }
        #expect(try await ask("secret", token: "/no/such/file").verdict == .error)
    }

    @Test func nothingIsAskedOfTheTimeBeforeTheAct() async throws {
        let since = Timestamp.now().adding(seconds: -20)
        _ = await askPrometheus(
            "range", port: try await server.port(), over: 300, .below(value: 10), samples: 1, since: since)
        let asked = try String(contentsOf: server.directory.appending(path: "asked"), encoding: .utf8)
        #expect(asked.contains("start=\(PrometheusProbe.seconds(since))&"), "\(asked)")
        let future = await askPrometheus(
            "range", port: try await server.port(), over: 300, .below(value: 10), since: .now().adding(seconds: 60))
        #expect(future.verdict == .inconclusive)
    }
}

/// A real Prometheus that scrapes a small server every second.
@Suite(
    "The real Prometheus", .serialized, .timeLimit(.minutes(10)),
    .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/bin/prometheus")
            || ProcessInfo.processInfo.environment["CI"] != nil, "apt-get install prometheus"))
struct RealPrometheusTests {
    private static let metrics = """
        import http.server, os, time
        started = time.time()
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                old = int((started - 100) * 1000)
                text = f'steady 3\\nnot_a_number NaN\\nmany{{n="a"}} 1\\nmany{{n="b"}} 50\\nold 1 {old}\\n'
                text += f'growing_total {time.time() - started}\\n'
                self.send_response(200)
                self.send_header('Content-Type', 'text/plain; version=0.0.4')
                self.end_headers()
                self.wfile.write(text.encode())
            def log_message(self, *arguments): pass
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        with open('port.new', 'w') as file: file.write(str(server.server_address[1]))
        os.rename('port.new', 'port')
        server.serve_forever()
        """

    @Test func whatItAnswersIsJudged() async throws {
        let target = try PythonServer(Self.metrics)
        let scraped = try await target.port()
        let port = try freePort()
        let configuration = """
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            scrape_configs:
              - {job_name: test, static_configs: [{targets: ["127.0.0.1:\(scraped)"]}]}

            """
        try configuration.write(
            to: target.directory.appending(path: "prometheus.yml"), atomically: true, encoding: .utf8)
        let prometheus = Process()
        prometheus.executableURL = URL(filePath: "/usr/bin/prometheus")
        prometheus.arguments = [
            "--config.file=\(target.directory.path)/prometheus.yml", "--web.listen-address=127.0.0.1:\(port)",
            "--storage.tsdb.path=\(target.directory.path)/data",
        ]
        prometheus.standardInput = FileHandle.nullDevice
        prometheus.standardOutput = FileHandle.nullDevice
        prometheus.standardError = FileHandle.nullDevice
        try prometheus.run()
        defer { prometheus.end() }
        let begun = Timestamp.now()

        func ask(
            _ query: String, over: Int? = nil, _ condition: PrometheusQuestion.Condition, samples: Int = 1,
            maximumAge: Int = 30, since: Timestamp? = nil
        ) async -> ProbeSample {
            await askPrometheus(
                query, port: port, over: over, condition, samples: samples, maximumAge: maximumAge, since: since)
        }
        try await eventually("it has scraped") { await ask("steady", .below(value: 10)).verdict == .pass }
        #expect(await ask("steady", .below(value: 3)).verdict == .fail)
        #expect(await ask("steady", .atLeast(value: 3), since: begun).verdict == .pass)
        #expect(await ask("many", .below(value: 100)).verdict == .pass)
        #expect(await ask("many", .below(value: 10)).verdict == .fail, "all series must hold")
        #expect(await ask("not_a_number", .below(value: 10)).verdict == .inconclusive)
        #expect(await ask("absent_metric", .below(value: 10)).verdict == .inconclusive)
        #expect(await ask("steady{", .below(value: 10)).verdict == .error)
        #expect(await ask("scalar(steady)", .below(value: 10)).verdict == .pass)
        #expect(await ask("steady # a remark", .below(value: 10)).verdict == .pass)
        #expect(await ask("up{job=\"test\"}", .atLeast(value: 1)).verdict == .pass)
        // The answer itself is of this moment: only `timestamp()` tells that the sample is not.
        let old = await ask("old", .below(value: 10))
        #expect(old.verdict == .inconclusive && old.reason.contains("old"), "\(old.reason)")
        #expect(await ask("old", .below(value: 10), maximumAge: 280).verdict == .pass)

        let act = Timestamp.now()
        let early = await ask("steady", over: 60, .below(value: 10), samples: 5, since: act)
        #expect(early.verdict == .inconclusive, "\(early.reason)")
        try await eventually("the samples since the act have come in") {
            await ask("steady", over: 60, .below(value: 10), samples: 5, since: act).verdict == .pass
        }
        #expect(act.adding(seconds: 4) <= .now(), "five samples a second apart take four seconds")
        #expect(await ask("growing_total", over: 10, .below(value: 1), samples: 2, since: act).verdict == .fail)

        target.stop()
        try await eventually("what is gone is missed") {
            await ask("steady", .below(value: 10)).verdict == .inconclusive
        }
        #expect(await ask("up{job=\"test\"}", .atLeast(value: 1)).verdict == .fail)
        prometheus.end()
        #expect(await ask("steady", .below(value: 10)).verdict == .error)
    }
}
