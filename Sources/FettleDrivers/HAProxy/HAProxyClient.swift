internal import FettleModel
internal import Synchronization

/// What HAProxy knows of one server at one moment.
struct ServerView: Sendable, Equatable {
    let state: ServerState
    let statistics: ServerStatistics
    /// Before the first question was sent: nothing here is older.
    let observedAt: Timestamp
    /// Sessions of the whole backend since HAProxy started; nil where it doesn't count them.
    var poolSessions: Int?

    var work: Int { statistics.currentSessions + statistics.queued }
    /// Whether HAProxy's own view is that the server is up, drained or not. Its two answers are not of the same moment: a
    /// check may fail between them, and then only the later one knows.
    var isUp: Bool {
        (state.operational == .running || state.operational == .starting) && !statistics.status.hasPrefix("DOWN")
    }
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
    var numbers = BackendNumbers()
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
        let (states, statistics) = try await answers(about: backend)
        var rows: [HAProxyServerName: ServerStatistics] = [:]
        for row in statistics { rows[row.name] = row }
        let pool = statistics.reduce(Int?.some(0)) { sum, row in
            row.sessions.flatMap { count in sum.map { $0 &+ count } }
        }
        // A server that appears in one answer only was added or taken away in between.
        return states.compactMap { state in
            rows[state.name].map {
                ServerView(state: state, statistics: $0, observedAt: observedAt, poolSessions: pool)
            }
        }
    }

    private func answers(about backend: String) async throws(HAProxyError) -> ([ServerState], [ServerStatistics]) {
        if let number = numbers.number(of: backend, at: place),
            let answers = try await answersAtOnce(about: backend, number)
        {
            return answers
        }
        let states = try ServersStateParser.parse(
            try await ask("show servers state \(backend)", about: "backend \(backend)"), place: place)
        guard let number = states.first?.backendNumber else { return ([], []) }
        numbers.note(number, of: backend, at: place)
        return (
            states,
            try StatisticsParser.parse(
                try await ask(Self.statistics(number), about: "backend \(backend)"), place: place)
        )
    }

    /// Both in one conversation, where the backend's number is known from before.
    ///
    /// - Returns: nil if the number is another one now, or the answer is not what it should be: then each is asked by itself.
    private func answersAtOnce(
        about backend: String, _ number: Int
    ) async throws(HAProxyError) -> ([ServerState], [ServerStatistics])? {
        let answer = try await ask(
            "show servers state \(backend);\(Self.statistics(number))", about: "backend \(backend)")
        guard let seam = answer.utf8.firstRange(of: "\n# pxname,".utf8),
            let states = try? ServersStateParser.parse(String(answer[..<seam.lowerBound]), place: place),
            states.first?.backendNumber == number,
            let statistics = try? StatisticsParser.parse(
                String(answer[answer.utf8.index(after: seam.lowerBound)...]), place: place)
        else { return nil }
        return (states, statistics)
    }

    /// By its number: a name would find a frontend of the same name first, which has no servers. 4 is for servers.
    private static func statistics(_ number: Int) -> String { "show stat \(number) 4 -1" }

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

    /// Many in few lines, in this order. What is said of the first that is refused is told.
    func set(_ names: [HAProxyServerName], to state: AdministrativeState) async throws(HAProxyError) {
        var rest = names[...]
        while !rest.isEmpty {
            // HAProxy reads a line of at most 16 KiB (`tune.bufsize`).
            let some = rest.prefix(50)
            let words = some.map { "set server \($0) state \(state.rawValue)" }
            try await command(words.joined(separator: ";"), about: "server of backend \(some[some.startIndex].backend)")
            rest = rest.dropFirst(some.count)
        }
    }

    /// The value of a key in a map, as HAProxy has it at this moment; nil if it has none.
    ///
    /// - Parameter map: the path by which the configuration names it; of `TrafficSides.isMapPath`.
    func value(of key: String, in map: String) async throws(HAProxyError) -> String? {
        // Lines of a reference, a key and a value.
        for line in try await askMap("show map \(map)", map).split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 2)
            if words.count == 3, words[1] == key { return String(words[2]) }
        }
        return nil
    }

    /// One command: requests that come before it see the old value, those after it the new one.
    func set(_ map: String, key: String, to value: String) async throws(HAProxyError) {
        let isThere = try await self.value(of: key, in: map) != nil
        let line = "\(isThere ? "set" : "add") map \(map) \(key) \(value)"
        if let words = SafeText.lastLines(of: try await askMap(line, map)) {
            throw HAProxyError(.refused, "HAProxy refused `\(line)`: \(words)", place: place)
        }
    }

    private func askMap(_ line: String, _ map: String) async throws(HAProxyError) -> String {
        let answer = try await ask(line, about: "map \(map)")
        if answer.drop(while: \.isWhitespace).hasPrefix("Unknown map identifier") {
            throw HAProxyError(
                .notFound, "its configuration uses no map \(map): compare `switch` in the inventory", place: place)
        }
        return answer
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

/// The numbers that HAProxy gave its backends, as they were when it was last asked. It numbers anew when it starts.
final class BackendNumbers: Sendable {
    private struct Key: Hashable {
        var place: String
        var backend: String
    }

    private let known = Mutex<[Key: Int]>([:])

    func number(of backend: String, at place: String) -> Int? {
        known.withLock { $0[Key(place: place, backend: backend)] }
    }

    func note(_ number: Int, of backend: String, at place: String) {
        known.withLock { $0[Key(place: place, backend: backend)] = number }
    }
}
