internal import FettleModel

/// Finds machines that stand in a fleet under several names.
///
/// What a group must keep serving is counted in members, and a plan is proven by that count (I1). A machine that is two of
/// them goes away with one restart, and the count is wrong by one. Only an address tells of it.
struct SharedMachines {
    struct Shared: Equatable {
        /// All at the same address, sorted.
        var resources: [ResourceID]
        var address: String
        /// That counts them as members of its own; nil: none has more than one of them.
        var group: GroupID?
        /// Whether they are machines themselves; others may well be several on one.
        var areMachines: Bool

        /// That the group's count is wrong.
        var isWrong: Bool { group != nil && areMachines }

        var message: String {
            let names = resources.map(\.rawValue).listed(limit: 8)
            guard let group else {
                return "\(names) have the same address \(address.quoted): one machine under several names"
            }
            guard areMachines else {
                return
                    "\(names) of the group \(group.rawValue.quoted) have the same address \(address.quoted): what takes "
                    + "that machine away takes \(resources.count) members away"
            }
            return
                "the group \(group.rawValue.quoted) counts one machine as \(resources.count) members: \(names) have the "
                + "same address \(address.quoted)"
        }

        var hint: String? {
            areMachines
                ? "a machine is one resource: give each its own address, such as 10.0.0.[11:14] for web-[1:4]; what runs "
                    + "beside others on a machine is of a kind such as application or database"
                : nil
        }
    }

    /// What a connection goes to, whoever logs in. Without a port it is ssh's own.
    private struct Machine: Hashable {
        var transport: ResourceAddress.Transport
        var host: String
        var port: Int?

        init(_ address: ResourceAddress) {
            transport = address.transport
            host = address.host.lowercased()
            port = address.transport == .ssh ? address.port ?? 22 : nil
        }
    }

    /// In each group, and those that share an address without sharing a group.
    ///
    /// - Parameter groups: whose members are resolved.
    static func all(of resources: [Resource], groups: [ResourceGroup]) -> [Shared] {
        // Whose system somebody else patches is not taken away by a plan.
        let ours = resources.filter { $0.address.transport != .none && $0.operatingSystemOwner == .us }
        let machines = Dictionary(grouping: ours) { Machine($0.address) }.filter { $0.value.count > 1 }
        guard !machines.isEmpty else { return [] }
        let suspects = Dictionary(
            machines.flatMap { machine, names in names.map { ($0.id, (machine: machine, resource: $0)) } },
            uniquingKeysWith: { first, _ in first })
        var found: [Shared] = []
        var grouped: Set<Machine> = []
        for group in groups {
            let members = group.members.compactMap { suspects[$0] }
            for (machine, pairs) in Dictionary(grouping: members, by: \.machine) where pairs.count > 1 {
                found.append(shared(pairs.map(\.resource), in: group.id))
                grouped.insert(machine)
            }
        }
        for (machine, names) in machines where !grouped.contains(machine) {
            let hosts = names.filter(\.kind.isMachine)
            if hosts.count > 1 { found.append(shared(hosts, in: nil)) }
        }
        return found.sorted {
            ($0.group?.rawValue ?? "", $0.resources[0]) < ($1.group?.rawValue ?? "", $1.resources[0])
        }
    }

    private static func shared(_ resources: [Resource], in group: GroupID?) -> Shared {
        let hosts = resources.filter(\.kind.isMachine)
        let areMachines = hosts.count > 1
        let named = areMachines ? hosts : resources
        return Shared(
            resources: named.map(\.id).sorted(), address: AddressSyntax.text(named[0].address), group: group,
            areMachines: areMachines)
    }
}
