internal import FettleDriverKit
internal import FettleModel

/// The two sides of a `TrafficSwitch` at their HAProxy: who has the traffic, and how it is turned.
///
/// With a map one entry of it decides, which is set at run time by one command: no request is chosen a server in between. Without one,
/// the servers of the one backend are turned: those that are to serve first, so that there is always somebody; for a
/// moment both sides serve.
struct HAProxyTurning: Sendable {
    let turn: TrafficSwitch
    let client: HAProxyClient
    /// nil: server by server.
    private let map: (file: HAProxyMapFile, to: String, from: String?)?

    private var traffic: TrafficBinding { turn.traffic }
    /// Nobody is turned away: it is seen that `to` serves alone.
    var isOnlySeen: Bool { turn.from.isEmpty }

    /// What is to be seen at one moment.
    struct View: Sendable {
        /// In the order of the switch.
        var to: [ServerView]
        var from: [ServerView]
        /// Why `to` does not serve alone; nil: it does.
        var objection: String?
        var observedAt: Timestamp

        /// Sessions of the side that has been turned away.
        var left: Int { from.reduce(0) { $0 + $1.work } }
        /// The first of those that are to serve whom HAProxy finds unwell.
        var unwell: ServerView? { to.first { !$0.isUp } }
    }

    init(_ turn: TrafficSwitch, sockets: AdminSockets, channels: any ChannelProvider) throws(HAProxyError) {
        self.turn = turn
        client = try sockets.client(of: turn.traffic)
        guard let sides = turn.traffic.sides else {
            map = nil
            return
        }
        let place = client.place
        func backend(_ members: [ResourceID]) throws(HAProxyError) -> String? {
            let names = Set(members.map(sides.backend(of:)))
            guard names.count <= 1, let name = names.first ?? .some(nil), members.isEmpty == (name == nil) else {
                throw HAProxyError(
                    .invalidName, "\(turn.group): those who are turned together are not of one side", place: place)
            }
            return name
        }
        guard let to = try backend(turn.to), TrafficSides.isMapPath(sides.map),
            HAProxyNames.isName(turn.traffic.backend)
        else {
            throw HAProxyError(.invalidName, "\(turn.group): its map or its sides cannot be named", place: place)
        }
        let file = HAProxyMapFile(path: sides.map, address: turn.traffic.address, channels: channels, place: place)
        map = (file, to, try backend(turn.from))
    }

    func look() async throws(HAProxyError) -> View {
        let observedAt = Timestamp.now()
        if let map {
            let to = try await servers(turn.to, in: map.to)
            var from: [ServerView] = []
            if let other = map.from { from = try await servers(turn.from, in: other) }
            let objection = try await objection(to: map.to, map.file) ?? out(to)
            return View(to: to, from: from, objection: objection, observedAt: observedAt)
        }
        let all = try await client.view(of: traffic.backend)
        let to = try pick(turn.to, of: all, traffic.backend)
        let from = try pick(turn.from, of: all, traffic.backend)
        let names = Set(to.map(\.state.name))
        let other = all.first {
            !names.contains($0.state.name) && !$0.state.administrative.isOut && $0.state.weight > 0
        }
        return View(
            to: to, from: from, objection: out(to) ?? other.map { "\($0.state.name) gets traffic too (\($0.words))" },
            observedAt: observedAt)
    }

    /// Sends the traffic to `to`, and away from `from`.
    func make() async throws(HAProxyError) {
        guard let map else {
            try await client.set(names(turn.to, traffic.backend), to: .ready)
            return try await client.set(names(turn.from, traffic.backend), to: .drain)
        }
        // The file first: HAProxy that is started anew in between comes up with the side that has just been found well.
        try await map.file.set(traffic.backend, to: map.to)
        try await client.set(map.file.path, key: traffic.backend, to: map.to)
    }

    // MARK: Parts

    private func objection(to backend: String, _ file: HAProxyMapFile) async throws(HAProxyError) -> String? {
        let running = try await client.value(of: traffic.backend, in: file.path)
        guard running == backend else {
            return "the map sends \(traffic.backend) to \(running ?? "nobody"), not to \(backend)"
        }
        let kept = HAProxyMapFile.value(of: traffic.backend, in: try await file.text())
        guard kept == backend else {
            return "the file \(file.path) sends \(traffic.backend) to \(kept ?? "nobody"), not to \(backend)"
        }
        return nil
    }

    private func out(_ servers: [ServerView]) -> String? {
        if isOnlySeen, !servers.contains(where: \.isUp) { return "nobody of \(turn.group) is up" }
        return servers.first { $0.state.administrative.isOut || $0.state.weight == 0 }
            .map { "\($0.state.name) gets no traffic (\($0.words))" }
    }

    private func servers(_ members: [ResourceID], in backend: String) async throws(HAProxyError) -> [ServerView] {
        try pick(members, of: try await client.view(of: backend), backend)
    }

    private func names(_ members: [ResourceID], _ backend: String) throws(HAProxyError) -> [HAProxyServerName] {
        try members.map { member throws(HAProxyError) in
            try HAProxyServerName(backend: backend, server: traffic.serverName(of: member), place: client.place)
        }
    }

    private func pick(
        _ members: [ResourceID], of all: [ServerView], _ backend: String
    ) throws(HAProxyError) -> [ServerView] {
        let byName = Dictionary(all.map { ($0.state.name, $0) }) { first, _ in first }
        return try names(members, backend).map { name throws(HAProxyError) in
            guard let view = byName[name] else {
                throw HAProxyError(
                    .notFound,
                    "backend \(name.backend) has no server \(name.server): compare `server` in the inventory",
                    place: client.place)
            }
            return view
        }
    }
}
