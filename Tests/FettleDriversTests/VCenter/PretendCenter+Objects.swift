import Foundation

@testable import FettleDrivers

/// What the inventory is made of, as the property collector tells it.
extension PretendCenter.State {
    func fields(_ type: String, _ value: String) -> Fields? {
        switch (type, value) {
        case ("Folder", "group-d1"):
            ["childEntity": Self.references("Datacenter", ["datacenter-1"])]
        case ("Datacenter", "datacenter-1"): ["hostFolder": Self.reference("Folder", "group-h1")]
        case ("Folder", "group-h1"):
            ["childEntity": Self.references("Folder", ["group-h2"], "ClusterComputeResource", clusters)]
        case ("Folder", "group-h2"): ["childEntity": Self.references("Folder", [])]
        case ("ClusterComputeResource", _): cluster(value)
        case ("HostSystem", _): hosts[value].map { host(value, $0) }
        case ("VirtualMachine", _): machines[value].map { machine(value, $0) }
        case ("Task", _): jobs[value].map { task($0) }
        case ("Datastore", _): stores[value].map { store($0) }
        default: nil
        }
    }

    private var clusters: [String] { Set(hosts.values.map(\.parent)).sorted() }

    private func cluster(_ id: String) -> Fields? {
        guard clusters.contains(id) else { return nil }
        let drs: Fields = [
            "_typeName": "ClusterDrsConfigInfo", "enabled": isBalanced, "defaultVmBehavior": behaviour,
        ]
        var groups: [Fields] = []
        let rules = rules.map { rule -> Fields in
            var fields: Fields = [
                "_typeName": rule.type, "name": rule.name, "enabled": rule.isEnabled, "mandatory": rule.isMandatory,
            ]
            if rule.type == "ClusterVmHostRuleInfo" {
                groups.append([
                    "_typeName": "ClusterVmGroup", "name": "\(rule.name)-m",
                    "vm": rule.machines.map { Self.reference("VirtualMachine", $0) },
                ])
                groups.append([
                    "_typeName": "ClusterHostGroup", "name": "\(rule.name)-h",
                    "host": rule.hosts.map { Self.reference("HostSystem", $0) },
                ])
                fields["vmGroupName"] = "\(rule.name)-m"
                fields["affineHostGroupName"] = "\(rule.name)-h"
            } else {
                fields["vm"] = rule.machines.map { Self.reference("VirtualMachine", $0) }
            }
            return fields
        }
        return [
            "host": Self.references("HostSystem", hosts.filter { $0.value.parent == id }.keys.sorted()),
            "configurationEx": [
                "_typeName": "ClusterConfigInfoEx", "drsConfig": drs, "rule": rules, "group": groups,
            ] as Fields,
        ]
    }

    private func host(_ id: String, _ host: PretendCenter.Host) -> Fields {
        var fields: Fields = [
            "name": Self.box("string", host.name), "parent": Self.reference("ClusterComputeResource", host.parent),
            "runtime.connectionState": Self.box("HostSystemConnectionState", host.connection),
            "runtime.powerState": Self.box("HostSystemPowerState", host.power),
            "runtime.inMaintenanceMode": Self.box("boolean", host.isMaintained),
            "runtime.inQuarantineMode": Self.box("boolean", host.isQuarantined), "recentTask": recent(id),
            "vm": Self.references("VirtualMachine", machines.filter { $0.value.host == id }.keys.sorted()),
        ]
        if host.connection == "connected" {
            fields["summary.hardware.memorySize"] = Self.box("long", host.gibibytes << 30)
            fields["summary.hardware.numCpuCores"] = Self.box("short", host.cores)
        }
        return fields
    }

