import FettleModel
internal import Foundation

extension VCenterClient {
    /// All hosts of vCenter that the account sees.
    func readInventory() async throws(APIError) -> [VIReference: VCenterView.Place] {
        let objects = try await retrieve(
            VIQuery(
                start: try await services().rootFolder, properties: ["HostSystem": ["name", "parent"]],
                ways: [
                    VIQuery.Way(
                        name: "folder", type: "Folder", path: "childEntity",
                        further: ["folder", "datacenter", "compute"]),
                    VIQuery.Way(name: "datacenter", type: "Datacenter", path: "hostFolder", further: ["folder"]),
                    VIQuery.Way(name: "compute", type: "ComputeResource", path: "host"),
                ]))
        var inventory: [VIReference: VCenterView.Place] = [:]
        for object in objects where object.reference.type == "HostSystem" {
            guard let name = object["name"]?.text, HTTPRequest.isHost(name), let parent = object["parent"]?.reference
            else { throw .garbage("host \(object.reference) has no name or no place") }
            inventory[object.reference] = VCenterView.Place(name: name, parent: parent)
        }
        return inventory
    }

    /// - Throws: `refused` for what is no cluster.
    func readRules(of cluster: VIReference) async throws(APIError) -> ClusterRules {
        guard cluster.type == "ClusterComputeResource" else {
            throw APIError(.refused, "a host of the pool is in no cluster of vCenter", nothingRan: true)
        }
        let objects = try await retrieve(
            VIQuery(start: cluster, properties: ["ClusterComputeResource": ["configurationEx"]]))
        guard let configuration = objects.first?["configurationEx"], let drs = configuration["drsConfig"] else {
            throw .garbage("it does not tell how cluster \(cluster) is configured")
        }
        return try ClusterRules(drs, configuration)
    }

    /// The cluster that hosts are in.
    ///
    /// - Throws: `refused` where it is not one for all.
    func cluster(of resources: [ResourceID]) async throws(APIError) -> VIReference {
        let inventory = try await inventory()
        var cluster: VIReference?
        for resource in resources {
            let place = try VCenterView.host(of: resource, in: inventory).place
            guard cluster == nil || cluster == place.parent else {
                throw APIError(.refused, "\(resource) is in another cluster than others of its pool", nothingRan: true)
            }
            cluster = place.parent
        }
        guard let cluster else { throw APIError(.refused, "there are no hosts", nothingRan: true) }
        return cluster
    }

    /// Everything of a cluster, asked anew.
    ///
    /// - Parameters:
    ///   - known: names of the plan.
    ///   - identities: ids by such names, as they were before anything was done.
    func look(
        at cluster: VIReference, known: Set<String> = [], identities: [String: String] = [:]
    ) async throws(APIError) -> VCenterView {
        let rules = try await rules(of: cluster)
        var objects = try await retrieve(Self.everything(from: cluster))
        let seen = Set(objects.map(\.reference))
        // One that went from a host to the next while they were asked can be on the list of neither.
        for id in identities.values.sorted() {
            guard let machine = VIReference("VirtualMachine", id), !seen.contains(machine) else { continue }
            objects += try await one(machine)
        }
        var view = try VCenterView(objects, known: known, identities: identities)
        view.rules = rules
        return view
    }

    private static let hostProperties = [
        "name", "runtime.connectionState", "runtime.powerState", "runtime.inMaintenanceMode",
        "runtime.inQuarantineMode", "summary.hardware.memorySize", "summary.hardware.numCpuCores", "recentTask",
    ]
    private static let machineProperties = [
        "name", "runtime.host", "runtime.powerState", "runtime.connectionState", "runtime.faultToleranceState",
        "summary.config.template", "summary.config.memorySizeMB", "summary.config.numCpu", "summary.config.managedBy",
        "recentTask",
    ]
    static let taskProperties = ["info.descriptionId", "info.state", "info.error", "info.cancelled"]

    private static func everything(from cluster: VIReference) -> VIQuery {
        VIQuery(
            start: cluster,
            properties: [
                "HostSystem": hostProperties, "VirtualMachine": machineProperties, "Task": taskProperties,
            ],
            ways: [
                VIQuery.Way(
                    name: "hosts", type: "ComputeResource", path: "host", further: ["hostTasks", "machines"]),
                VIQuery.Way(name: "hostTasks", type: "HostSystem", path: "recentTask"),
                VIQuery.Way(name: "machines", type: "HostSystem", path: "vm", further: ["machineTasks"]),
                VIQuery.Way(name: "machineTasks", type: "VirtualMachine", path: "recentTask"),
            ])
    }

