import Foundation

@testable import FettleDrivers

extension PretendCenter.State {
    typealias Fields = [String: Any]

    func content() -> APIAnswer {
        func service(_ type: String, _ value: String) -> Fields { Self.reference(type, value) }
        return Self.data(
            [
                "_typeName": "ServiceContent", "rootFolder": service("Folder", "group-d1"),
                "propertyCollector": service("PropertyCollector", "propertyCollector"),
                "sessionManager": service("SessionManager", "SessionManager"),
                "authorizationManager": service("AuthorizationManager", "AuthorizationManager"),
                "vmProvisioningChecker": service("VirtualMachineProvisioningChecker", "ProvChecker"),
                "about": ["_typeName": "AboutInfo", "apiType": apiType, "version": "8.0.3"] as Fields,
            ])
    }

    mutating func answer(_ request: VIRequest, key: String) -> APIAnswer {
        let body = (try? JSONSerialization.jsonObject(with: Data((request.body ?? "{}").utf8))) as? Fields ?? [:]
        switch (request.object.type, request.member) {
        case ("PropertyCollector", "RetrievePropertiesEx"): return retrieve(body)
        case ("PropertyCollector", "ContinueRetrievePropertiesEx"):
            guard let token = body["token"] as? String, let rest = pages.removeValue(forKey: token) else {
                return Self.fault("InvalidProperty", "no such token")
            }
            return page(rest)
        case ("AuthorizationManager", "HasPrivilegeOnEntities"): return privileges(body, key)
        case ("VirtualMachineProvisioningChecker", "CheckRelocate_Task"):
            let machine = (body["vm"] as? Fields)?["value"] as? String ?? "?"
            let target = ((body["spec"] as? Fields)?["host"] as? Fields)?["value"] as? String
            guard target.flatMap({ hosts[$0] }) != nil else { return Self.fault("InvalidArgument", "no host") }
            var job = PretendCenter.Job(kind: "ProvChecker.checkRelocate", entity: machine, state: "success")
            job.errors = verdicts[machine].map { [$0] } ?? []
            return Self.data(Self.reference("Task", add(job)))
        case ("VirtualMachine", "ShutdownGuest"): return shutDown(request.object.value)
        case ("VirtualMachine", "PowerOnVM_Task"): return powerOn(request.object.value)
        case ("VirtualMachine", "RelocateVM_Task"): return relocate(request.object.value, body)
        case ("HostSystem", "EnterMaintenanceMode_Task"): return enter(request.object.value, body)
        case ("HostSystem", "ExitMaintenanceMode_Task"): return exit(request.object.value)
        case ("Task", "CancelTask"): return cancel(request.object.value)
        default: return APIAnswer(status: 404, reason: "Not Found", body: [])
        }
    }

    private func privileges(_ body: Fields, _ key: String) -> APIAnswer {
        let names = body["privId"] as? [String] ?? []
        guard body["sessionId"] as? String == key else { return Self.data([Fields]()) }
        let entries = (body["entity"] as? [Fields] ?? []).map { entity -> Fields in
            [
                "_typeName": "EntityPrivilege", "entity": entity,
                "privAvailability": names.map { name -> Fields in
                    ["_typeName": "PrivilegeAvailability", "privId": name, "isGranted": privileges.contains(name)]
                },
            ]
        }
        return Self.data(entries)
    }

    private mutating func relocate(_ id: String, _ body: Fields) -> APIAnswer {
        guard let machine = machines[id] else {
            return Self.fault("ManagedObjectNotFound", "The object has already been deleted")
        }
        let spec = body["spec"] as? Fields
        guard let target = (spec?["host"] as? Fields)?["value"] as? String, let host = hosts[target],
            spec?["_typeName"] as? String == "VirtualMachineRelocateSpec", spec?.count == 2
        else { return Self.fault("InvalidArgument", "A specified parameter was not correct: spec.host") }
        guard privileges.contains("Resource.HotMigrate") else {
            return Self.fault("NoPermission", "Permission was denied.", ["privilegeId": "Resource.HotMigrate"])
        }
        guard !jobs.values.contains(where: { $0.entity == id && $0.state == "running" }) else {
            return Self.fault("TaskInProgress", "The operation is not allowed: another task is already in progress.")
        }
        guard host.connection == "connected" else { return Self.fault("HostNotConnected", "not connected") }
        guard !host.isMaintained, host.entering == nil, machine.power == "poweredOn" else {
            return Self.fault("InvalidState", "The operation is not allowed in the current state.")
        }
        return Self.data(Self.reference("Task", begin(id, to: target)))
    }

    private mutating func shutDown(_ id: String) -> APIAnswer {
        guard let machine = machines[id], machine.power == "poweredOn" else {
            return Self.fault("InvalidPowerState", "The attempted operation cannot be performed in the current state.")
        }
        guard machine.hasTools else { return Self.fault("ToolsUnavailable", "VMware Tools is not running.") }
        events.append((now + machine.shutdownSeconds * 1_000, .change { $0.machines[id]?.power = "poweredOff" }))
        return APIAnswer(status: 204, reason: "", body: [])
    }

    private mutating func powerOn(_ id: String) -> APIAnswer {
        guard let machine = machines[id], machine.power == "poweredOff", hosts[machine.host]?.isMaintained == false
        else { return Self.fault("InvalidState", "The operation is not allowed in the current state.") }
        events.append((now + 6_000, .change { $0.machines[id]?.power = "poweredOn" }))
        return Self.data(Self.reference("Task", add(PretendCenter.Job(kind: "VirtualMachine.powerOn", entity: "none"))))
    }

