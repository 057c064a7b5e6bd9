import Foundation

@testable import FettleDrivers

extension PretendCloud.State {
    private typealias Fields = [String: Any]

    mutating func answer(_ request: NovaRequest) -> APIAnswer {
        let path = request.path
        switch (request.method, path.first, path.count) {
        case (.get, "os-services", 1): return Self.data(["services": hosts.map(service)])
        case (.put, "os-services", 2): return update(path[1], request)
        case (.get, "os-hypervisors", 2):
            return page("hypervisors", hosts.sorted { $0.key < $1.key }.map(hypervisor), request)
        case (.get, "servers", 2) where path[1] == "detail": return list(request)
        case (.get, "os-server-groups", 1):
            let offset = request.parameters.first { $0.name == "offset" }.flatMap { Int($0.value) } ?? 0
            return Self.data(["server_groups": groups.dropFirst(offset).prefix(pageSize).map(group)])
        case (_, "servers", 2...):
            guard let server = servers[path[1]] else {
                return Self.fault(404, "itemNotFound", "Instance \(path[1]) could not be found.")
            }
            return answer(request, path[1], server, Array(path.dropFirst(2)))
        default: return Self.fault(404, "itemNotFound", "The resource could not be found.")
        }
    }

    private mutating func answer(
        _ request: NovaRequest, _ id: String, _ server: PretendCloud.Server, _ path: [String]
    ) -> APIAnswer {
        switch (request.method, path.first, path.count) {
        case (.get, nil, _): return Self.data(["server": entry(id, server)])
        case (.get, "diagnostics", 1):
            guard server.isLive ?? (server.powerState == 1) else {
                return Self.fault(
                    409, "conflictingRequest",
                    "Cannot 'get_diagnostics' instance \(id) while it is in power state running")
            }
            return Self.data(["state": "running", "driver": "libvirt", "uptime": 7, "num_cpus": NSNull()] as Fields)
        case (.get, "migrations", 1):
            return Self.data(["migrations": migrations.filter { $0.server == id && !$0.isOver }.map(migration)])
        case (.delete, "migrations", 2):
            guard let number = Int(path[1]), migrations.contains(where: { $0.number == number && !$0.isOver }) else {
                return Self.fault(404, "itemNotFound", "Migration could not be found")
            }
            end(number, words: "Live migration was aborted")
            return Self.data(NSNull(), 202)
        case (.get, "os-instance-actions", 2):
            guard let found = migrations.first(where: { $0.request == path[1] }) else {
                return Self.fault(404, "itemNotFound", "Action for request_id could not be found")
            }
            let event: Fields = [
                "event": "conductor_live_migrate_instance", "result": found.words == nil ? "Success" : "Error",
                "details": Self.orNull(found.words), "traceback": NSNull(),
            ]
            return Self.data([
                "instanceAction": ["action": "live-migration", "message": NSNull(), "events": [event]] as Fields
            ])
        case (.post, "action", 1): return act(request, id, server)
        default: return Self.fault(404, "itemNotFound", "The resource could not be found.")
        }
    }

    private mutating func act(_ request: NovaRequest, _ id: String, _ server: PretendCloud.Server) -> APIAnswer {
        let body = try? JSONSerialization.jsonObject(with: Data((request.body ?? "").utf8)) as? Fields
        if body?.keys.contains("os-start") == true {
            events.append((now + 3_000, .started(server: id)))
            return Self.data(NSNull(), 202)
        }
        guard let move = body?["os-migrateLive"] as? Fields, let target = move["host"] as? String,
            move["block_migration"] as? String == "auto", move.count == 2
        else { return Self.fault(400, "badRequest", "Invalid input for field/attribute os-migrateLive.") }
        guard !server.isLocked else { return Self.fault(409, "conflictingRequest", "Instance \(id) is locked") }
        guard server.vmState == "active" || server.vmState == "paused", server.taskState == nil else {
            return Self.fault(
                409, "conflictingRequest",
                "Cannot 'os-migrateLive' instance \(id) while it is in vm_state \(server.vmState)")
        }
        guard hosts[target] != nil else {
            return Self.fault(400, "badRequest", "Compute host \(target) could not be found.")
        }
        var answer = Self.data(NSNull(), 202)
        answer.headers = ["x-openstack-request-id": begin(id, to: target)]
        return answer
    }

