internal import FettleModel

/// Writes one item of a group's `probes`.
enum ProbeWriter {
    static func lines(_ probe: Probe) -> [String] {
        var lines = ["      - name: \(YAMLText.scalar(probe.name))"]
        lines += check(probe.check).map { "        " + $0 }
        lines += [
            "        timeout: \(probe.timeoutSeconds)s", "        samples: \(probe.samples)",
            "        interval: \(probe.intervalSeconds)s", "        deadline: \(probe.deadlineSeconds)s",
        ]
        if let age = probe.maximumAgeSeconds { lines.append("        maximumAge: \(age)s") }
        return lines
    }

    private static func check(_ check: Probe.Check) -> [String] {
        switch check {
        case .http(let url, let status, let contains):
            mapping("http", [("url", text(url)), ("status", "\(status)"), ("contains", text(contains))])
        case .tcp(let port): ["tcp: \(port)"]
        case .systemdUnit(let name): ["unit: \(YAMLText.scalar(name))"]
        case .command(let words): ["command: " + YAMLText.flowList(words, indent: 8)]
        case .tls(let host, let port, let serverName, let leastDays, let authorities):
            mapping(
                "tls",
                [
                    ("port", "\(port)"), ("host", text(host)), ("serverName", text(serverName)),
                    ("leastDays", "\(leastDays)"), ("authorities", text(authorities)),
                ])
        case .log(let source, let pattern, let atMost):
            mapping("log", [self.source(source), ("pattern", text(pattern)), ("atMost", "\(atMost)")])
        case .prometheus(let question): mapping("prometheus", entries(question))
        case .balancer(let seconds): mapping("balancer", [("checkInterval", "\(seconds)s")])
        case .cluster(.patroni(let url, let members, let lag)):
            ["cluster:"]
                + mapping(
                    "patroni", [("url", text(url)), ("members", "\(members)"), ("maximumLag", "\(lag)")]
                ).map { "  " + $0 }
        case .cluster(.command(let words)): ["cluster:", "  command: " + YAMLText.flowList(words, indent: 10)]
        case .manual(let question): ["manual: \(YAMLText.scalar(question))"]
        }
    }

    private static func source(_ source: LogSource) -> (String, String?) {
        switch source {
        case .unit(let name): ("unit", text(name))
        case .file(let path): ("file", text(path))
        }
    }

    private static func entries(_ question: PrometheusQuestion) -> [(String, String?)] {
        let (condition, limit) = question.condition.words
        return [
            ("url", text(question.url)), ("query", text(question.query)),
            ("over", question.overSeconds.map { "\($0)s" }), ("step", "\(question.stepSeconds)s"),
            (condition, limit.plain), ("tokenFile", text(question.tokenFile)),
        ]
    }

    private static func text(_ value: String?) -> String? { value.map { YAMLText.scalar($0) } }

    /// What has no value is left out.
    private static func mapping(_ key: String, _ entries: [(String, String?)]) -> [String] {
        ["\(key):"] + entries.compactMap { name, value in value.map { "  \(name): \($0)" } }
    }
}