    private mutating func enter(_ id: String, _ body: Fields) -> APIAnswer {
        guard let host = hosts[id], let seconds = body["timeout"] as? Int,
            body["evacuatePoweredOffVms"] as? Bool == false
        else { return Self.fault("InvalidArgument", "A specified parameter was not correct") }
        guard !host.isMaintained else { return Self.fault("InvalidState", "It is in maintenance mode already.") }
        let task = add(PretendCenter.Job(kind: "HostSystem.enterMaintenanceMode", entity: id))
        hosts[id]?.entering = task
        events.append((now + Int64(seconds) * 1_000, .end(job: task)))
        if isBalanced, behaviour == "fullyAutomated" { events.append((now + 20_000, .balance(host: id))) }
        return Self.data(Self.reference("Task", task))
    }

    private mutating func exit(_ id: String) -> APIAnswer {
        guard hosts[id]?.isMaintained == true else {
            return Self.fault("InvalidState", "The operation is not allowed in the current state.")
        }
        let task = add(PretendCenter.Job(kind: "HostSystem.exitMaintenanceMode", entity: id))
        events.append((now + 4_000, .end(job: task)))
        return Self.data(Self.reference("Task", task))
    }

    private mutating func cancel(_ id: String) -> APIAnswer {
        guard jobs[id]?.state == "running" else { return Self.fault("InvalidState", "It has ended.") }
        callOff(id)
        return APIAnswer(status: 204, reason: "", body: [])
    }

    // MARK: The property collector

    private mutating func retrieve(_ body: Fields) -> APIAnswer {
        guard let spec = (body["specSet"] as? [Fields])?.first, (body["specSet"] as? [Fields])?.count == 1,
            let sets = spec["propSet"] as? [Fields], let start = (spec["objectSet"] as? [Fields])?.first,
            let object = start["obj"] as? Fields, let type = object["type"] as? String,
            let value = object["value"] as? String
        else { return Self.fault("InvalidArgument", "specSet") }
        guard fields(type, value) != nil else {
            return Self.fault("ManagedObjectNotFound", "The object has already been deleted")
        }
        let paths = sets.reduce(into: [String: [String]]()) {
            $0[$1["type"] as? String ?? ""] = $1["pathSet"] as? [String]
        }
        let ways = (start["selectSet"] as? [Fields] ?? []).reduce(into: [String: Fields]()) {
            $0[$1["name"] as? String ?? ""] = $1
        }
        var seen: Set<String> = []
        var found: [Data] = []
        visit(type, value, Array(ways.keys), ways, paths, &seen, &found)
        return page(found)
    }

    private mutating func page(_ all: [Data]) -> APIAnswer {
        let shown = all.prefix(pageSize).compactMap { try? JSONSerialization.jsonObject(with: $0) }
        var result: Fields = ["_typeName": "RetrieveResult", "objects": shown]
        if all.count > pageSize {
            let token = "token-\(pages.count + 1)-\(all.count)"
            pages[token] = Array(all.dropFirst(pageSize))
            result["token"] = token
        }
        return Self.data(result)
    }

    private mutating func visit(
        _ type: String, _ value: String, _ selected: [String], _ ways: [String: Fields], _ paths: [String: [String]],
        _ seen: inout Set<String>, _ found: inout [Data]
    ) {
        guard seen.insert(value).inserted, let own = fields(type, value) else { return }
        if let left = skipped[value], left > 0 {
            skipped[value] = left - 1
            return
        }
        if let wanted = paths[type],
            let data = try? JSONSerialization.data(withJSONObject: entry(type, value, own, wanted))
        {
            found.append(data)
        }
        for name in selected.sorted() {
            guard let way = ways[name], let path = way["path"] as? String, let kind = way["type"] as? String,
                kind == type || kind == "ComputeResource" && type == "ClusterComputeResource"
            else { continue }
            let further = (way["selectSet"] as? [Fields] ?? []).compactMap { $0["name"] as? String }
            let target = own[path] as? Fields
            for reference in target?["_value"] as? [Fields] ?? [target].compactMap({ $0 }) {
                visit(
                    reference["type"] as? String ?? "", reference["value"] as? String ?? "", further, ways, paths,
                    &seen,
                    &found)
            }
        }
    }

    private func entry(_ type: String, _ value: String, _ own: Fields, _ wanted: [String]) -> Fields {
        var result: Fields = ["_typeName": "ObjectContent", "obj": Self.reference(type, value)]
        let shown = wanted.filter { !hidden.contains("\(type).\($0)") }
        result["propSet"] = shown.compactMap { path -> Fields? in
            own[path].map { ["_typeName": "DynamicProperty", "name": path, "val": $0] }
        }
        let missing = wanted.filter { hidden.contains("\(type).\($0)") }
        if !missing.isEmpty {
            result["missingSet"] = missing.map { path -> Fields in
                let fault: Fields = ["_typeName": "NoPermission", "privilegeId": "System.Read"]
                return [
                    "_typeName": "MissingProperty", "path": path,
                    "fault": ["_typeName": "LocalizedMethodFault", "fault": fault] as Fields,
                ]
            }
        }
        return result
    }
}