    private mutating func update(_ id: String, _ request: NovaRequest) -> APIAnswer {
        let body = try? JSONSerialization.jsonObject(with: Data((request.body ?? "").utf8)) as? Fields
        guard let host = hosts.first(where: { $0.value.id == id })?.key else {
            return Self.fault(404, "itemNotFound", "Compute service \(id) not found.")
        }
        hosts[host]?.isEnabled = body?["status"] as? String == "enabled"
        hosts[host]?.reason = body?["disabled_reason"] as? String
        return Self.data(["service": hosts[host].map { service(host, $0) } ?? [:]])
    }

    // MARK: Words of the API

    private func list(_ request: NovaRequest) -> APIAnswer {
        func parameter(_ name: String) -> String? { request.parameters.first { $0.name == name }?.value }
        guard parameter("all_tenants") == "True" else { return Self.data(["servers": [Fields]()]) }
        let host = ignoresFilters ? nil : parameter("host")
        let pattern = parameter("name").map { String($0.dropFirst().dropLast()).replacing("\\", with: "") }
        let found = servers.sorted { $0.key < $1.key }.filter {
            (host == nil || $0.value.host == host) && (pattern == nil || $0.value.name == pattern)
                && !(isCellDown && $0.value.host == "cmp1")
        }
        return page("servers", found.map(entry), request)
    }

    private func page(_ name: String, _ all: [Fields], _ request: NovaRequest) -> APIAnswer {
        let marker = request.parameters.first { $0.name == "marker" }?.value
        let begin = marker.flatMap { marker in all.firstIndex { $0["id"] as? String == marker } }.map { $0 + 1 } ?? 0
        let shown = Array(all.dropFirst(begin).prefix(pageSize))
        var fields: Fields = [name: shown]
        if begin + shown.count < all.count {
            fields["\(name)_links"] = [["rel": "next", "href": "http://internal/\(name)?marker=x"]]
        }
        return Self.data(fields)
    }

    private func service(_ name: String, _ host: PretendCloud.Host) -> Fields {
        guard name != "cmp1" || !isCellDown else {
            return ["binary": "nova-compute", "host": name, "status": "UNKNOWN"]
        }
        return [
            "id": host.id, "binary": "nova-compute", "host": name, "state": host.isUp ? "up" : "down",
            "status": host.isEnabled ? "enabled" : "disabled", "disabled_reason": Self.orNull(host.reason),
            "forced_down": false, "zone": "nova", "updated_at": "2026-11-27T10:00:00.000000",
        ]
    }

    private func hypervisor(_ name: String, _ host: PretendCloud.Host) -> Fields {
        [
            "id": host.id.replacing("00000000-", with: "00000001-"), "hypervisor_hostname": "\(name).example",
            "state": host.isUp ? "up" : "down", "status": "enabled", "vcpus": host.processors,
            "memory_mb": host.gibibytes * 1_024, "service": ["host": name, "id": host.id] as Fields,
            "servers": [Fields](),
        ]
    }

