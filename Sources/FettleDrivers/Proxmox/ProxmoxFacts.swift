import FettleDriverKit
public import FettleModel

/// What runs on the nodes of a pool, asked of the cluster: one look for all of them.
public struct ProxmoxFacts: Sendable {
    private let connect: ProxmoxConnect

    /// Of the questions what speaks against moving each machine. A node works on each with a process of its own.
    private static let parallel = 4
    /// How often it is looked again where something changed meanwhile.
    private static let looks = 5
    /// For the whole of it: a cluster that answers late answers late to each of many questions.
    private let limit: Duration

    /// - Parameter secrets: reads the API's token.
    public init(secrets: @escaping SecretReading) { self.init(connect: ProxmoxToken.connect(secrets)) }

    init(connect: @escaping ProxmoxConnect, limit: Duration = .seconds(300)) {
        self.connect = connect
        self.limit = limit
    }

    /// - Parameters:
    ///   - group: a pool of hypervisors.
    ///   - addresses: of its members.
    ///   - asked: members of which it is wanted.
    /// - Returns: of each of these; empty where another driver moves the pool's machines. What went wrong is the reason why nothing was
    ///   observed, and never an empty hypervisor.
    public func machines(
        of group: ResourceGroup, at addresses: [ResourceID: ResourceAddress], asked: Set<ResourceID>
    ) async -> [ResourceID: Observed<HypervisorFacts>] {
        guard let rules = group.machines, rules.driver == ProxmoxEvacuationDriver.name else { return [:] }
        let members = group.members.filter(asked.contains)
        do throws(StepFailure) {
            guard let api = rules.api else {
                throw StepFailure(code: .refused, message: "the fleet does not say how Proxmox VE is asked")
            }
            let hosts = group.members.compactMap { addresses[$0]?.host }
            let client = ProxmoxClient(try connect(api), hosts: ProxmoxPool.hosts(hosts, of: api), within: limit)
            let pool = Set(group.members.compactMap(ProxmoxName.node))
            let view = try await view(client, at: pool)
            var result: [ResourceID: Observed<HypervisorFacts>] = [:]
            for member in members { result[member] = await facts(of: member, in: view, client, pool) }
            return result
        } catch {
            return members.reduce(into: [:]) { $0[$1] = .notObserved(reason: error.message) }
        }
    }

    private func view(_ client: ProxmoxClient, at nodes: Set<String>) async throws(StepFailure) -> ProxmoxView {
        do throws(APIError) {
            try await client.requireRights()
            for _ in 0..<Self.looks {
                if let view = try await client.look(at: nodes) { return view }
            }
        } catch {
            throw StepFailure(proxmox: error)
        }
        throw StepFailure(code: .unreachable, message: "the cluster did not tell the same twice")
    }

    private func facts(
        of member: ResourceID, in view: ProxmoxView, _ client: ProxmoxClient, _ pool: Set<String>
    ) async -> Observed<HypervisorFacts> {
        guard let node = ProxmoxName.node(of: member), let isOnline = view.nodes[node] else {
            return .notObserved(reason: "the cluster has no node named as \(member)")
        }
        guard isOnline else { return .notObserved(reason: "\(node) is not in the cluster at the moment") }
        do throws(APIError) {
            var facts = try await client.room(of: node, in: view)
            let guests = (view.seen[node]?.guests ?? [:]).sorted { $0.key < $1.key }
            let others = pool.subtracting([node]).sorted()
            let residents = await guests.concurrentMap(limit: Self.parallel) { vmid, state in
                await Self.resident(vmid, state, of: node, view, client, others)
            }
            facts.residents = try residents.map { answer throws(APIError) in try answer.get() }
            return .observed(facts)
        } catch {
            return .notObserved(reason: "Proxmox VE: \(error.message)")
        }
    }

    private static func resident(
        _ vmid: Int, _ state: ProxmoxView.NodeGuest, of node: String, _ view: ProxmoxView, _ client: ProxmoxClient,
        _ others: [String]
    ) async -> Result<ResidentMachine, APIError> {
        guard let guest = view.guests[vmid] else { return .failure(.garbage("guest \(vmid) is gone from the cluster")) }
        do throws(APIError) {
            return .success(
                ResidentMachine(
                    name: guest.name, resource: FactText.isName(guest.name) ? ResourceID(guest.name) : nil,
                    memoryMebibytes: state.memoryMebibytes, processors: state.processors, isRunning: state.isRunning,
                    isBoundBecause: state.isRunning
                        ? try await obstacle(guest, state, on: node, view, client, others) : nil))
        } catch {
            return .failure(error)
        }
    }

    private static func obstacle(
        _ guest: ProxmoxView.Guest, _ state: ProxmoxView.NodeGuest, on node: String, _ view: ProxmoxView,
        _ client: ProxmoxClient, _ others: [String]
    ) async throws(APIError) -> String? {
        guard guest.isMachine else { return "it is a container, which cannot be moved while it runs" }
        // Proxmox VE answers nothing of one that is locked.
        if let lock = state.lock { return "it is locked (\(lock)) at the moment" }
        if let trouble = view.availability.services[guest.vmid]?.trouble { return trouble }
        return try await client.obstacle(of: guest.vmid, on: node).onAll(of: others)
    }
}
