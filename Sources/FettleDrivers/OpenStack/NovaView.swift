import FettleModel

/// What Nova tells at about one moment: its compute services, and the servers on those that were asked for.
struct NovaView: Sendable, Equatable {
    var services: [Service] = []
    /// By id.
    var servers: [String: Server] = [:]

    /// A host's `nova-compute`.
    struct Service: Sendable, Equatable {
        var id: String
        var host: String
        var isEnabled: Bool
        /// It reports to Nova, and nobody has said that it is down.
        var isUp: Bool
        var reason: String?

        /// Its reason, as it goes behind other words; empty: it has none.
        var words: String {
            reason.map { " (\(FactText.excerpt(FactText.decode($0.utf8), limit: 120)))" } ?? ""
        }
    }

    struct Server: Sendable, Equatable {
        var id: String
        /// Unlike that of every other server here.
        var name: String
        var host: String?
        var vmState: String
        var taskState: String?
        var powerState: Int
        var memoryMebibytes: Int
        var processors: Int
        var isBoundBecause: String?
        /// Whether it has a disk that is no volume.
        var hasOwnFiles: Bool
        /// That are under way; asked of those that are being moved.
        var migrations: [NovaRecord.Migration] = []
        /// Whether its hypervisor says that it runs; nil: it was not asked.
        var isLive: Bool?

        /// Whether it would go down with its host. What Nova holds for active counts, whatever the last look at it has shown.
        var isRunning: Bool {
            powerState == 1 || powerState == 3 || ["active", "paused", "rescued", "building"].contains(vmState)
        }
        var isMoving: Bool { taskState == "migrating" }
        /// By what Nova has written down: as far as its last look at the hypervisor goes.
        var isHeldForRunning: Bool { vmState == "active" && powerState == 1 }
    }

    /// More are not read.
    static let mostServers = 200_000

    func server(named name: String) -> Server? { servers.values.first { $0.name == name } }

    /// Sorted by name.
    func servers(on host: String) -> [Server] {
        servers.values.filter { $0.host == host }.sorted { $0.name < $1.name }
    }

    func running(on host: String) -> [Server] { servers(on: host).filter(\.isRunning) }

    /// Nova's name of a hypervisor: that of the resource, with or without its domain.
    ///
    /// - Throws: in words, where there is none or more than one.
    func service(of resource: ResourceID) throws(APIError) -> Service {
        let name = resource.rawValue
        var found = services.filter { $0.host == name }
        if found.isEmpty {
            let label = name.prefix { $0 != "." }
            found = services.filter { service in
                let own = service.host.prefix { $0 != "." }
                // Two whole names that differ are two hosts.
                return own == label && (own.count == service.host.count || label.count == name.count)
            }
        }
        guard let first = found.first else {
            throw APIError(.refused, "Nova has no compute service on a host named as \(resource)", nothingRan: true)
        }
        guard found.count == 1 else {
            throw APIError(
                .refused, "Nova has more than one compute service on a host named as \(resource)", nothingRan: true)
        }
        return first
    }
}

extension NovaView {
    /// - Parameters:
    ///   - known: names of the plan.
    ///   - identities: ids by such names, as they were before anything was done.
    /// - Throws: for what has no name or no size, or could not be told whole.
    init(
        _ services: [NovaRecord.Service], _ records: [NovaRecord.Server], known: Set<String> = [],
        identities: [String: String] = [:]
    ) throws(APIError) {
        for service in services {
            guard service.status != "UNKNOWN", let id = service.id else {
                throw APIError(.unreachable, "a cell does not answer, and has some of the hosts", nothingRan: true)
            }
            guard NovaName.isHost(service.host), NovaName.isUUID(id) else { throw .garbage("a service has no name") }
            guard service.status == "enabled" || service.status == "disabled" else {
                throw .garbage("a service is neither enabled nor disabled")
            }
            self.services.append(
                Service(
                    id: id, host: service.host, isEnabled: service.status == "enabled",
                    isUp: service.state == "up" && service.isForcedDown != true, reason: service.reason))
        }
        guard records.count <= Self.mostServers else {
            throw .garbage("it tells of more than \(Self.mostServers) servers")
        }
        var uses: [String: Int] = [:]
        var latest: [String: NovaRecord.Server] = [:]
        // One that went from a host to the next while they were asked is on both lists: the later one counts.
        for record in records { latest[record.id] = record }
        for record in latest.values { uses[record.name, default: 0] += 1 }
        let owners = identities.reduce(into: [String: String]()) { $0[$1.value] = $1.key }
        for (id, record) in latest {
            let name = owners[id] ?? Self.name(record, uses, known, taken: identities)
            self.servers[id] = try Server(record, named: name)
        }
    }

    /// Names are their owners' to give, so that they can be anything, and another's too.
    private static func name(
        _ record: NovaRecord.Server, _ uses: [String: Int], _ known: Set<String>, taken: [String: String]
    ) -> String {
        let name = record.name
        let isPlain =
            (1...200).contains(name.utf8.count) && FactText.decode(name.utf8) == name
            && !name.contains(where: \.isNewline) && !name.contains("\t") && !NovaName.isUUID(name.suffix(36))
        guard isPlain else { return record.id }
        let whole = "\(name).\(record.id)"
        return uses[name] == 1 && !known.contains(whole) && taken[name] == nil ? name : whole
    }
}

extension NovaView.Server {
    init(_ record: NovaRecord.Server, named name: String) throws(APIError) {
        let what = "server \(record.id)"
        if let host = record.host, !NovaName.isHost(host) { throw .garbage("\(what) is on a host without a name") }
        self.init(
            id: record.id, name: name, host: record.host, vmState: record.vmState, taskState: record.taskState,
            powerState: record.powerState,
            memoryMebibytes: try MachineSize.mebibytes(record.flavor.memory, of: what),
            processors: try MachineSize.processors(record.flavor.vcpus, of: what),
            isBoundBecause: ServerObstacle.bound(record),
            hasOwnFiles: record.hasImage || record.hasConfigDrive || record.flavor.ephemeral > 0
                || record.flavor.swap > 0)
    }

    /// For a plan, and for what a destination has no room beside.
    func resident(apartFrom others: [String] = [], besides group: String? = nil) -> ResidentMachine {
        ResidentMachine(
            name: name, resource: FactText.isName(name) ? ResourceID(name) : nil, memoryMebibytes: memoryMebibytes,
            processors: processors, isRunning: isRunning, isBoundBecause: isRunning ? isBoundBecause ?? group : nil,
            apartFrom: others, sharedPaths: hasOwnFiles && isRunning ? ["\(ServerObstacle.ownFiles)/\(id)"] : nil)
    }
}
