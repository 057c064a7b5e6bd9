import FettleModel

/// What speaks against moving a machine while it runs, as far as vCenter tells it before it is asked for the move. What a destination
/// lacks besides, such as its processor's model or a network, vCenter says before the move itself (`CheckRelocate_Task`).
enum VCenterObstacle {
    /// What is asked of each machine for that, beside what every look asks.
    static let properties = ["config.hardware.device", "datastore", "disabledMethod"]

    /// A device of the host, or of somebody's own computer, in the place of one that moves along.
    ///
    /// - Returns: why it cannot be moved, in words; nil: nothing is known.
    static func device(_ devices: [VIValue]) -> String? {
        for device in devices {
            guard let type = device.type else { continue }
            let label = device["deviceInfo"]?["label"]?.text.map {
                FactText.excerpt(FactText.decode($0.utf8), limit: 60)
            }
            let name = label ?? type
            if ["physicalSharing", "virtualSharing"].contains(device["sharedBus"]?.text ?? "") {
                return "disks of it are shared with another machine (\(name))"
            }
            if ["VirtualPCIPassthrough", "VirtualSriovEthernetCard", "VirtualSCSIPassthrough"].contains(type) {
                return "a device of its host is given to it (\(name))"
            }
            let backing = device["backing"]?.type ?? ""
            // An image on a datastore is where the datastore is; what is not connected is in nobody's way.
            let isOutside =
                backing == "VirtualUSBUSBBackingInfo" || backing == "VirtualUSBRemoteClientBackingInfo"
                || backing.hasSuffix("AtapiBackingInfo") || backing.contains("PassthroughBackingInfo")
                || backing.hasSuffix("DeviceBackingInfo") && Self.ports.contains(type)
                || backing.hasPrefix("VirtualFloppyRemoteDevice")
            if isOutside, device["connectable"]?["connected"]?.flag ?? true {
                return "\(name) is connected to a device outside of it"
            }
        }
        return nil
    }

    /// Of network cards and disks the backing is seen by others.
    private static let ports: Set = ["VirtualFloppy", "VirtualParallelPort", "VirtualSerialPort"]

    static func state(_ machine: VCenterView.Machine, _ disabled: [VIValue]) -> String? {
        guard machine.connection == "connected" else { return "vCenter does not reach it (\(machine.connection))" }
        if let task = machine.moving ?? machine.busy { return "something is being done with it (\(task.kind))" }
        // As products for backups and others do.
        if disabled.contains(where: { $0.text == "RelocateVM_Task" || $0.text == "MigrateVM_Task" }) {
            return "moving it is switched off in vCenter (disabledMethod)"
        }
        if machine.isTolerant { return "it is kept twice by Fault Tolerance" }
        return nil
    }

    /// - Parameters:
    ///   - others: hosts of the pool beside its own, by id.
    ///   - stores: of each storage that it lies on: its name, and the hosts that reach it.
    static func destination(
        _ machine: VCenterView.Machine, _ others: Set<VIReference>, _ stores: [(name: String, hosts: Set<VIReference>)],
        _ rules: ClusterRules
    ) -> String? {
        guard !others.isEmpty else { return nil }
        if let store = stores.first(where: { $0.hosts.isDisjoint(with: others) }) {
            return "it lies on \(store.name), which no other host of the pool reaches"
        }
        let fit = others.filter { host in stores.allSatisfy { $0.hosts.contains(host) } }
        if fit.isEmpty { return "no other host of the pool reaches all of its storage" }
        if !fit.contains(where: { rules.mayBe(machine.id, on: $0) }) {
            let names = rules.holds.filter { $0.machines.contains(machine.id) }.map(\.name)
            return "rules of the cluster keep it on its host (\(PackageWords.list(Set(names).sorted())))"
        }
        return nil
    }
}
