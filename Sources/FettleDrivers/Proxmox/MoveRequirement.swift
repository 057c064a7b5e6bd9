import FettleModel

/// What must hold before a machine is moved: at this moment, not when the plan was made.
struct MoveRequirement: Sendable {
    let pool: ProxmoxPool
    let move: MachineMove

    func hold(
        _ guest: ProxmoxView.Guest, _ state: ProxmoxView.NodeGuest, _ view: ProxmoxView
    ) async throws(StepFailure) {
        let (source, destination) = (try pool.node(move.from), try pool.node(move.to))
        guard view.seen[destination] != nil else {
            throw StepFailure(code: .unreachable, message: "\(move.to) is not in the cluster at the moment")
        }
        guard !view.isMaintained(destination) else {
            throw StepFailure(code: .drift, message: "\(move.to) is in maintenance: the HA manager would empty it")
        }
        let obstacle: MigrationObstacle
        let facts: HypervisorFacts
        do throws(APIError) {
            obstacle = try await pool.client.obstacle(of: guest.vmid, on: source)
            facts = try await pool.client.room(of: destination, in: view).ruled(by: pool.rules)
        } catch {
            throw StepFailure(proxmox: error)
        }
        if let words = obstacle.everywhere ?? obstacle.on(destination) {
            throw StepFailure(code: .drift, message: "\(move.machine) cannot be moved to \(move.to) now: \(words)")
        }
        // What is shut off takes no room; it takes it where it is started.
        guard state.isRunning else { return }
        try facts.require(
            roomFor: move, memoryMebibytes: state.memoryMebibytes, processors: state.processors,
            apart: pool.rules.apart)
    }
}

extension ProxmoxClient {
    /// What a node has, and what runs on it.
    func room(of node: String, in view: ProxmoxView) async throws(APIError) -> HypervisorFacts {
        let status = try await get(.status(of: node), as: ProxmoxRecord.NodeStatus.self)
        return HypervisorFacts(
            memoryMebibytes: try MachineSize.mebibytes(bytes: status.memory.total.value, of: node),
            processors: try MachineSize.processors(status.cpuinfo.cpus.value, of: node),
            residents: view.running(on: node).map { guest, state in
                ResidentMachine(
                    name: guest.name, memoryMebibytes: state.memoryMebibytes, processors: state.processors)
            })
    }
}