    private func entry(_ id: String, _ server: PretendCloud.Server) -> Fields {
        let flavor: Fields = [
            "vcpus": server.processors, "ram": server.gibibytes * 1_024, "disk": 10, "ephemeral": 0, "swap": 0,
            "original_name": "m1", "extra_specs": server.specifications,
        ]
        var fields: Fields = [
            "id": id, "name": server.name, "status": server.taskState == "migrating" ? "MIGRATING" : "ACTIVE",
            "OS-EXT-SRV-ATTR:host": Self.orNull(server.host), "OS-EXT-STS:vm_state": server.vmState,
            "OS-EXT-STS:task_state": Self.orNull(server.taskState), "OS-EXT-STS:power_state": server.powerState,
            "flavor": flavor.filter { !hiddenKeys.contains($0.key) }, "image": "", "locked": server.isLocked,
            "config_drive": server.hasConfigDrive ? "True" : "", "tenant_id": "p",
        ]
        if server.hasImage { fields["image"] = ["id": "70a599e0-31e7-49b7-b260-868f441e862b"] }
        return fields.filter { !hiddenKeys.contains($0.key) }
    }

    private func migration(_ migration: PretendCloud.Migration) -> Fields {
        [
            "id": migration.number, "status": "running",
            "dest_compute": Self.orNull(hidesDestinations ? nil : migration.target),
            "source_compute": servers[migration.server]?.host ?? "", "server_uuid": migration.server,
            "memory_total_bytes": 2 << 30, "memory_remaining_bytes": 1 << 30,
        ]
    }

    private func group(_ group: PretendCloud.Group) -> Fields {
        [
            "id": "g", "name": group.name, "policy": group.policy, "members": group.members,
            "rules": group.most.map { ["max_server_per_host": $0] } ?? [:],
        ]
    }

    private static func orNull(_ text: String?) -> Any {
        guard let text else { return NSNull() }
        return text
    }

    static func data(_ value: Any, _ status: Int = 200) -> APIAnswer {
        let body = value is NSNull ? nil : try? JSONSerialization.data(withJSONObject: value)
        return APIAnswer(status: status, reason: "OK", body: Array(body ?? Data()))
    }

    static func fault(_ status: Int, _ name: String, _ words: String) -> APIAnswer {
        data([name: ["code": status, "message": words] as [String: Any]], status)
    }
}

extension PretendCloud.State {
    /// - Returns: how the request is called.
    @discardableResult
    mutating func begin(_ id: String, to target: String) -> String {
        let number = migrations.count + 1
        let request = "req-" + PretendCloud.id(7_000 + number)
        migrations.append(PretendCloud.Migration(number: number, server: id, target: target, request: request))
        servers[id]?.taskState = "migrating"
        let isFit = hosts[target]?.isEnabled == true && hosts[target]?.isUp == true
        if !isFit { outcomes[id] = .fails("No valid host was found. There are not enough hosts available.") }
        events.append((now + seconds * 1_000, .end(migration: number)))
        return request
    }

    /// What is due by now.
    mutating func pass() {
        let due = events.filter { $0.at <= now }
        events.removeAll { $0.at <= now }
        for (_, event) in due {
            switch event {
            case .started(let id):
                servers[id]?.vmState = "active"
                servers[id]?.powerState = 1
                servers[id]?.isLive = nil
            case .noticed(let id):
                servers[id]?.vmState = "stopped"
                servers[id]?.powerState = 4
            case .end(let number): arrive(number)
            }
        }
    }

    private mutating func arrive(_ number: Int) {
        guard let migration = migrations.first(where: { $0.number == number }), !migration.isOver else { return }
        switch outcomes[migration.server] ?? .arrives {
        case .arrives:
            servers[migration.server]?.host = migration.target
            end(number, words: nil)
        case .arrivesAsFailed(let words):
            servers[migration.server]?.host = migration.target
            end(number, words: words)
        case .fails(let words): end(number, words: words)
        case .vanishes:
            end(number, words: nil)
            migrations[number - 1].request = "forgotten"
        case .breaks:
            end(number, words: "Live Migration failure")
            servers[migration.server]?.vmState = "error"
        }
    }

    mutating func end(_ number: Int, words: String?) {
        migrations[number - 1].isOver = true
        migrations[number - 1].words = words
        servers[migrations[number - 1].server]?.taskState = nil
    }
}
