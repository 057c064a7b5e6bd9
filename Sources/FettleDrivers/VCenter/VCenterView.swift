import FettleModel

/// What vCenter tells of one cluster at about one moment.
struct VCenterView: Sendable, Equatable {
    /// Where a host of the inventory is.
    struct Place: Sendable, Equatable {
        var name: String
        /// The cluster that it is in, or what stands for one host alone.
        var parent: VIReference
    }

    struct Host: Sendable, Equatable {
        var id: VIReference
        var name: String
        /// Whether vCenter reaches it; what it tells of one that it does not reach is old.
        var isConnected: Bool
        /// In its own word, where it is not connected or not powered on.
        var state: String
        var isMaintained: Bool
        /// Proactive HA keeps machines away from it.
        var isQuarantined: Bool
        /// nil: vCenter does not tell, as of one that it does not reach.
        var memoryMebibytes: Int?
        var cores: Int?
        var tasks: [Activity]

        /// The task that is putting it into maintenance, which it is not before nothing runs on it.
        var entering: Activity? { tasks.first { $0.isUnderWay && $0.kind == Activity.entering } }
    }

    struct Machine: Sendable, Equatable {
        var id: VIReference
        /// Unlike that of every other machine here.
        var name: String
        var host: VIReference
        /// `poweredOn`, `poweredOff` or `suspended`.
        var power: String
        /// `connected`, or why vCenter cannot tell of it.
        var connection: String
        var memoryMebibytes: Int
        var processors: Int
        /// Made and ended by vCenter itself, as a host needs it (vCLS and others): it goes by itself when its host does.
        var isAgent: Bool
        var isTolerant: Bool
        var tasks: [Activity]

        var isRunning: Bool { power == "poweredOn" }
        var moving: Activity? { tasks.first { $0.isUnderWay && $0.isMove } }
        var busy: Activity? { tasks.first { $0.isUnderWay && !$0.isMove } }
    }

    /// A task of vCenter.
    struct Activity: Sendable, Equatable {
        var id: VIReference
        /// Such as `VirtualMachine.relocate`.
        var kind: String
        /// `queued`, `running`, `success` or `error`.
        var state: String
        /// Why it came to nothing.
        var words: String?
        /// Somebody has called it off.
        var isCanceled = false

        static let entering = "HostSystem.enterMaintenanceMode"
        /// By whoever: a person or Fettle, and DRS.
        private static let moves: Set = [
            "VirtualMachine.relocate", "VirtualMachine.migrate", "Drm.ExecuteVMotionLRO", "Drm.ExecuteVmotionLRO",
        ]

        var isMove: Bool { Self.moves.contains(kind) }
        var isUnderWay: Bool { state == "running" || state == "queued" }
    }

    var hosts: [VIReference: Host] = [:]
    var machines: [VIReference: Machine] = [:]
    var rules = ClusterRules()

    /// More are not read.
    static let mostMachines = 100_000

    func machine(named name: String) -> Machine? { machines.values.first { $0.name == name } }

    /// Sorted by name; without those that vCenter itself makes and ends.
    func machines(on host: VIReference) -> [Machine] {
        machines.values.filter { $0.host == host && !$0.isAgent }.sorted { $0.name < $1.name }
    }

    func running(on host: VIReference) -> [Machine] { machines(on: host).filter(\.isRunning) }

    func name(of host: VIReference) -> String { hosts[host]?.name ?? "a host elsewhere" }

    /// vCenter's name of a hypervisor: that of the resource, with or without its domain.
    ///
    /// - Throws: in words, where there is none or more than one.
    static func host(
        of resource: ResourceID, in inventory: [VIReference: Place]
    ) throws(APIError) -> (id: VIReference, place: Place) {
        let name = resource.rawValue.lowercased()
        let all = inventory.sorted { $0.key < $1.key }
        var found = all.filter { $0.value.name.lowercased() == name }
        if found.isEmpty {
            let label = name.prefix { $0 != "." }
            found = all.filter { entry in
                let other = entry.value.name.lowercased()
                let own = other.prefix { $0 != "." }
                // Two whole names that differ are two hosts; of an address no part is a name.
                return own == label && (own.count == other.count || label.count == name.count)
                    && !other.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
            }
        }
        guard let first = found.first else {
            throw APIError(
                .refused, "vCenter has no host named as \(resource), or the account does not see it", nothingRan: true)
        }
        guard found.count == 1 else {
            throw APIError(.refused, "vCenter has more than one host named as \(resource)", nothingRan: true)
        }
        return (first.key, first.value)
    }
}

/// What a cluster keeps to by itself.
struct ClusterRules: Sendable, Equatable {
    /// What DRS does.
    enum Automation: Sendable, Equatable {
        /// There is no DRS, or it only says what it would do, or only chooses where machines are powered on.
        case asked
        /// It moves machines whenever it finds that better, and empties a host that goes into maintenance.
        case full
    }

    /// Machines that are never to be on one host, or always.
    struct Tie: Sendable, Equatable {
        var name: String
        var machines: Set<VIReference>
    }

    /// Hosts on which machines must be, or may not be.
    struct Hold: Sendable, Equatable {
        var name: String
        var machines: Set<VIReference>
        var hosts: Set<VIReference>
        var isAllowed: Bool
    }

    var automation = Automation.asked
    var apart: [Tie] = []
    var together: [Tie] = []
    /// Only those that vCenter itself never breaks.
    var holds: [Hold] = []

    func mayBe(_ machine: VIReference, on host: VIReference) -> Bool {
        holds.allSatisfy { !$0.machines.contains(machine) || $0.hosts.contains(host) == $0.isAllowed }
    }

    /// What the fleet keeps apart, and nothing tells DRS: it would put them on one host.
    ///
    /// - Parameter view: the cluster with these rules.
    func untold(_ apart: [[String]], in view: VCenterView) -> (String, String)? {
        for names in apart {
            let machines = names.compactMap { view.machine(named: $0) }
            for (place, one) in machines.enumerated() {
                for other in machines.dropFirst(place + 1)
                where !self.apart.contains(where: { $0.machines.isSuperset(of: [one.id, other.id]) }) {
                    return (one.name, other.name)
                }
            }
        }
        return nil
    }
}