    /// Of one that the cluster does not tell of: it is elsewhere, or gone.
    private func one(_ machine: VIReference) async throws(APIError) -> [VIObject] {
        do throws(APIError) {
            return try await retrieve(
                VIQuery(
                    start: machine,
                    properties: ["VirtualMachine": Self.machineProperties, "Task": Self.taskProperties],
                    ways: [VIQuery.Way(name: "machineTasks", type: "VirtualMachine", path: "recentTask")]))
        } catch {
            guard error.status == 404 else { throw error }
            return []
        }
    }

    /// A task by its id; nil: vCenter has forgotten it.
    func task(_ id: VIReference) async throws(APIError) -> VCenterView.Activity? {
        do throws(APIError) {
            let objects = try await retrieve(VIQuery(start: id, properties: ["Task": Self.taskProperties]))
            return try objects.first.map(VCenterView.Activity.init)
        } catch {
            guard error.status == 404 else { throw error }
            return nil
        }
    }
}

extension VCenterView {
    /// - Throws: for what has no name or no size, or could not be told whole.
    init(
        _ objects: [VIObject], known: Set<String> = [], identities: [String: String] = [:]
    ) throws(APIError) {
        var tasks: [VIReference: Activity] = [:]
        var records: [VIReference: VIObject] = [:]
        for object in objects {
            switch object.reference.type {
            case "Task": tasks[object.reference] = try Activity(object)
            // Templates never run.
            case "VirtualMachine" where object["summary.config.template"]?.flag != true:
                records[object.reference] = object
            default: continue
            }
        }
        guard records.count <= Self.mostMachines else {
            throw .garbage("it tells of more than \(Self.mostMachines) machines")
        }
        for object in objects where object.reference.type == "HostSystem" {
            hosts[object.reference] = try Host(object, tasks)
        }
        var uses: [String: Int] = [:]
        let names = records.mapValues { Self.plain($0["name"]?.text) }
        for case let name? in names.values { uses[name, default: 0] += 1 }
        let owners = identities.reduce(into: [String: String]()) { $0[$1.value] = $1.key }
        for (id, record) in records {
            var name = id.value
            if let owner = owners[id.value] {
                name = owner
            } else if let own = names[id] ?? nil {
                let whole = "\(own).\(id.value)"
                name = uses[own] == 1 && !known.contains(whole) && identities[own] == nil ? own : whole
            }
            // Without a host it is nowhere that is looked at.
            if let machine = try Machine(record, named: name, tasks) { machines[id] = machine }
        }
    }

    /// Names are their owners' to give. vCenter writes three signs of them as addresses do.
    private static func plain(_ text: String?) -> String? {
        guard var text else { return nil }
        for (code, sign) in [("%2f", "/"), ("%2F", "/"), ("%5c", "\\"), ("%5C", "\\"), ("%25", "%")] {
            text = text.replacing(code, with: sign)
        }
        let isPlain =
            (1...200).contains(text.utf8.count) && FactText.decode(text.utf8) == text
            && !text.contains(where: \.isNewline) && !text.contains("\t")
        return isPlain ? text : nil
    }
}

extension VCenterView.Activity {
    init(_ object: VIObject) throws(APIError) {
        guard let kind = object["info.descriptionId"]?.text, let state = object["info.state"]?.text,
            ["queued", "running", "success", "error"].contains(state)
        else { throw .garbage("task \(object.reference) has no kind or no state") }
        self.init(
            id: object.reference, kind: FactText.excerpt(FactText.decode(kind.utf8), limit: 80), state: state,
            words: object["info.error"].map { VIFault(localized: $0).words },
            isCanceled: object["info.cancelled"]?.flag == true)
    }

    fileprivate static func all(of object: VIObject, _ tasks: [VIReference: Self]) -> [Self] {
        (object["recentTask"]?.list ?? []).compactMap(\.reference).compactMap { tasks[$0] }
    }
}

extension VCenterView.Host {
    fileprivate init(_ object: VIObject, _ tasks: [VIReference: VCenterView.Activity]) throws(APIError) {
        let id = object.reference
        guard let name = object["name"]?.text, HTTPRequest.isHost(name),
            let connection = object["runtime.connectionState"]?.text, let power = object["runtime.powerState"]?.text,
            let isMaintained = object["runtime.inMaintenanceMode"]?.flag
        else { throw .garbage("host \(id) has no name or no state") }
        func word(_ text: String) -> String { FactText.excerpt(FactText.decode(text.utf8), limit: 40) }
        let isOn = power == "poweredOn"
        self.init(
            id: id, name: name, isConnected: connection == "connected" && isOn,
            state: connection == "connected" && !isOn ? word(power) : word(connection), isMaintained: isMaintained,
            isQuarantined: object["runtime.inQuarantineMode"]?.flag == true, memoryMebibytes: nil, cores: nil,
            tasks: VCenterView.Activity.all(of: object, tasks))
        if let bytes = object["summary.hardware.memorySize"]?.integer {
            memoryMebibytes = try MachineSize.mebibytes(bytes: bytes, of: name)
        }
        if let count = object["summary.hardware.numCpuCores"]?.integer {
            cores = try MachineSize.processors(count, of: name)
        }
    }
}

