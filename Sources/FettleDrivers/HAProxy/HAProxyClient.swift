internal import FettleModel

/// What HAProxy knows of one server at one moment.
struct ServerView: Sendable, Equatable {
    let state: ServerState
    let statistics: ServerStatistics
    /// Before the first question was sent: nothing here is older.
    let observedAt: Timestamp

    var work: Int { statistics.currentSessions + statistics.queued }
    /// Whether HAProxy's own view is that the server is up, drained or not.
    var isUp: Bool { state.operational == .running || state.operational == .starting }
    /// Whether new sessions come to it.
    var isInService: Bool { isUp && !state.administrative.isOut && state.weight > 0 }

    /// For people: `ready, UP, weight 50 of 100, 3 sessions`.
    var words: String {
        let weight = state.weight == state.initialWeight ? "" : " of \(state.initialWeight)"
        let sessions = work == 1 ? "1 session" : "\(work) sessions"
        return "\(state.administrative.words), \(SafeText.lastLines(of: statistics.status) ?? "no status"), "
            + "weight \(state.weight)\(weight), \(sessions)"
    }
}

/// The few commands of HAProxy's admin socket that Fettle uses.
struct HAProxyClient: Sendable {
    let socket: any AdminSocket
    /// Looked at only so that messages say where.
    var place: String { socket.place }

    /// All servers of a backend.
    func view(of backend: String) async throws(HAProxyError) -> [ServerView] {
        guard HAProxyNames.isName(backend) else {
            // Says what is wrong with it.
            _ = try HAProxyServerName(backend: backend, server: "-", place: place)
            return []
        }
        let observedAt = Timestamp.now()
        let states = try ServersStateParser.parse(
            try await ask("show servers state \(backend)", about: "backend \(backend)"), place: place)
        guard let number = states.first?.backendNumber else { return [] }
        // By its number: a name would find a frontend of the same name first, which has no servers. 4 is for servers.
        let statistics = try StatisticsParser.parse(
            try await ask("show stat \(number) 4 -1", about: "backend \(backend)"), place: place)
        var rows: [HAProxyServerName: ServerStatistics] = [:]
        for row in statistics { rows[row.name] = row }
        // A server that appears in one answer only was added or taken away in between.
        return states.compactMap { state in
            rows[state.name].map { ServerView(state: state, statistics: $0, observedAt: observedAt) }
        }
    }

    func view(of name: HAProxyServerName) async throws(HAProxyError) -> ServerView {
        guard let view = try await view(of: name.backend).first(where: { $0.state.name == name }) else {
            throw HAProxyError(
                .notFound,
                "backend \(name.backend) has no server \(name.server): compare `serverName` in the inventory",
                place: place)
        }
        return view
    }

    enum AdministrativeState: String, Sendable {
        case ready, drain
        case maintenance = "maint"
    }

    func set(_ name: HAProxyServerName, to state: AdministrativeState) async throws(HAProxyError) {
        try await command("set server \(name) state \(state.rawValue)", about: "server \(name)")
    }

    /// - Parameter weight: 0 to 256.
    func set(_ name: HAProxyServerName, weight: Int) async throws(HAProxyError) {
        try await command("set weight \(name) \(weight)", about: "server \(name)")
    }

    /// A command that says nothing when it is done. That it was done is seen by looking, never by this silence.
    private func command(_ line: String, about subject: String) async throws(HAProxyError) {
        let answer = try await ask(line, about: subject)
        if let words = SafeText.lastLines(of: answer) {
            throw HAProxyError(.refused, "HAProxy refused `\(line)`: \(words)", place: place)
        }
    }

    private func ask(_ line: String, about subject: String) async throws(HAProxyError) -> String {
        let answer = try await socket.ask(line)
        let start = answer.drop(while: \.isWhitespace)
        if start.hasPrefix("Permission denied") {
            throw HAProxyError(
                .permission, "the socket may not change anything: its `stats socket` line needs `level admin`",
                place: place)
        }
        if start.hasPrefix("Can't find backend") || start.hasPrefix("No such proxy")
            || start.hasPrefix("No such backend") || start.hasPrefix("No such server")
        {
            throw HAProxyError(.notFound, "there is no \(subject)", place: place)
        }
        return answer
    }
}
