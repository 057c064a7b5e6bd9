public import FettleModel

/// What runs on the hosts of a pool, asked of vCenter: one look for all of them.
public struct VCenterFacts: Sendable {
    private let connect: VIConnect
    /// For the whole of it: a vCenter that answers late answers late to each of many questions.
    private let limit: Duration

    /// - Parameter secrets: reads what lets one in.
    public init(secrets: @escaping SecretReading) { self.init(connect: CurlVCenter.connect(secrets)) }

    init(connect: @escaping VIConnect, limit: Duration = .seconds(300)) {
        self.connect = connect
        self.limit = limit
    }

    /// - Parameters:
    ///   - group: a pool of hypervisors.
    ///   - asked: members of which it is wanted.
    /// - Returns: of each of these; empty where another driver moves the pool's machines. What went wrong is the reason why nothing was
    ///   observed, and never an empty hypervisor.
    public func machines(
        of group: ResourceGroup, asked: Set<ResourceID>
    ) async -> [ResourceID: Observed<HypervisorFacts>] {
        guard let rules = group.machines, rules.driver == VCenterEvacuationDriver.name else { return [:] }
        let members = group.members.filter(asked.contains)
        do throws(StepFailure) {
            guard let api = rules.api else {
                throw StepFailure(code: .refused, message: "the fleet does not say how vCenter is asked")
            }
            let client = VCenterClient(try connect(api), within: limit)
            let seen: Result<Seen, APIError>
            do throws(APIError) {
                seen = .success(try await look(client, group.members, stays: !rules.mayStay.isEmpty))
            } catch {
                seen = .failure(error)
            }
            await client.signOut()
            switch seen {
            case .failure(let error): throw StepFailure(vcenter: error)
            case .success(let seen):
                return members.reduce(into: [:]) { $0[$1] = seen.facts(of: $1, rules) }
            }
        } catch {
            return members.reduce(into: [:]) { $0[$1] = .notObserved(reason: error.message) }
        }
    }

    private func look(
        _ client: VCenterClient, _ members: [ResourceID], stays: Bool
    ) async throws(APIError) -> Seen {
        let inventory = try await client.inventory()
        // One that vCenter does not know is told of itself alone.
        let known = members.filter { (try? VCenterView.host(of: $0, in: inventory)) != nil }
        guard !known.isEmpty else { return Seen(inventory: inventory) }
        let cluster = try await client.cluster(of: known)
        try await client.requireRights(VCenterClient.privileges(stays: stays), on: cluster)
        var seen = Seen(inventory: inventory, view: try await client.look(at: cluster))
        for member in known { seen.pool.insert(try VCenterView.host(of: member, in: inventory).id) }
        for object in try await client.retrieve(Self.details(from: cluster)) {
            switch object.reference.type {
            case "VirtualMachine": seen.machines[object.reference] = object
            case "Datastore":
                let hosts = (object["host"]?.list ?? []).filter {
                    $0["mountInfo"]?["accessible"]?.flag != false && $0["mountInfo"]?["mounted"]?.flag != false
                }
                seen.stores[object.reference] = (
                    FactText.excerpt(FactText.decode((object["name"]?.text ?? "?").utf8), limit: 80),
                    Set(hosts.compactMap { $0["key"]?.reference })
                )
            default: continue
            }
        }
        return seen
    }

    private static func details(from cluster: VIReference) -> VIQuery {
        VIQuery(
            start: cluster,
            properties: ["VirtualMachine": VCenterObstacle.properties, "Datastore": ["name", "host"]],
            ways: [
                VIQuery.Way(name: "hosts", type: "ComputeResource", path: "host", further: ["machines"]),
                VIQuery.Way(name: "machines", type: "HostSystem", path: "vm", further: ["stores"]),
                VIQuery.Way(name: "stores", type: "VirtualMachine", path: "datastore"),
            ], pageSize: 100)
    }

