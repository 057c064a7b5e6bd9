import Foundation
import Testing

/// The pool `api` as two sides of which one serves, behind an HAProxy of its own on lb-1: `api-1` and `api-2` are blue, `api-3` and
/// `api-4` green.
enum Pair {
    static let fleet = """
        version: 1
        environments:
          - dev
          - qa
          - staging
          - {name: production, protected: true}
        defaults: {environment: production, owner: lab}
        resources:
          - {id: "api-[1:2]", failureDomain: blue}
          - {id: "api-[3:4]", failureDomain: green}
          - {id: lb-1, kind: loadBalancer}
        groups:
          - id: pair
            members: ["api-*"]
            minimumAvailable: 2
            strategy: {blueGreen: {active: blue, keep: KEEP, then: keep}}
            traffic:
              driver: haproxy
              via: lb-1
              endpoint: /run/haproxy/pair.sock
              backend: pair
              drainTimeout: 30s
              switch: {map: /etc/haproxy/pair.map, backends: {blue: pair-blue, green: pair-green}}
            probes:
              - {name: healthz, http: {url: "http://{host}:8080/healthz", status: 200}, samples: 2, interval: 1s, deadline: 30s}
        """

    private static let configuration = """
        global
          user haproxy
          group haproxy
          stats socket /run/haproxy/pair.sock mode 660 level admin
        defaults
          mode http
          timeout connect 1s
          timeout client 30s
          timeout server 30s
          timeout check 1s
          option redispatch
          retries 3
          option http-server-close
          default-server check inter 200ms fastinter 100ms rise 2 fall 2
        frontend pair
          bind :8002
          use_backend %[str(pair),map(/etc/haproxy/pair.map,pair-blue)]
        backend pair-blue
          option httpchk GET /healthz
          server api-1 api-1:8080
          server api-2 api-2:8080
        backend pair-green
          option httpchk GET /healthz
          server api-3 api-3:8080
          server api-4 api-4:8080
        """

    /// Its own HAProxy, with blue serving.
    static func start() async throws {
        try await stop()
        try await PackagesLab.inside(
            """
            cat >/etc/haproxy/pair.cfg <<'EOF'
            \(configuration)

            EOF
            echo 'pair pair-blue' >/etc/haproxy/pair.map
            systemd-run --quiet --collect --unit=pair haproxy -db -f /etc/haproxy/pair.cfg
            """, on: "lb-1")
        for _ in 0..<900 {
            let answer = (try? await ask("show servers state")) ?? ""
            let servers = answer.split(separator: "\n").map { $0.split(separator: " ") }.filter {
                $0.count > 7 && $0[0] != "#"
            }
            if servers.count == 4, servers.allSatisfy({ $0[5] == "2" }) { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw TestFailure("the two sides do not come up")
    }

    /// Holds the change of the map's file, on lb-1, when it is about to be made or has just been made.
    enum Hold: String { case before, after }

    static func hold(_ moment: Hold) async throws {
        let wait = "touch /run/held; while [ ! -e /run/go ]; do sleep 0.1; done"
        try await PackagesLab.inside(
            """
            rm -f /run/held /run/go
            [ -e /usr/bin/mv.real ] || cp /usr/bin/mv /usr/bin/mv.real
            cat >/usr/bin/mv.new <<'EOF'
            #!/bin/sh
            case "$*" in *pair.map*) ;; *) exec /usr/bin/mv.real "$@" ;; esac
            \(moment == .before ? wait : ":")
            /usr/bin/mv.real "$@" || exit
            \(moment == .after ? wait : ":")
            EOF
            chmod 755 /usr/bin/mv.new
            /usr/bin/mv.real -f /usr/bin/mv.new /usr/bin/mv
            """, on: "lb-1")
    }

    static func waitUntilHeld() async throws {
        let wait =
            "n=0; while [ ! -e /run/held ] && [ $n -lt 1000 ]; do sleep 0.1; n=$((n + 1)); done; [ -e /run/held ]"
        _ = try await PackagesLab.inside(wait, on: "lb-1")
    }

    /// What is held goes on, and nothing is held any more.
    static func letGo() async throws {
        let restore = "if [ -e /usr/bin/mv.real ]; then /usr/bin/mv.real -f /usr/bin/mv.real /usr/bin/mv; fi"
        _ = try await PackagesLab.inside("touch /run/go; \(restore)", on: "lb-1")
    }

    static func stop() async throws {
        try await letGo()
        _ = try await PackagesLab.inside("systemctl stop pair.service 2>/dev/null || :", on: "lb-1")
    }

    static func ask(_ command: String) async throws -> String {
        try await PackagesLab.inside("echo '\(command)' | socat -t5 - UNIX-CONNECT:/run/haproxy/pair.sock", on: "lb-1")
    }

    /// The backends that the balancer and the file of its map send the traffic to.
    static func serving() async throws -> (running: String, kept: String) {
        let running = try await ask("show map /etc/haproxy/pair.map")
        let kept = try await PackagesLab.inside("cat /etc/haproxy/pair.map", on: "lb-1")
        func value(_ text: String) -> String {
            text.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? "nobody"
        }
        return (value(running), value(kept))
    }
}

/// Requests one after the other on kept connections, each with the time of its answer and the version that gave it.
final class Callers: Sendable {
    struct Answer: Sendable {
        /// When it was asked, and when the whole answer was there; seconds since 1970.
        var began: Double
        var time: Double
        var status: Int
        var version: String
    }

    private let process = Process()
    private let file: URL

    private static let program = """
        import http.client, signal, sys, threading, time
        ended = threading.Event()
        # Started by a thread that blocks signals, it would block them as well.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        lines = []
        def call():
            connection = http.client.HTTPConnection('lb-1', 8002, timeout=10)
            while not ended.is_set():
                began = time.time()
                try:
                    connection.request('GET', '/')
                    answer = connection.getresponse()
                    lines.append((time.time(), began, answer.status, answer.read().decode().split()[-1]))
                except Exception as error:
                    connection.close()
                    lines.append((time.time(), began, 0, type(error).__name__))
                time.sleep(0.005)
        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        for line in sorted(lines): print(*line)
        """

    init() throws {
        file = FileManager.default.temporaryDirectory.appending(path: "fettle-callers-\(UUID().uuidString)")
        try Data().write(to: file)
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", Self.program]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: file)
        try process.run()
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: file)
    }

    func end() async throws -> [Answer] {
        process.terminate()
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            let time = try #require(Double(words[0]))
            let began = try #require(Double(words[1]))
            let status = try #require(Int(words[2]))
            return Answer(began: began, time: time, status: status, version: String(words[3]))
        }
    }
}
