internal import FettleModel

/// The kinds of probe that are mappings of several keys.
extension ProbeReader {
    /// A port, or `{port, host, serverName, leastDays, authorities}`.
    func tls(_ value: YAMLValue) -> Probe.Check? {
        func check(_ port: Int) -> Probe.Check {
            .tls(host: nil, port: port, serverName: nil, leastDays: 0, authorities: nil)
        }
        if value.scalar != nil { return reading.integer(value, "port", in: 1...65_535).map(check) }
        let keys = ["port", "host", "serverName", "leastDays", "authorities"]
        guard let fields = Fields(value, of: "'tls'", keys: keys, reading) else { return nil }
        let port = fields["port"].map { reading.integer($0, "port", in: 1...65_535) } ?? 443
        let host = fields["host"].map { hostName($0, "host") }
        let serverName = fields["serverName"].map { hostName($0, "serverName") }
        let days = fields["leastDays"].map { reading.integer($0, "leastDays", in: 0...3_650) } ?? 0
        let authorities = fields["authorities"].map { path($0, "authorities", hint: "such as /etc/ssl/ours.pem") }
        guard let port, let days, host != .some(nil), serverName != .some(nil), authorities != .some(nil) else {
            return nil
        }
        return .tls(
            host: host ?? nil, port: port, serverName: serverName ?? nil, leastDays: days,
            authorities: authorities ?? nil)
    }

    /// `{unit | file, pattern, atMost}`.
    func log(_ value: YAMLValue) -> Probe.Check? {
        guard let fields = Fields(value, of: "'log'", keys: ["unit", "file", "pattern", "atMost"], reading) else {
            return nil
        }
        let pattern = fields.required("pattern", of: "'log'", reading, hint: "such as 'ERROR|panic'").flatMap {
            extendedPattern($0)
        }
        let atMost = fields["atMost"].map { reading.integer($0, "atMost", in: 0...1_000_000) } ?? 0
        guard let source = logSource(fields), let pattern, let atMost else { return nil }
        return .log(source: source, pattern: pattern, atMost: atMost)
    }

    private func extendedPattern(_ value: YAMLValue) -> String? {
        guard let pattern = reading.text(value, "the pattern", limit: 1_024) else { return nil }
        guard let fault = ExtendedPattern.fault(in: pattern) else { return pattern }
        reading.problem(
            "the pattern is no extended regular expression: \(fault)", at: value.place,
            hint: "as for `grep -E`; \\ before a sign takes it as it stands")
        return nil
    }

    private func logSource(_ fields: Fields) -> LogSource? {
        switch (fields["unit"], fields["file"]) {
        case (let value?, nil): return unit(value).map { .unit(name: $0) }
        case (nil, let value?):
            return path(value, "file", hint: "such as /var/log/nginx/error.log").map { .file(path: $0) }
        default:
            reading.problem(
                "'log' needs either 'unit' or 'file'", at: fields.place,
                hint: "such as {unit: nginx, pattern: 'ERROR|panic'}")
            return nil
        }
    }

    /// `{url, query, over, step, below | above | atMost | atLeast, tokenFile}`.
    func prometheus(_ value: YAMLValue) -> Probe.Check? {
        let conditions = ["below", "above", "atMost", "atLeast"]
        let keys = ["url", "query", "over", "step"] + conditions + ["tokenFile"]
        guard let fields = Fields(value, of: "'prometheus'", keys: keys, reading) else { return nil }
        let url = fields.required("url", of: "'prometheus'", reading, hint: "such as http://prometheus:9090").flatMap {
            baseURL($0, filled: ["host", "id"])
        }
        let query = fields.required("query", of: "'prometheus'", reading).flatMap {
            reading.text($0, "the query", limit: 2_048)
        }
        let over = fields["over"].map { reading.seconds($0, "over", in: 10...86_400) }
        let step = fields["step"].map { reading.seconds($0, "step", in: 1...3_600) } ?? 15
        let token = fields["tokenFile"].map { path($0, "tokenFile", hint: "such as /etc/fettle/prometheus.token") }
        let condition = condition(fields, conditions)
        if let value = fields["tokenFile"], let url, url.hasPrefix("http://") {
            reading.warning(
                "a token is sent unencrypted to \(url.quoted)", at: value.place, hint: "https keeps it a secret")
        }
        guard let url, let query, over != .some(nil), let step, token != .some(nil), let condition else { return nil }
        return .prometheus(
            question: PrometheusQuestion(
                url: url, query: query, overSeconds: over ?? nil, stepSeconds: step, condition: condition,
                tokenFile: token ?? nil))
    }

