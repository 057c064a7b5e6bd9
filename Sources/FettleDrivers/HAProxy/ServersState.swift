/// One server as `show servers state` tells it, the form that HAProxy itself reads back after a reload
/// ([Management Guide, 9.3](https://docs.haproxy.org/2.6/management.html#9.3-show%20servers%20state)).
struct ServerState: Sendable, Equatable {
    let name: HAProxyServerName
    /// HAProxy's number of the backend, by which it can be asked for without a doubt.
    let backendNumber: Int
    let operational: Operational
    let administrative: Administrative
    /// 0 to 256: as the configuration or `set weight` left it. A drain doesn't change it.
    let weight: Int
    /// The weight in the configuration.
    let initialWeight: Int

    enum Operational: Int, Sendable {
        case stopped = 0
        case starting = 1
        case running = 2
        /// Up, but asked by its health check for no new sessions (`http-check disable-on-404`).
        case stopping = 3
    }

    /// Who has taken the server out, as bits (`SRV_ADMF_*` in HAProxy's `server-t.h`).
    struct Administrative: OptionSet, Sendable, Hashable {
        let rawValue: Int
        static let maintenance = Administrative(rawValue: 0x01)
        static let inheritedMaintenance = Administrative(rawValue: 0x02)
        static let configuredMaintenance = Administrative(rawValue: 0x04)
        static let drain = Administrative(rawValue: 0x08)
        static let inheritedDrain = Administrative(rawValue: 0x10)
        /// Its name doesn't resolve.
        static let unresolved = Administrative(rawValue: 0x20)

        static let anyMaintenance: Administrative = [
            .maintenance, .inheritedMaintenance, .configuredMaintenance, .unresolved,
        ]
        static let anyDrain: Administrative = [.drain, .inheritedDrain]

        /// Whether the server gets no new sessions by the balancing, whoever decided so.
        var isOut: Bool { !isDisjoint(with: Self.anyMaintenance.union(.anyDrain)) }

        var words: String {
            if !isDisjoint(with: .anyMaintenance) { return "in maintenance" }
            return isDisjoint(with: .anyDrain) ? "ready" : "draining"
        }
    }
}

/// Reads the answer of `show servers state`. Columns are found by their names, so that others may come and go.
enum ServersStateParser {
    /// More servers than this in a backend are not plausible.
    static let maximumServers = 20_000

    static func parse(_ text: String, place: String) throws(HAProxyError) -> [ServerState] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard lines.first == "1" else {
            throw HAProxyError(
                .malformed,
                "the answer to `show servers state` is not in its version 1: "
                    + (SafeText.lastLines(of: String(text.prefix(200))) ?? "nothing came"), place: place)
        }
        lines.removeFirst()
        guard let header = lines.first, header.hasPrefix("# ") else {
            throw HAProxyError(.malformed, "`show servers state` named no columns", place: place)
        }
        let columns = try Columns(header.dropFirst(2), place: place)
        guard lines.count <= maximumServers + 1 else {
            throw HAProxyError(.malformed, "`show servers state` told of too many servers", place: place)
        }
        var servers: [ServerState] = []
        for line in lines.dropFirst() {
            servers.append(try columns.server(line.split(separator: " "), place: place))
        }
        return servers
    }

    private struct Columns {
        let count: Int
        let number, backend, server, operational, administrative, weight, initialWeight: Int

        init(_ header: Substring, place: String) throws(HAProxyError) {
            let names = header.split(separator: " ")
            func index(_ name: Substring) throws(HAProxyError) -> Int {
                guard let index = names.firstIndex(of: name) else {
                    throw HAProxyError(.malformed, "`show servers state` has no column \(name)", place: place)
                }
                return index
            }
            count = names.count
            number = try index("be_id")
            backend = try index("be_name")
            server = try index("srv_name")
            operational = try index("srv_op_state")
            administrative = try index("srv_admin_state")
            weight = try index("srv_uweight")
            initialWeight = try index("srv_iweight")
        }

        func server(_ fields: [Substring], place: String) throws(HAProxyError) -> ServerState {
            let damaged = HAProxyError(.malformed, "a line of `show servers state` is damaged", place: place)
            // Fewer fields than columns is a torn line; what it says of any column may be another's.
            guard fields.count >= count else { throw damaged }
            guard let number = Int(fields[number]), number > 0,
                let operational = Int(fields[operational]).flatMap(ServerState.Operational.init),
                let administrative = Int(fields[administrative]), (0...0xFFFF).contains(administrative),
                let weight = Int(fields[weight]), (0...256).contains(weight),
                let initialWeight = Int(fields[initialWeight]), (0...256).contains(initialWeight)
            else { throw damaged }
            return ServerState(
                name: try HAProxyServerName(
                    backend: String(fields[backend]), server: String(fields[server]), place: place),
                backendNumber: number, operational: operational,
                administrative: ServerState.Administrative(rawValue: administrative),
                weight: weight, initialWeight: initialWeight)
        }
    }
}