    private func machine(_ id: String, _ machine: PretendCenter.Machine) -> Fields {
        var fields: Fields = [
            "name": Self.box("string", machine.name), "runtime.host": Self.reference("HostSystem", machine.host),
            "runtime.powerState": Self.box("VirtualMachinePowerState", machine.power),
            "runtime.connectionState": Self.box("VirtualMachineConnectionState", machine.connection),
            "runtime.faultToleranceState": Self.box("VirtualMachineFaultToleranceState", machine.tolerance),
            "summary.config.template": Self.box("boolean", machine.isTemplate), "recentTask": recent(id),
            "datastore": Self.references("Datastore", machine.stores),
            "disabledMethod": ["_typeName": "ArrayOfString", "_value": machine.disabled] as Fields,
        ]
        guard machine.connection == "connected" else { return fields }
        fields["summary.config.memorySizeMB"] = Self.box("int", machine.gibibytes * 1_024)
        fields["summary.config.numCpu"] = Self.box("int", machine.processors)
        if let manager = machine.manager {
            fields["summary.config.managedBy"] = [
                "_typeName": "ManagedByInfo", "extensionKey": manager, "type": "cluster-agent",
            ]
        }
        let disk = PretendCenter.Device(type: "VirtualDisk", backing: "VirtualDiskFlatVer2BackingInfo")
        fields["config.hardware.device"] = [
            "_typeName": "ArrayOfVirtualDevice",
            "_value": ([disk] + machine.devices).enumerated().map { number, device -> Fields in
                var fields: Fields = [
                    "_typeName": device.type, "key": 2_000 + number,
                    "deviceInfo": ["_typeName": "Description", "label": "\(device.type) \(number)"] as Fields,
                ]
                if let backing = device.backing { fields["backing"] = ["_typeName": backing] }
                if let flag = device.isConnected {
                    fields["connectable"] = ["_typeName": "VirtualDeviceConnectInfo", "connected": flag] as Fields
                }
                if let bus = device.sharedBus { fields["sharedBus"] = bus }
                return fields
            },
        ]
        return fields
    }

    private func task(_ job: PretendCenter.Job) -> Fields {
        var fields: Fields = [
            "info.descriptionId": Self.box("string", job.kind), "info.state": Self.box("TaskInfoState", job.state),
            "info.cancelled": Self.box("boolean", job.isCanceled),
        ]
        if let words = job.words { fields["info.error"] = Self.localized("MigrationFault", words) }
        if job.kind == "ProvChecker.checkRelocate" {
            let result: Fields = [
                "_typeName": "CheckResult", "error": job.errors.map { Self.localized("MigrationFault", $0) },
            ]
            fields["info.result"] = ["_typeName": "ArrayOfCheckResult", "_value": [result]] as Fields
        }
        return fields
    }

    private func store(_ store: PretendCenter.Store) -> Fields {
        [
            "name": Self.box("string", store.name),
            "host": [
                "_typeName": "ArrayOfDatastoreHostMount",
                "_value": store.hosts.map { host -> Fields in
                    [
                        "_typeName": "DatastoreHostMount", "key": Self.reference("HostSystem", host),
                        "mountInfo": ["_typeName": "HostMountInfo", "accessible": true, "mounted": true] as Fields,
                    ]
                },
            ] as Fields,
        ]
    }

    private func recent(_ entity: String) -> Fields {
        let own = jobs.filter { $0.value.entity == entity && !$0.value.kind.hasPrefix("ProvChecker") }
        return Self.references("Task", own.keys.sorted())
    }

    // MARK: Words of the API

    static func reference(_ type: String, _ value: String) -> Fields {
        ["_typeName": "ManagedObjectReference", "type": type, "value": value]
    }

    private static func references(_ type: String, _ values: [String], _ other: String = "", _ more: [String] = [])
        -> Fields
    {
        [
            "_typeName": "ArrayOfManagedObjectReference",
            "_value": values.map { reference(type, $0) } + more.map { reference(other, $0) },
        ]
    }

    private static func box(_ type: String, _ value: Any) -> Fields { ["_typeName": type, "_value": value] }

    private static func localized(_ kind: String, _ words: String) -> Fields {
        [
            "_typeName": "LocalizedMethodFault", "fault": ["_typeName": kind] as Fields, "localizedMessage": words,
        ]
    }

    static func data(_ value: Any) -> APIAnswer {
        let body = try? JSONSerialization.data(withJSONObject: value)
        return APIAnswer(status: 200, reason: "OK", body: Array(body ?? Data()))
    }

    static func fault(_ kind: String, _ words: String, _ more: Fields = [:]) -> APIAnswer {
        let message: Fields = ["_typeName": "LocalizableMessage", "key": "k", "message": words]
        let fields: Fields = ["_typeName": kind, "faultMessage": [message]]
        let body = try? JSONSerialization.data(withJSONObject: fields.merging(more) { $1 })
        return APIAnswer(status: 500, reason: "Internal Server Error", body: Array(body ?? Data()))
    }
}