    private func condition(_ fields: Fields, _ names: [String]) -> PrometheusQuestion.Condition? {
        let given = names.filter { fields[$0] != nil }
        guard given.count == 1, let name = given.first, let value = fields[name] else {
            reading.problem(
                given.isEmpty
                    ? "'prometheus' has no condition" : "'prometheus' with \(given.joined(separator: " and "))",
                at: fields.place, hint: "give it exactly one of \(names.joined(separator: ", "))")
            return nil
        }
        guard let limit = reading.number(value, name, in: -1e15...1e15) else { return nil }
        switch name {
        case "below": return .below(value: limit)
        case "above": return .above(value: limit)
        case "atMost": return .atMost(value: limit)
        default: return .atLeast(value: limit)
        }
    }

    /// Without a query and a fragment: a path is added to it.
    private func baseURL(_ value: YAMLValue, filled: [String] = ["host"]) -> String? {
        guard let text = url(value, filled: filled) else { return nil }
        guard !text.contains("?"), !text.contains("#") else {
            reading.problem(
                "\(text.quoted) is more than the address of a server", at: value.place,
                hint: "such as http://prometheus:9090, without the path /api/v1")
            return nil
        }
        return text
    }

    /// `{checkInterval}`, or nothing.
    func balancer(_ value: YAMLValue) -> Probe.Check? {
        if value.isNull { return .balancer(checkIntervalSeconds: 2) }
        guard let fields = Fields(value, of: "'balancer'", keys: ["checkInterval"], reading) else { return nil }
        let interval = fields["checkInterval"].map { reading.seconds($0, "checkInterval", in: 1...600) } ?? 2
        return interval.map { .balancer(checkIntervalSeconds: $0) }
    }

    /// `{patroni: {url, members, maximumLag}}` or `{command: [...]}`.
    func cluster(_ value: YAMLValue) -> Probe.Check? {
        guard let fields = Fields(value, of: "'cluster'", keys: ["patroni", "command"], reading) else { return nil }
        switch (fields["patroni"], fields["command"]) {
        case (let value?, nil): return patroni(value).map { .cluster(view: $0) }
        case (nil, let value?): return command(value).map { .cluster(view: .command(argv: $0)) }
        default:
            reading.problem(
                "'cluster' needs either 'patroni' or 'command'", at: fields.place,
                hint: "such as {patroni: {url: \"http://{host}:8008\", members: 3}}")
            return nil
        }
    }

    private func patroni(_ value: YAMLValue) -> ClusterView? {
        guard let fields = Fields(value, of: "'patroni'", keys: ["url", "members", "maximumLag"], reading) else {
            return nil
        }
        let url = fields.required("url", of: "'patroni'", reading, hint: "such as http://{host}:8008").flatMap {
            baseURL($0)
        }
        // Patroni forgets a member that is gone: only who knows how many there must be misses it.
        let members = fields.required("members", of: "'patroni'", reading, hint: "how many the cluster must have")
            .flatMap { reading.integer($0, "members", in: 1...1_000) }
        let lag =
            fields["maximumLag"].map { reading.integer($0, "maximumLag", in: 0...1_000_000_000_000) } ?? 16_777_216
        guard let url, let members, let lag else { return nil }
        return .patroni(url: url, members: members, maximumLagBytes: Int64(lag))
    }

    private func path(_ value: YAMLValue, _ name: String, hint: String) -> String? {
        guard let text = reading.text(value, "'\(name)'", limit: 1_024) else { return nil }
        guard text.hasPrefix("/"), !text.hasSuffix("/") else {
            reading.problem("\(text.quoted) is no absolute path of a file", at: value.place, hint: hint)
            return nil
        }
        return text
    }

    private func hostName(_ value: YAMLValue, _ name: String) -> String? {
        guard let text = reading.text(value, "'\(name)'", limit: 253) else { return nil }
        guard text.utf8.allSatisfy({ NameRule.isAlphanumeric($0) || "-.:".utf8.contains($0) }), !text.hasPrefix("-")
        else {
            reading.problem("\(text.quoted) is no name of a host", at: value.place, hint: "such as www.example.com")
            return nil
        }
        return text
    }
}
