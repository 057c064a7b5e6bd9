import FettleModel

/// Who runs on which hypervisor, by the facts. What was not observed, or cannot be true, is not known: it is never taken for
/// "nothing runs there" (I6).
struct Residency {
    /// By hypervisor. A machine that the fleet does not declare has no resource here.
    private var known: [ResourceID: HypervisorFacts] = [:]
    /// Why what is told of a hypervisor cannot be built on.
    private var doubts: [ResourceID: String] = [:]
    /// For each machine of the fleet that runs, the hypervisor on which it does.
    private(set) var homes: [ResourceID: ResourceID] = [:]

    /// Of a machine or a hypervisor: 953 TiB, more than any has; so that sums cannot overflow.
    static let mostMebibytes = 1_000_000_000
    static let mostProcessors = 1_000_000
    /// On one hypervisor.
    static let mostMachines = 100_000

    /// - Parameters:
    ///   - groups: of the fleet: those that are evacuated may say what is shared and how much may be given out.
    ///   - isDeclared: whether the fleet has such a resource.
    init(_ facts: [HostFacts], groups: [ResourceGroup] = [], isDeclared: (ResourceID) -> Bool) {
        let rules = Self.rules(groups)
        for host in facts {
            guard let hypervisor = host.hypervisor, known[host.resource] == nil, doubts[host.resource] == nil else {
                continue
            }
            if case .unreachable(let reason) = host.reachability {
                doubts[host.resource] = "unreachable: \(reason)"
            } else if var observed = hypervisor.value?.ruled(by: rules[host.resource]) {
                for place in observed.residents.indices {
                    guard let resource = observed.residents[place].resource else { continue }
                    if !isDeclared(resource) { observed.residents[place].resource = nil }
                }
                if let doubt = Self.doubt(of: host.resource, observed) {
                    doubts[host.resource] = doubt
                } else {
                    known[host.resource] = observed
                }
            } else {
                doubts[host.resource] = "not observed: \(hypervisor.reasonMissing ?? "unknown")"
            }
        }
        findHomes()
    }

    /// By hypervisor, of the first of its pools that has some.
    private static func rules(_ groups: [ResourceGroup]) -> [ResourceID: MachineRules] {
        var result: [ResourceID: MachineRules] = [:]
        for group in groups.sorted(by: { $0.id < $1.id }) where group.isEvacuated {
            guard let machines = group.machines else { continue }
            for member in group.members where result[member] == nil { result[member] = machines }
        }
        return result
    }

    private static func doubt(of hypervisor: ResourceID, _ facts: HypervisorFacts) -> String? {
        let sizes = 0...mostMebibytes
        let counts = 0...mostProcessors
        if !sizes.contains(facts.memoryMebibytes) || !counts.contains(facts.processors) {
            return "it is said to have \(facts.memoryMebibytes) MiB and \(facts.processors) processors"
        }
        if facts.residents.count > mostMachines { return "more than \(mostMachines) machines are said to be on it" }
        var names: Set<String> = []
        var resources: Set<ResourceID> = [hypervisor]
        for machine in facts.residents {
            if !sizes.contains(machine.memoryMebibytes) || !counts.contains(machine.processors) {
                return "machine \(machine.name) is said to have \(machine.memoryMebibytes) MiB and "
                    + "\(machine.processors) processors"
            }
            if machine.name.isEmpty { return "a machine on it has no name" }
            if !names.insert(machine.name).inserted { return "two machines on it are named \(machine.name)" }
            if let resource = machine.resource, !resources.insert(resource).inserted {
                return "two machines on it are said to be \(resource)"
            }
        }
        return nil
    }

    /// A machine that is seen running on two hypervisors was moved between the two scans: neither is known then.
    private mutating func findHomes() {
        for hypervisor in known.keys.sorted() {
            for machine in known[hypervisor]?.residents ?? [] where machine.isRunning {
                guard let resource = machine.resource else { continue }
                guard let other = homes.updateValue(hypervisor, forKey: resource) else { continue }
                homes[resource] = other
                let doubt = "\(resource) is seen running on \(other) and on \(hypervisor)"
                doubts[hypervisor] = doubts[hypervisor] ?? doubt
                doubts[other] = doubts[other] ?? doubt
            }
        }
        for hypervisor in doubts.keys { known[hypervisor] = nil }
    }

    /// nil: not known, or not a hypervisor.
    func machines(on hypervisor: ResourceID) -> HypervisorFacts? { known[hypervisor] }

    /// Why it is not known what runs on a hypervisor; nil if it is.
    func reasonUnknown(_ hypervisor: ResourceID) -> String? {
        known[hypervisor] == nil ? doubts[hypervisor] ?? "the facts tell of no machines" : nil
    }

    /// What goes down with a hypervisor, by name: of its running machines all, or those that cannot be moved while they run; and
    /// what runs on these in turn.
    func staying(on hypervisor: ResourceID, isEvacuated: Bool) -> [Residence.Staying] {
        var result: [Residence.Staying] = []
        for machine in known[hypervisor]?.residents ?? [] where machine.isRunning {
            guard isEvacuated else {
                result.append(
                    Residence.Staying(
                        machine: machine.name, resource: machine.resource, host: hypervisor,
                        because: "\(hypervisor) is not evacuated"))
                continue
            }
            guard let reason = machine.isBoundBecause else { continue }
            result.append(
                Residence.Staying(
                    machine: machine.name, resource: machine.resource, host: hypervisor, because: reason))
        }
        var seen: Set<ResourceID> = [hypervisor]
        var next = 0
        while next < result.count {
            defer { next += 1 }
            guard let inner = result[next].resource, seen.insert(inner).inserted else { continue }
            for machine in known[inner]?.residents ?? [] where machine.isRunning {
                if let resource = machine.resource, seen.contains(resource) { continue }
                result.append(
                    Residence.Staying(
                        machine: machine.name, resource: machine.resource, host: inner, because: "it runs on \(inner)"))
            }
        }
        return result.sorted {
            ($0.machine, $0.resource ?? "", $0.host) < ($1.machine, $1.resource ?? "", $1.host)
        }
    }

    /// Machines of the fleet on a hypervisor, and on those in turn; sorted.
    func houses(of hypervisor: ResourceID) -> [ResourceID] {
        var seen: Set<ResourceID> = [hypervisor]
        var open = [hypervisor]
        while let next = open.popLast() {
            for machine in known[next]?.residents ?? [] {
                guard let resource = machine.resource, seen.insert(resource).inserted else { continue }
                open.append(resource)
            }
        }
        return seen.subtracting([hypervisor]).sorted()
    }
}
