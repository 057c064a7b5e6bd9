import FettleModel

/// What a made-up host is for, and how far it is patched.
struct HostRole: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case web, app, database, balancer, batch
    }

    enum State: Sendable {
        /// Something of what its pool waits for is missing here.
        case outdated
        case patched
        /// Installed, but the services still run the earlier code.
        case needsRestart
        case unreachable
    }

    var kind: Kind
    var distribution: PackageCatalogue.Distribution
    var state: State
    /// Names the lot of packages that are outdated: the same for all members of a pool.
    var lot: UInt64
    /// Some earlier versions can no longer be had.
    var losesEarlier: Bool
}

/// Who stands where in a made-up fleet.
struct ScenarioLayout {
    private(set) var roles: [ResourceID: HostRole] = [:]
    private var resources: [Resource] = []
    private var groups: [ResourceGroup] = []
    private var random: SplitMix
    private let wanted: Int
    private let hostsPerGroup: Int
    private let racks: Int

    private static let environments = [
        Environment(id: "dev", isProtected: false), Environment(id: "qa", isProtected: false),
        Environment(id: "staging", isProtected: false), Environment(id: "production", isProtected: true),
    ]
    private static let applications = [
        "shop", "search", "billing", "accounts", "catalogue", "payments", "shipping", "reports", "mail", "wiki",
        "tickets", "media", "maps", "chat", "forms", "ledger",
    ]

    init(hosts: Int, seed: UInt64, hostsPerGroup: Int) {
        random = SplitMix(seed: seed)
        wanted = hosts
        self.hostsPerGroup = hostsPerGroup
        racks = max(3, hosts / 40)
    }

    var fleet: Fleet {
        Fleet(
            environments: Self.environments, resources: resources.sorted { $0.id < $1.id },
            groups: groups.sorted { $0.id < $1.id })
    }

    mutating func build() {
        var number = 0
        while left >= Cell.smallest {
            let name = Self.applications[number % Self.applications.count]
            let round = number / Self.applications.count
            let application = round == 0 ? name : "\(name)\(round + 1)"
            let distribution: PackageCatalogue.Distribution = chance(of: 5) ? .almaLinux9 : .debian12
            addCells(of: application, distribution)
            number += 1
        }
        var single = 1
        while left > 0 {
            addSingle("batch-\(single)", environment: Self.environments[single % 4].id)
            single += 1
        }
    }

    private var left: Int { wanted - resources.count }

    /// One in each environment, and several in production: a cell has its own databases and takes no traffic of another.
    private mutating func addCells(of application: String, _ distribution: PackageCatalogue.Distribution) {
        var cells = [("production", "prod-\(application)-1", 2)]
        cells += [
            ("dev", "dev-\(application)", 0), ("qa", "qa-\(application)", 0), ("staging", "staging-\(application)", 1),
        ]
        for number in 2..<2 + Int.random(in: 0...5, using: &random) {
            cells.append(("production", "prod-\(application)-\(number)", 2))
        }
        for (environment, name, size) in cells where left >= Cell.smallest {
            add(Cell(name: name, environment: EnvironmentID(environment), size: size, distribution: distribution))
            if left > 0, chance(of: 8) { addSingle("\(name)-batch", environment: EnvironmentID(environment)) }
        }
    }

    private struct Cell {
        var name: String
        var environment: EnvironmentID
        /// From 0 (dev) to 2 (production).
        var size: Int
        var distribution: PackageCatalogue.Distribution

        /// A load balancer, three databases, and two pools of five.
        static let smallest = 14
        var isProduction: Bool { size == 2 }
    }

    private mutating func add(_ cell: Cell) {
        let balancer = ResourceID("\(cell.name)-lb")
        let room = left - 1
        let databases = cell.isProduction && room > 40 && chance(of: 3) ? 5 : 3
        let app = poolSize(cell, atMost: room - databases - 5)
        let web = poolSize(cell, atMost: room - databases - app)
        let rack = Int.random(in: 0..<racks, using: &random)
        add(balancer, .balancer, cell, state: chance(of: 3) ? .patched : .outdated, lot: random.next(), rack: rack)
        addGroup(cell, .database, size: databases, after: [], rack: rack)
        addGroup(cell, .app, size: app, after: [GroupID("\(cell.name)-db")], rack: rack)
        addGroup(cell, .web, size: web, after: [GroupID("\(cell.name)-app")], rack: rack)
    }