extension VCenterView.Machine {
    /// What EAM makes and ends, as a host needs it: vCLS, agents of security products.
    private static let agents = "com.vmware.vim.eam"

    fileprivate init?(
        _ object: VIObject, named name: String, _ tasks: [VIReference: VCenterView.Activity]
    ) throws(APIError) {
        let id = object.reference
        guard let host = object["runtime.host"]?.reference else { return nil }
        guard let power = object["runtime.powerState"]?.text, ["poweredOn", "poweredOff", "suspended"].contains(power),
            let connection = object["runtime.connectionState"]?.text
        else { throw .garbage("machine \(id) has no state") }
        let isConnected = connection == "connected"
        let (memory, processors) = (
            object["summary.config.memorySizeMB"]?.integer, object["summary.config.numCpu"]?.integer
        )
        // Of one that vCenter does not reach there may be no size, and it is not moved either.
        guard !isConnected || memory != nil && processors != nil else { throw .garbage("machine \(id) has no size") }
        let tolerance = object["runtime.faultToleranceState"]?.text
        self.init(
            id: id, name: name, host: host, power: power,
            connection: FactText.excerpt(FactText.decode(connection.utf8), limit: 40),
            memoryMebibytes: try MachineSize.mebibytes(memory ?? 0, of: "machine \(id)"),
            processors: try MachineSize.processors(processors ?? 0, of: "machine \(id)"),
            isAgent: object["summary.config.managedBy"]?["extensionKey"]?.text == Self.agents,
            isTolerant: tolerance != nil && tolerance != "notConfigured",
            tasks: VCenterView.Activity.all(of: object, tasks))
    }

    /// For a plan, and for what a destination has no room beside.
    func resident(isBoundBecause words: String? = nil, apartFrom others: [String] = []) -> ResidentMachine {
        ResidentMachine(
            name: name, resource: FactText.isName(name) ? ResourceID(name) : nil, memoryMebibytes: memoryMebibytes,
            processors: processors, isRunning: isRunning, isBoundBecause: isRunning ? words : nil,
            apartFrom: others)
    }
}

extension ClusterRules {
    init(_ drs: VIValue, _ configuration: VIValue) throws(APIError) {
        if drs["enabled"]?.flag == true, drs["defaultVmBehavior"]?.text == "fullyAutomated" { automation = .full }
        var groups: [String: Set<VIReference>] = [:]
        for group in configuration["group"]?.list ?? [] {
            guard let name = group["name"]?.text else { throw .garbage("a group of the cluster has no name") }
            groups[name] = try Self.members(group["vm"] ?? group["host"], name)
        }
        for rule in configuration["rule"]?.list ?? [] where rule["enabled"]?.flag != false {
            let name = FactText.excerpt(FactText.decode((rule["name"]?.text ?? "?").utf8), limit: 60)
            switch rule.type {
            case "ClusterAntiAffinityRuleSpec":
                apart.append(Tie(name: name, machines: try Self.members(rule["vm"], name)))
            case "ClusterAffinityRuleSpec":
                together.append(Tie(name: name, machines: try Self.members(rule["vm"], name)))
            case "ClusterVmHostRuleInfo" where rule["mandatory"]?.flag == true:
                let machines = rule["vmGroupName"]?.text.flatMap { groups[$0] } ?? []
                for (key, isAllowed) in [("affineHostGroupName", true), ("antiAffineHostGroupName", false)] {
                    guard let group = rule[key]?.text else { continue }
                    holds.append(
                        Hold(name: name, machines: machines, hosts: groups[group] ?? [], isAllowed: isAllowed))
                }
            default: continue
            }
        }
    }

    private static func members(_ value: VIValue?, _ name: String) throws(APIError) -> Set<VIReference> {
        var members: Set<VIReference> = []
        for item in value?.list ?? [] {
            guard let reference = item.reference else { throw .garbage("a member of \(name) has no id") }
            members.insert(reference)
        }
        return members
    }
}
