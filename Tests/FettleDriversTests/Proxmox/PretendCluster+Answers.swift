import Foundation

@testable import FettleDrivers

extension PretendCluster.State {
    private typealias Fields = [String: Any]

    mutating func answer(_ request: ProxmoxRequest) -> APIAnswer {
        let path = request.path
        switch (request.method, path.first, path.count) {
        case (.get, "access", 2): return Self.data(rights)
        case (.get, "nodes", 1):
            return Self.data(nodes.map { ["node": $0.key, "status": $0.value ? "online" : "offline"] })
        case (.get, "cluster", 2) where path[1] == "resources": return Self.data(guests.map(resource))
        case (.get, "cluster", 2): return Self.data(migration.map { ["migration": $0] } ?? [:])
        case (.get, "cluster", _): return Self.data(availability())
        case (_, "nodes", _):
            guard path.count > 1, nodes[path[1]] == true else {
                return APIAnswer(status: 595, reason: "No route to host", body: [])
            }
            return answer(request, of: path[1], Array(path.dropFirst(2)))
        default: return Self.failure(501, "Method '\(request.method.rawValue)' not implemented")
        }
    }

    private mutating func answer(_ request: ProxmoxRequest, of node: String, _ path: [String]) -> APIAnswer {
        switch (request.method, path.first ?? "", path.count) {
        case (.get, "status", 1):
            return Self.data([
                "memory": ["total": 32 << 30, "used": 1 << 30], "cpuinfo": ["cpus": 16, "sockets": 1],
                "pveversion": "pve-manager/9.0.3",
            ])
        case (.get, "qemu", 1), (.get, "lxc", 1):
            return Self.data(guests.filter { $0.value.node == node && $0.value.type == path[0] }.map(entry))
        case (.get, "tasks", 1):
            return Self.data(
                tasks.filter { $0.value.node == node && $0.value.exit == nil && !$0.value.isForgotten }.map {
                    ["upid": $0.key, "type": $0.value.type, "id": "\($0.value.vmid)", "status": "RUNNING"]
                })
        case (.get, "tasks", 3):
            guard let task = tasks[path[1]], !task.isForgotten else { return Self.failure(400, "no such task") }
            return Self.data(
                task.exit.map { ["status": "stopped", "exitstatus": $0] } ?? ["status": "running"])
        case (.delete, "tasks", 2):
            end(path[1], exit: "unexpected status")
            return Self.data(NSNull())
        case (_, "qemu", 3...), (_, "lxc", 3...):
            guard let vmid = Int(path[1]), let guest = guests[vmid], guest.node == node else {
                return Self.failure(500, "Configuration file 'nodes/\(node)/\(path[0])/\(path[1]).conf' does not exist")
            }
            return answer(request, vmid, guest, Array(path.dropFirst(2)))
        default: return Self.failure(501, "no such path")
        }
    }

    private mutating func answer(
        _ request: ProxmoxRequest, _ vmid: Int, _ guest: PretendCluster.Guest, _ path: [String]
    ) -> APIAnswer {
        if request.path.last == "migrate", let lock = guest.lock {
            return Self.failure(500, "VM is locked (\(lock))")
        }
        switch (request.method, path) {
        case (.get, ["status", "current"]): return Self.data(current(vmid, guest))
        case (.get, ["migrate"]): return Self.data(preconditions(guest))
        case (.post, ["migrate"]):
            guard let target = request.parameters.first(where: { $0.name == "target" })?.value else {
                return Self.failure(400, "Parameter verification failed.")
            }
            return Self.data(taskName ?? begin(vmid, to: target))
        case (.post, ["status", "start"]):
            events.append((now + 3_000, .started(vmid: vmid)))
            return Self.data("UPID:\(guest.node):00000001:00000001:65000000:qmstart:\(vmid):fettle@pve!a:")
        default: return Self.failure(501, "no such path")
        }
    }

    // MARK: Words of the API

    private func resource(_ vmid: Int, _ guest: PretendCluster.Guest) -> Fields {
        var fields: Fields = [
            "id": "\(guest.type)/\(vmid)", "type": guest.type, "vmid": vmid, "node": guest.node,
            "status": guest.isRunning ? "running" : "stopped", "template": guest.isTemplate ? 1 : 0,
        ]
        fields["name"] = guest.name
        return fields
    }

    /// As Perl writes it: a number here, a text there.
    private func entry(_ vmid: Int, _ guest: PretendCluster.Guest) -> Fields {
        var fields: Fields = [
            "vmid": guest.type == "lxc" ? "\(vmid)" as Any : vmid, "status": guest.isRunning ? "running" : "stopped",
            "maxmem": guest.gibibytes << 30,
            "cpus": guest.type == "lxc" ? "\(guest.processors)" as Any : guest.processors,
        ]
        fields["name"] = guest.name
        fields["lock"] = guest.lock
        if guest.isTemplate { fields["template"] = 1 }
        return fields
    }

    private func current(_ vmid: Int, _ guest: PretendCluster.Guest) -> Fields {
        var fields = entry(vmid, guest)
        if guest.isRunning { fields["qmpstatus"] = guest.runState }
        fields["ha"] = ["managed": services[vmid] == nil ? 0 : 1]
        return fields
    }

    private func preconditions(_ guest: PretendCluster.Guest) -> Fields {
        let others = nodes.keys.filter { $0 != guest.node }
        return [
            "running": guest.isRunning ? 1 : 0, "allowed_nodes": others.filter { !guest.barred.contains($0) },
            "not_allowed_nodes": Dictionary(
                uniqueKeysWithValues: guest.barred.map { ($0, ["unavailable_storages": ["fast"]]) }),
            "local_disks": guest.localDisk.map { [["volid": $0, "size": 1]] } ?? [],
            "local_resources": guest.device.map { [$0] } ?? [], "mapped-resources": [String](),
        ]
    }

    private func availability() -> [Fields] {
        var list: [Fields] = [
            ["type": "quorum", "id": "quorum", "node": "pve1", "status": "OK", "quorate": isQuorate ? 1 : 0]
        ]
        for node in nodes.keys {
            let mode = maintained.contains(node) ? "maintenance mode" : "active"
            list.append([
                "type": "lrm", "id": "lrm:\(node)", "node": node,
                "status": "\(node) (\(mode), watchdog active, Fri Nov 27 10:00:00 2026)",
            ])
        }
        for (vmid, state) in services {
            list.append([
                "type": "service", "id": "service:vm:\(vmid)", "sid": "vm:\(vmid)", "node": guests[vmid]?.node ?? "",
                "state": state, "crm_state": state, "request_state": "started",
            ])
        }
        return list
    }

    static func data(_ value: Any) -> APIAnswer {
        let body = try? JSONSerialization.data(withJSONObject: ["data": value])
        return APIAnswer(status: 200, reason: "OK", body: Array(body ?? Data()))
    }

    static func failure(_ status: Int, _ reason: String) -> APIAnswer {
        APIAnswer(status: status, reason: reason, body: Array(#"{"data":null}"#.utf8))
    }
}