    /// Around a mean of its environment, which is steered so that the groups of the whole fleet have the wanted size.
    private mutating func poolSize(_ cell: Cell, atMost limit: Int) -> Int {
        let wished = [0.6, 1.0, 2.0][min(2, cell.size)] * Double(hostsPerGroup)
        let steer = Double(hostsPerGroup * (groups.count + 20)) / Double(resources.count + hostsPerGroup * 20)
        // A small fleet has small pools, so that it has all environments.
        let mean = max(5, min(45, wanted / 12, Int(wished * steer * steer * steer)))
        return max(5, min(50, limit, Int.random(in: 5...max(5, 2 * mean - 5), using: &random)))
    }

    private mutating func addGroup(_ cell: Cell, _ kind: HostRole.Kind, size: Int, after: [GroupID], rack: Int) {
        let suffix = kind == .database ? "db" : kind.rawValue
        let id = GroupID("\(cell.name)-\(suffix)")
        let lot = random.next()
        let losesEarlier = kind == .database && chance(of: 60)
        let minimum: Quantity = kind == .database ? .count(size / 2 + 1) : .percent(75)
        // So many may be missing that there is still one that can be taken out.
        let spare = max(0, size - minimum.asMinimum(of: size) - 1)
        var absent = 0
        var members: [ResourceID] = []
        let digits = size > 9 ? 2 : 1
        for number in 1...size {
            let text = String(number)
            let member = ResourceID("\(id)-" + String(repeating: "0", count: max(0, digits - text.count)) + text)
            var state = hostState()
            if state == .unreachable {
                absent += 1
                if kind == .database || absent > spare { state = .outdated }
            }
            add(
                member, kind, cell, state: state, lot: lot, rack: rack + number,
                losesEarlier: losesEarlier)
            members.append(member)
        }
        groups.append(
            ResourceGroup(
                id: id, kind: kind == .database ? .cluster : .pool, members: members.sorted(),
                minimumAvailable: minimum,
                strategy: strategy(kind, isProduction: cell.isProduction), traffic: kind == .web ? traffic(cell) : nil,
                probes: probes(kind), after: after))
    }

    private mutating func hostState() -> HostRole.State {
        switch Int.random(in: 0..<200, using: &random) {
        case 0..<2: .unreachable
        case 2..<8: .patched
        case 8..<12: .needsRestart
        default: .outdated
        }
    }

    private func strategy(_ kind: HostRole.Kind, isProduction: Bool) -> Strategy? {
        switch kind {
        case .database: .rolling(maxUnavailable: .count(1))
        case .app: .rolling(maxUnavailable: .percent(isProduction ? 10 : 25))
        case .web where isProduction:
            .canary(first: .count(1), bakeSeconds: 120, maxUnavailable: .percent(20))
        default: nil
        }
    }

    private func traffic(_ cell: Cell) -> TrafficBinding {
        let balancer = "\(cell.name)-lb"
        return TrafficBinding(
            driver: "haproxy", via: ResourceID(balancer), address: .ssh(balancer), endpoint: "/run/haproxy/admin.sock",
            backend: "web", drainTimeoutSeconds: 30)
    }

    private func probes(_ kind: HostRole.Kind) -> [Probe] {
        switch kind {
        case .web:
            [Probe(name: "front-page", check: .http(url: "http://{host}/health", status: 200, contains: nil))]
        case .app: [Probe(name: "ready", check: .http(url: "http://{host}:8080/ready", status: 200, contains: nil))]
        case .database: [Probe(name: "accepts-connections", check: .tcp(port: 5_432))]
        case .balancer, .batch: []
        }
    }

    private mutating func addSingle(_ name: String, environment: EnvironmentID) {
        let cell = Cell(name: name, environment: environment, size: 0, distribution: .debian12)
        add(
            ResourceID(name), .batch, cell, state: hostState(), lot: random.next(),
            rack: Int.random(in: 0..<racks, using: &random))
    }

    private mutating func add(
        _ id: ResourceID, _ kind: HostRole.Kind, _ cell: Cell, state: HostRole.State, lot: UInt64, rack: Int,
        losesEarlier: Bool = false
    ) {
        let kinds: [HostRole.Kind: Resource.Kind] = [.balancer: .loadBalancer, .database: .database]
        resources.append(
            Resource(
                id: id, kind: kinds[kind] ?? .host, address: .ssh(id.rawValue), environment: cell.environment,
                criticality: cell.isProduction ? .high : .medium,
                exposure: cell.isProduction && kind == .web ? .internet : .internal, labels: ["role": kind.rawValue],
                failureDomain: "rack-\(rack % racks + 1)"))
        roles[id] = HostRole(
            kind: kind, distribution: cell.distribution, state: state, lot: lot, losesEarlier: losesEarlier)
    }

    /// One in so many times.
    private mutating func chance(of count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
}
