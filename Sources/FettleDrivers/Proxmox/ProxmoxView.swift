import FettleModel

/// What a cluster tells of its guests at about one moment: the cluster which node has each, and the nodes themselves what runs.
struct ProxmoxView: Sendable, Equatable {
    /// All nodes, and whether each is in the cluster at the moment.
    var nodes: [String: Bool] = [:]
    /// All guests but templates, by number.
    var guests: [Int: Guest] = [:]
    /// Nodes that were asked themselves.
    var seen: [String: Node] = [:]
    var availability = HighAvailability()

    struct Guest: Sendable, Equatable {
        var vmid: Int
        /// Unlike that of every other guest.
        var name: String
        /// Where its description lies, which is in one place only.
        var node: String
        var isMachine: Bool
    }

    struct Node: Sendable, Equatable {
        /// By number.
        var guests: [Int: NodeGuest] = [:]
        var tasks: [ProxmoxTask] = []

        /// What moves a guest away at the moment.
        func move(of vmid: Int) -> ProxmoxTask? { tasks.first { $0.vmid == vmid && $0.isMove } }
    }

    struct NodeGuest: Sendable, Equatable {
        var isRunning: Bool
        var memoryMebibytes: Int
        var processors: Int
        /// Why nobody may touch it, such as `migrate` or `backup`; nil: for no reason.
        var lock: String?
        /// QEMU's own word on its state; nil: it was not asked, or does not say.
        var runState: String?
    }

    /// nil: the cluster knows none by that name.
    func guest(named name: String) -> Guest? { guests.values.first { $0.name == name } }

    /// What runs on a node that was asked, sorted by name.
    func running(on node: String) -> [(guest: Guest, state: NodeGuest)] {
        var running: [(guest: Guest, state: NodeGuest)] = []
        for (vmid, state) in seen[node]?.guests ?? [:] where state.isRunning {
            if let guest = guests[vmid] { running.append((guest, state)) }
        }
        return running.sorted { $0.guest.name < $1.guest.name }
    }

    func isMaintained(_ node: String) -> Bool { availability.maintained.contains(node) }
}

extension ProxmoxView {
    /// More are not read.
    static let mostGuests = 100_000

    /// - Throws: for a guest without a name or a place, and for one that is there twice.
    init(
        nodes: [ProxmoxRecord.Node], guests: [ProxmoxRecord.Guest], availability: HighAvailability
    ) throws(APIError) {
        self.availability = availability
        for node in nodes {
            guard ProxmoxName.isNode(node.node) else { throw .garbage("a node has no name") }
            self.nodes[node.node] = node.status == "online"
        }
        guard guests.count <= Self.mostGuests else { throw .garbage("it tells of more than \(Self.mostGuests) guests") }
        let real = guests.filter { $0.template?.value != true }
        var uses: [String: Int] = [:]
        for guest in real { uses[guest.name ?? "", default: 0] += 1 }
        for guest in real {
            let vmid = guest.vmid.value
            guard ProxmoxName.isNode(guest.node), guest.name.map(Self.isName) ?? true else {
                throw .garbage("guest \(vmid) has no name or no node that could be told")
            }
            // Names may be given twice, numbers not.
            let name = guest.name.flatMap { uses[$0] == 1 ? $0 : "\($0).\(vmid)" } ?? "VM \(vmid)"
            let entry = Guest(vmid: vmid, name: name, node: guest.node, isMachine: guest.type == "qemu")
            guard self.guests.updateValue(entry, forKey: vmid) == nil else {
                throw .garbage("guest \(vmid) is there twice")
            }
        }
    }

    private static func isName(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count) && FactText.decode(text.utf8) == text
            && !text.contains(where: \.isNewline)
    }

    /// Adds what a node tells of its guests; templates left out.
    mutating func add(
        _ records: [ProxmoxRecord.NodeGuest], tasks: [ProxmoxTask], of node: String
    ) throws(APIError) {
        var view = Node(tasks: tasks)
        for record in records where record.template?.value != true {
            let vmid = record.vmid.value
            guard record.status == "running" || record.status == "stopped" else {
                throw .garbage("guest \(vmid) on \(node) neither runs nor does not")
            }
            guard let memory = record.maxmem, let processors = record.cpus else {
                throw .garbage("guest \(vmid) on \(node) has no size")
            }
            let what = "guest \(vmid) on \(node)"
            let guest = NodeGuest(
                isRunning: record.status == "running",
                memoryMebibytes: try MachineSize.mebibytes(bytes: memory.value, of: what),
                processors: try MachineSize.processors(processors.value, of: what),
                lock: record.lock.map { FactText.excerpt($0, limit: 40) })
            guard view.guests.updateValue(guest, forKey: vmid) == nil else { throw .garbage("\(what) is there twice") }
        }
        seen[node] = view
    }

    /// Whether what the nodes tell fits what the cluster tells: a guest that was made or moved meanwhile is here and not there.
    var isOfOneMoment: Bool {
        seen.allSatisfy { node, view in view.guests.keys.allSatisfy { guests[$0]?.node == node } }
            && guests.values.allSatisfy { guest in
                guard let view = seen[guest.node], guest.isMachine else { return true }
                return view.guests[guest.vmid] != nil
            }
    }
}

extension ProxmoxClient {
    /// - Parameters:
    ///   - nodes: asked themselves, as far as they are in the cluster at the moment.
    ///   - names: of machines of which QEMU is asked, too.
    /// - Returns: nil where something changed while it was asked.
    func look(at nodes: Set<String>, closelyAt names: Set<String> = []) async throws(APIError) -> ProxmoxView? {
        let availability = try HighAvailability(
            try await get(.highAvailability, as: [ProxmoxRecord.HighAvailability].self))
        var view = try ProxmoxView(
            nodes: try await get(.nodes, as: [ProxmoxRecord.Node].self),
            guests: try await get(.guests, as: [ProxmoxRecord.Guest].self), availability: availability)
        for node in nodes.sorted() where view.nodes[node] == true {
            let machines = try await get(.machines(on: node), as: [ProxmoxRecord.NodeGuest].self)
            let containers = try await get(.containers(on: node), as: [ProxmoxRecord.NodeGuest].self)
            try view.add(machines + containers, tasks: try await tasks(on: node), of: node)
        }
        guard view.isOfOneMoment else { return nil }
        for name in names.sorted() {
            guard let guest = view.guest(named: name), guest.isMachine,
                view.seen[guest.node]?.guests[guest.vmid]?.isRunning == true
            else { continue }
            try await lookClosely(at: guest, &view)
        }
        return view
    }

    private func lookClosely(at guest: ProxmoxView.Guest, _ view: inout ProxmoxView) async throws(APIError) {
        let record: ProxmoxRecord.Machine
        do throws(APIError) {
            record = try await get(.machine(guest.vmid, on: guest.node), as: ProxmoxRecord.Machine.self)
        } catch {
            // It went while it was asked: what it does is then not known.
            guard error.code == .failed else { throw error }
            return
        }
        guard record.status == "running" else { return }
        view.seen[guest.node]?.guests[guest.vmid]?.runState = record.qmpstatus.map { FactText.excerpt($0, limit: 40) }
        view.seen[guest.node]?.guests[guest.vmid]?.lock = record.lock.map { FactText.excerpt($0, limit: 40) }
    }
}
