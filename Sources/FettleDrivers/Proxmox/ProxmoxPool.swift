import FettleDriverKit
import FettleModel

/// Where an API's hosts are asked, and with what: by the system's curl, or in a test.
typealias ProxmoxConnect = @Sendable (MachineAPI) throws(StepFailure) -> any ProxmoxTransport

/// The nodes of a step's moves, the cluster that they are in, and what the fleet says of moving.
struct ProxmoxPool: Sendable {
    let rules: MachineRules
    let client: ProxmoxClient
    /// The one that the step is about.
    let own: String
    let clock: DriverClock
    private let nodes: [ResourceID: String]
    private let resource: ResourceID
    /// Of that node itself; nil: the plan has none.
    private let ownAddress: ResourceAddress?

    /// How often it is looked again where something changed meanwhile, a second apart.
    private static let looks = 20

    /// - Throws: `refused` where the plan does not say how the cluster is asked, or names a hypervisor that no node can be.
    init(
        _ step: Step, _ moves: [MachineMove], in context: StepContext, _ clock: DriverClock, _ connect: ProxmoxConnect
    ) throws(StepFailure) {
        guard let pool = step.group.flatMap({ context.plan.group($0) }), let rules = pool.machines,
            rules.driver == ProxmoxEvacuationDriver.name, let api = rules.api
        else {
            throw StepFailure(code: .refused, message: "the plan does not say how Proxmox VE is asked")
        }
        self.rules = rules
        self.clock = clock
        var nodes: [ResourceID: String] = [:]
        for id in Set([step.resource] + moves.flatMap { [$0.from, $0.to] }) {
            guard let node = ProxmoxName.node(of: id) else {
                throw StepFailure(code: .refused, message: "no node of Proxmox VE can be named as \(id)")
            }
            nodes[id] = node
        }
        self.nodes = nodes
        own = nodes[step.resource] ?? ""
        // The one that is about to go out is asked last.
        let others = pool.memberAddresses.filter { $0.key != step.resource }.sorted { $0.key < $1.key }
        resource = step.resource
        ownAddress = context.plan.target(step.resource)?.address ?? pool.memberAddresses[step.resource]
        let hosts = (others.map(\.value) + [ownAddress].compactMap { $0 }).map(\.host)
        client = ProxmoxClient(try connect(api), hosts: Self.hosts(hosts, of: api))
    }

    /// One where the address is one for all.
    static func hosts(_ hosts: [String], of api: MachineAPI) -> [String] {
        api.url.contains("{host}") ? hosts.filter { !$0.isEmpty } : [""]
    }

    /// Where the node that the step is about is reached.
    func address() throws(StepFailure) -> ResourceAddress {
        guard let ownAddress else {
            throw StepFailure(code: .refused, message: "the plan has no address for \(resource)")
        }
        return ownAddress
    }

    func node(_ id: ResourceID) throws(StepFailure) -> String {
        guard let node = nodes[id] else {
            throw StepFailure(code: .internal, message: "\(id) is no end of this step's moves")
        }
        return node
    }

    func standing(_ move: MachineMove, in view: ProxmoxView) throws(StepFailure) -> GuestStanding {
        GuestStanding(move.machine, from: try node(move.from), to: try node(move.to), in: view)
    }

    func moved(_ moves: [MachineMove], in view: ProxmoxView) throws(StepFailure) -> [MovedMachine] {
        try moves.map { move throws(StepFailure) in MovedMachine(move: move, place: try place(of: move, in: view)) }
    }

    private func place(of move: MachineMove, in view: ProxmoxView) throws(StepFailure) -> MovedMachine.Place {
        switch try standing(move, in: view) {
        case .moved: .there
        case .off: .off
        case .offThere: .offThere
        case .trouble(let failure): .trouble(failure)
        case .here, .underWay, .stuck, .unclear: .onItsWay
        }
    }

    /// Everything that the step's nodes tell, asked anew, and of one moment.
    ///
    /// - Throws: `unreachable` where one of the nodes of `required` is not in the cluster at the moment, or the cluster never stands still.
    func view(_ moves: [MachineMove], requiring required: [ResourceID]) async throws(StepFailure) -> ProxmoxView {
        do throws(APIError) { try await client.requireRights() } catch { throw StepFailure(proxmox: error) }
        for attempt in 0..<Self.looks where !Task.isCancelled {
            if attempt > 0 { await clock.sleep(.seconds(1)) }
            if let view = try await look(moves), try isClear(moves, view) {
                try require(required, in: view)
                return view
            }
        }
        throw StepFailure(code: .unreachable, message: "the cluster did not tell the same twice")
    }

    private func require(_ hypervisors: [ResourceID], in view: ProxmoxView) throws(StepFailure) {
        for id in hypervisors {
            let node = try node(id)
            guard view.seen[node] != nil else {
                throw StepFailure(code: .unreachable, message: "\(id) is not in the cluster at the moment")
            }
        }
    }

    /// nil: something changed meanwhile.
    func look(_ moves: [MachineMove]) async throws(StepFailure) -> ProxmoxView? {
        do throws(APIError) {
            return try await client.look(at: Set(nodes.values), closelyAt: Set(moves.map(\.machine)))
        } catch {
            throw StepFailure(proxmox: error)
        }
    }

    private func isClear(_ moves: [MachineMove], _ view: ProxmoxView) throws(StepFailure) -> Bool {
        for move in moves {
            if try standing(move, in: view) == .unclear { return false }
        }
        return true
    }
}
