internal import FettleModel

/// Reads `probes`: a list, each with exactly one of `kinds`.
struct ProbeReader {
    let reading: Reading
    /// Whether the list is asked once for a whole group, so that there is no member it could speak of.
    var isOfGroup = false

    static let kinds = [
        "http", "tcp", "unit", "command", "tls", "log", "prometheus", "balancer", "cluster", "manual",
    ]
    static let keys = ["name"] + kinds + ["timeout", "samples", "interval", "deadline", "maximumAge"]

    func list(_ value: YAMLValue) -> [Probe] {
        var seen: Set<String> = []
        return (reading.list(value, "probes", limit: 100) ?? []).compactMap { item in
            guard let probe = probe(item) else { return nil }
            guard seen.insert(probe.name).inserted else {
                reading.problem(
                    "the probe \(probe.name.quoted) is given twice", at: item.place,
                    hint: "give each a 'name' of its own")
                return nil
            }
            return probe
        }
    }

    private func probe(_ item: YAMLValue) -> Probe? {
        guard let fields = Fields(item, of: "a probe", keys: Self.keys, reading) else { return nil }
        let given = Self.kinds.filter { fields[$0] != nil }
        guard given.count == 1, let kind = given.first, let value = fields[kind] else {
            reading.problem(
                given.isEmpty ? "a probe that checks nothing" : "a probe with \(given.joined(separator: " and "))",
                at: item.place, hint: "give each exactly one of \(Self.kinds.joined(separator: ", "))")
            return nil
        }
        let check = check(kind, value)
        let name = fields["name"].map { reading.identifier($0, "the name of a probe") }
        var probe = Probe(name: "", check: check ?? .tcp(port: 1))
        if let value = fields["timeout"], let seconds = reading.seconds(value, "timeout", in: 1...600) {
            probe.timeoutSeconds = seconds
        }
        if let value = fields["samples"], let samples = reading.integer(value, "samples", in: 1...1_000) {
            probe.samples = samples
        }
        if let value = fields["interval"], let seconds = reading.seconds(value, "interval", in: 1...3_600) {
            probe.intervalSeconds = seconds
        }
        if let value = fields["deadline"], let seconds = reading.seconds(value, "deadline", in: 1...86_400) {
            probe.deadlineSeconds = seconds
        }
        if let value = fields["maximumAge"], let seconds = reading.seconds(value, "maximumAge", in: 1...86_400) {
            probe.maximumAgeSeconds = seconds
        }
        ProbeFit(reading: reading, isOfGroup: isOfGroup && check != nil).judge(probe, fields, at: item.place)
        guard let check, let name = name ?? Self.defaultName(of: check) else { return nil }
        probe.name = name
        return probe
    }

    private func check(_ kind: String, _ value: YAMLValue) -> Probe.Check? {
        switch kind {
        case "http": http(value)
        case "tcp": tcp(value)
        case "unit": unit(value).map { .systemdUnit(name: $0) }
        case "command": command(value).map { .command(argv: $0) }
        case "tls": tls(value)
        case "log": log(value)
        case "prometheus": prometheus(value)
        case "balancer": balancer(value)
        case "cluster": cluster(value)
        default: reading.text(value, "the question", limit: 500).map { .manual(question: $0) }
        }
    }

    private static func defaultName(of check: Probe.Check) -> String? {
        switch check {
        case .http: "http"
        case .tcp(let port): "tcp-\(port)"
        case .systemdUnit(let name): name
        case .command: "command"
        case .tls(_, let port, _, _, _): "tls-\(port)"
        case .log: "log"
        case .prometheus: "prometheus"
        case .balancer: "balancer"
        case .cluster: "cluster"
        case .manual: "manual"
        }
    }

    /// A URL, or `{url, status, contains}`.
    private func http(_ value: YAMLValue) -> Probe.Check? {
        if value.scalar != nil { return url(value).map { .http(url: $0, status: 200, contains: nil) } }
        guard let fields = Fields(value, of: "'http'", keys: ["url", "status", "contains"], reading),
            let urlValue = fields.required("url", of: "'http'", reading, hint: "such as http://{host}/health")
        else { return nil }
        let status = fields["status"].map { reading.integer($0, "status", in: 100...599) } ?? 200
        let contains = fields["contains"].flatMap { reading.text($0, "'contains'", limit: 1_024) }
        guard let url = url(urlValue), let status else { return nil }
        return .http(url: url, status: status, contains: contains)
    }

    /// - Parameter filled: the words in braces that something is filled in for.
    func url(_ value: YAMLValue, filled: [String] = ["host"]) -> String? {
        guard let text = reading.text(value, "the url", limit: 2_048) else { return nil }
        let scheme = ["http://", "https://"].first { text.hasPrefix($0) }
        let rest = text.dropFirst(scheme?.count ?? 0)
        let isPrintable = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        guard scheme != nil, isPrintable, let first = rest.utf8.first, !"/?#@:".utf8.contains(first) else {
            reading.problem(
                "\(text.quoted) is no web address", at: value.place,
                hint: "such as http://{host}:8080/health, where {host} stands for the member's host")
            return nil
        }
        // What stands here is kept with plans, journals and evidence, and printed; the word itself is not repeated.
        guard !rest.prefix(while: { !"/?#".contains($0) }).contains("@") else {
            reading.problem(
                "the url holds a user or a password, which would be kept and printed with every plan", at: value.place,
                hint: "leave it out; where a service asks for a secret, probe a path that needs none, or use a command")
            return nil
        }
        checkPlaceholders(text, filled, at: value.place)
        return text
    }

    /// A port, or `{port}`.
    private func tcp(_ value: YAMLValue) -> Probe.Check? {
        var portValue = value
        if value.scalar == nil {
            guard let fields = Fields(value, of: "'tcp'", keys: ["port"], reading),
                let port = fields.required("port", of: "'tcp'", reading)
            else { return nil }
            portValue = port
        }
        return reading.integer(portValue, "port", in: 1...65_535).map { .tcp(port: $0) }
    }

    /// The name of a systemd unit; `.service` is added where there is no suffix.
    func unit(_ value: YAMLValue) -> String? {
        guard let text = reading.text(value, "the unit") else { return nil }
        let isName = text.utf8.allSatisfy { NameRule.isAlphanumeric($0) || ":-_.\\@".utf8.contains($0) }
        guard isName, !text.hasPrefix("-"), !text.hasPrefix(".") else {
            reading.problem(
                "\(text.quoted) is no name of a systemd unit", at: value.place, hint: "such as nginx.service")
            return nil
        }
        return text.contains(".") ? text : text + ".service"
    }

    /// The words of a command: run as they are, by no shell.
    func command(_ value: YAMLValue) -> [String]? {
        guard let items = reading.list(value, "the command", limit: 100) else { return nil }
        let words = items.compactMap { reading.text($0, "a word of the command", limit: 4_096) }
        guard words.count == items.count, let program = words.first else {
            if items.isEmpty { reading.problem("the command is empty", at: value.place) }
            return nil
        }
        guard !program.hasPrefix("-") else {
            reading.problem("a command cannot begin with \(program.quoted)", at: items[0].place)
            return nil
        }
        for (item, word) in zip(items, words) { checkProgramText(word, at: item.place) }
        return words
    }
}
