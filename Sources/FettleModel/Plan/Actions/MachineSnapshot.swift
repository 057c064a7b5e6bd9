/// The virtual machine that a resource is, and how its disks are kept as they are while it is changed.
public struct MachineSnapshot: Codable, Sendable, Equatable {
    public var rules: SnapshotRules
    /// On which it runs, and how that is reached.
    public var hypervisor: ResourceID
    public var address: ResourceAddress
    /// As the hypervisor names it, for people.
    public var name: String
    /// By which alone it is asked for: another machine of its name is left alone.
    public var uuid: String

    public init(
        rules: SnapshotRules, hypervisor: ResourceID, address: ResourceAddress, name: String, uuid: String
    ) {
        self.rules = rules
        self.hypervisor = hypervisor
        self.address = address
        self.name = name
        self.uuid = uuid
    }

    /// How the hypervisor knows the snapshot. It has a part of the machine's UUID in it, so that runs of two stores which have the same
    /// name can hardly mean the same one.
    public func snapshotName(in run: RunID) -> String { "fettle-\(run)-\(uuid.prefix(8))" }
}

extension StepAction {
    /// The virtual machine whose snapshot is taken, gone back to or removed by it; nil: none.
    public var snapshotMachine: MachineSnapshot? {
        switch self {
        case .snapshot(let machine), .revert(let machine), .discardSnapshot(let machine): machine
        default: nil
        }
    }
}
