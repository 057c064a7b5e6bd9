/// A guest that the HA manager keeps: it alone starts, stops and moves it, asked or not.
struct HAService: Sendable, Equatable {
    /// What the manager does with it, such as `started`, `migrate`, `relocate`, `error`.
    var state: String

    var isMoving: Bool { state == "migrate" || state == "relocate" }

    /// Why nothing can be asked of the manager; nil: something can.
    var trouble: String? {
        switch state {
        case "error": "the HA manager has given it up (state error): a person has to look, and disable and enable it"
        case "fence", "recovery": "the HA manager is recovering it (\(state))"
        default: nil
        }
    }
}

/// What the HA manager tells of the cluster.
struct HighAvailability: Sendable, Equatable {
    /// By number of the guest.
    var services: [Int: HAService] = [:]
    /// Nodes to which it gives nothing, by their own service (`lrm`).
    var maintained: Set<String> = []

    /// Whether it may put a guest on a node at all.
    var isUsed: Bool { !services.isEmpty }

    /// - Throws: where there is no quorum: what a node then tells can be long past.
    init(_ records: [ProxmoxRecord.HighAvailability]) throws(APIError) {
        guard let quorum = records.first(where: { $0.type == "quorum" }), quorum.quorate?.value == true else {
            throw APIError(.unreachable, "the cluster has no quorum where it was asked", nothingRan: true)
        }
        for record in records {
            switch record.type {
            case "service": try add(record)
            case "lrm":
                guard let node = record.node, ProxmoxName.isNode(node), let status = record.status else {
                    throw .garbage("the HA manager tells of a node without a name or a status")
                }
                // `pve1 (maintenance mode, watchdog standby, Fri Nov 27 10:00:00 2026)`
                if status.hasPrefix("\(node) (maintenance mode") { maintained.insert(node) }
            default: break
            }
        }
    }

    init() {}

    private mutating func add(_ record: ProxmoxRecord.HighAvailability) throws(APIError) {
        let parts = (record.sid ?? "").split(separator: ":")
        guard parts.count == 2, let vmid = FactText.number(parts[1], Int.self) else {
            throw .garbage("the HA manager tells of a resource without a name")
        }
        // One that it ignores is nobody's but its owner's.
        guard record.state != "ignored", record.state != "ignore" else { return }
        // Before the manager has first seen it, there is only what is wanted of it.
        let state = record.crmState ?? record.state ?? ""
        guard !state.isEmpty else { throw .garbage("the HA manager does not tell the state of a resource") }
        services[vmid] = HAService(state: FactText.excerpt(state, limit: 40))
    }
}
