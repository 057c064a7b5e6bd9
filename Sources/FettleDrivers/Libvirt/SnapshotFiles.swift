import FettleDriverKit
import FettleModel

/// The names and files of one snapshot, all of which follow from the plan and the run: whoever takes over finds the same.
struct SnapshotFiles: Sendable, Equatable {
    let machine: MachineSnapshot
    let name: String

    /// - Throws: `refused` for names that could be misread by programs on the hypervisor.
    init(_ machine: MachineSnapshot, run: RunID) throws(StepFailure) {
        self.machine = machine
        name = machine.snapshotName(in: run)
        guard machine.rules.driver == SnapshotDriver.name, FactText.isName(name), FactText.isName(run.rawValue),
            DomainDescription.isUUID(machine.uuid)
        else {
            throw StepFailure(
                code: .refused, message: "a name in this snapshot is none of letters, digits and . _ + -")
        }
    }

    /// What is written since the snapshot, beside the disk itself.
    func overlay(of disk: DomainDisk) -> String? {
        guard let file = disk.file, let slash = file.lastIndex(of: "/") else { return nil }
        return "\(file[...slash])\(name)-\(disk.device).qcow2"
    }

    func isKept(_ disk: DomainDisk) -> Bool { disk.file != nil && disk.file == overlay(of: disk) }

    /// Why no snapshot can be taken of a machine; nil: it can, as far as its hypervisor tells.
    func obstacle(_ found: LibvirtView.Machine) -> String? {
        if found.state != .running { return "it does not run" }
        if found.isTransient { return "it is known only while it runs (transient)" }
        if found.hasSnapshots { return "it has snapshots already" }
        if let reason = found.description.keepsElsewhere { return reason }
        if found.description.hasDirectories { return "a directory of the hypervisor is given to it" }
        if found.description.disks.isEmpty { return "it has no disk that it writes to" }
        if found.description.disks.contains(where: { $0.job != nil }) {
            return "something is being done with its disks"
        }
        return found.description.disks.lazy.compactMap(\.obstacle).first
    }

    /// As libvirt takes it (<https://libvirt.org/formatsnapshot.html>).
    ///
    /// - Parameter devices: all disks of the machine; those that are not written to are left out of it.
    func request(_ disks: [DomainDisk], devices: [String]) -> String {
        let elements = devices.map { device -> XMLElement in
            guard let disk = disks.first(where: { $0.device == device }), let file = overlay(of: disk) else {
                return XMLElement(name: "disk", attributes: ["name": device, "snapshot": "no"])
            }
            let driver = XMLElement(name: "driver", attributes: ["type": "qcow2"])
            let source = XMLElement(name: "source", attributes: ["file": file])
            return XMLElement(
                name: "disk", attributes: ["name": device, "snapshot": "external"], children: [driver, source])
        }
        return XMLElement(
            name: "domainsnapshot", attributes: [:],
            children: [
                XMLElement(name: "name", attributes: [:], text: name),
                XMLElement(name: "disks", attributes: [:], children: elements),
            ]
        ).written
    }

    /// The machine's description with its disks as they were.
    ///
    /// - Parameter disks: by device, what they were.
    func description(from domain: XMLElement, _ disks: [String: Base]) throws(FactError) -> String {
        var domain = domain
        domain.attributes["id"] = nil
        guard domain.name == "domain", let devices = domain.children.firstIndex(where: { $0.name == "devices" }) else {
            throw FactError("what libvirt gave for a machine is no domain")
        }
        for place in domain.children[devices].children.indices {
            let disk = domain.children[devices].children[place]
            guard DomainDescription.isWritableDisk(disk), let base = disks[DomainDisk(disk).device] else { continue }
            domain.children[devices].children[place].use(base)
        }
        return domain.written
    }

    /// A disk as it was before the snapshot.
    struct Base: Sendable, Equatable {
        var format: String
        var file: String
    }
}

extension XMLElement {
    /// What is told of the files below the disk stays true of it.
    fileprivate mutating func use(_ base: SnapshotFiles.Base) {
        children.removeAll { $0.name == "mirror" }
        guard first("source")?.attributes["file"] != base.file else { return }
        let below = first("backingStore").flatMap { store in
            store.first("source")?.attributes["file"] == base.file ? store.first("backingStore") : nil
        }
        children.removeAll { $0.name == "backingStore" }
        if let below { children.append(below) }
        for place in children.indices {
            if children[place].name == "source" { children[place].attributes["file"] = base.file }
            if children[place].name == "driver" { children[place].attributes["type"] = base.format }
        }
    }
}

/// What is remembered of a machine before its snapshot, in the journal: what it goes back to.
enum SnapshotMemory {
    private static let prefix = "disk."
    private static let frozenKey = "frozen"

    static func state(_ disks: [DomainDisk], isFrozen: Bool) -> PriorState {
        var details = [frozenKey: isFrozen ? "yes" : "no"]
        for disk in disks { details[prefix + disk.device] = "\(disk.format ?? "") \(disk.file ?? "")" }
        return PriorState(alreadySo: false, details: details)
    }

    static func isFrozen(_ prior: PriorState?) -> Bool { prior?.details[frozenKey] == "yes" }

    /// By device; empty: nothing is remembered, or it is not what was written.
    static func disks(_ prior: PriorState?) -> [String: SnapshotFiles.Base] {
        var disks: [String: SnapshotFiles.Base] = [:]
        for (key, value) in prior?.details ?? [:] where key.hasPrefix(prefix) {
            guard let space = value.firstIndex(of: " ") else { continue }
            let base = SnapshotFiles.Base(
                format: String(value[..<space]), file: String(value[value.index(after: space)...]))
            guard ["qcow2", "raw"].contains(base.format), NewMachine.isPlain(base.file) else { return [:] }
            disks[String(key.dropFirst(prefix.count))] = base
        }
        return disks
    }
}