    private struct Seen: Sendable {
        var inventory: [VIReference: VCenterView.Place]
        var view = VCenterView()
        /// Hosts that are members.
        var pool: Set<VIReference> = []
        var machines: [VIReference: VIObject] = [:]
        var stores: [VIReference: (name: String, hosts: Set<VIReference>)] = [:]

        func facts(of member: ResourceID, _ rules: MachineRules) -> Observed<HypervisorFacts> {
            do throws(APIError) {
                let id = try VCenterView.host(of: member, in: inventory).id
                guard let host = view.hosts[id] else {
                    return .notObserved(reason: "vCenter tells nothing of \(member)")
                }
                if let reason = trouble(host, rules) { return .notObserved(reason: reason) }
                guard let memory = host.memoryMebibytes, let cores = host.cores else {
                    return .notObserved(reason: "vCenter does not tell the size of \(host.name)")
                }
                var facts = HypervisorFacts(memoryMebibytes: memory, processors: cores, residents: [])
                for machine in view.machines(on: id) { facts.residents.append(try resident(machine)) }
                if host.isMaintained {
                    // It takes nobody's machines.
                    facts.memoryMebibytes = 0
                    facts.processors = 0
                }
                return .observed(facts)
            } catch {
                return .notObserved(reason: "vCenter: \(error.message)")
            }
        }

        private func trouble(_ host: VCenterView.Host, _ rules: MachineRules) -> String? {
            guard host.isConnected else { return "vCenter does not reach \(host.name) (\(host.state))" }
            if host.entering != nil { return "somebody is putting \(host.name) into maintenance" }
            if host.isQuarantined { return "\(host.name) is in quarantine (Proactive HA)" }
            if host.isMaintained, !view.running(on: host.id).isEmpty {
                return "\(host.name) is in maintenance, and something runs on it"
            }
            if view.rules.automation == .full, let (one, other) = view.rules.untold(rules.apart, in: view) {
                return VCenterPool.untold(one, other)
            }
            return nil
        }

        private func resident(_ machine: VCenterView.Machine) throws(APIError) -> ResidentMachine {
            let enemies = view.rules.apart.filter { $0.machines.contains(machine.id) }.flatMap(\.machines)
                .filter { $0 != machine.id }.compactMap { view.machines[$0]?.name }
            guard machine.isRunning else { return machine.resident(apartFrom: Set(enemies).sorted()) }
            guard let details = machines[machine.id] else {
                throw .garbage("it does not tell what machine \(machine.id) has")
            }
            // Without it what vCenter does not reach has none, and is bound by that.
            guard machine.connection != "connected" || details["config.hardware.device"] != nil else {
                throw .garbage("it does not tell what devices machine \(machine.id) has")
            }
            var words = VCenterObstacle.state(machine, details["disabledMethod"]?.list ?? [])
            words = words ?? VCenterObstacle.device(details["config.hardware.device"]?.list ?? [])
            // One that the account does not see is reached by nobody.
            let own = (details["datastore"]?.list ?? []).compactMap(\.reference).map {
                stores[$0] ?? ("storage that the account does not see (\($0))", [])
            }
            words =
                words
                ?? VCenterObstacle.destination(machine, pool.subtracting([machine.host]), own, view.rules)
            return machine.resident(
                isBoundBecause: words ?? companion(of: machine), apartFrom: Set(enemies).sorted())
        }

        /// DRS that moves by itself moves those that belong together one behind the other; nobody else would.
        private func companion(of machine: VCenterView.Machine) -> String? {
            guard view.rules.automation != .full else { return nil }
            for tie in view.rules.together where tie.machines.contains(machine.id) {
                let others = tie.machines.filter { $0 != machine.id }.compactMap { view.machines[$0] }.filter(
                    \.isRunning)
                guard !others.isEmpty else { continue }
                return
                    "the cluster's rule \(tie.name) keeps it beside \(PackageWords.list(others.map(\.name).sorted()))"
            }
            return nil
        }
    }
}
