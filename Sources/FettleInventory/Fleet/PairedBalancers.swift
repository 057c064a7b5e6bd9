internal import FettleModel

/// Checks groups behind load balancers that hand an address to each other.
///
/// Which of them the requests come through is not in the plan's hands: a member that is taken out at one of them alone
/// gets the requests of the next as soon as the address moves, and always where more than one address is theirs. So it
/// must be taken out at each, for which a group must stand for each.
struct PairedBalancers {
    let reading: Reading

    func check(_ groups: [DeclaredGroup]) {
        var pairs: [ResourceID: Set<ResourceID>] = [:]
        for group in groups.map(\.group) where group.traffic?.driver == "keepalived" {
            for member in group.members { pairs[member, default: []].formUnion(group.members) }
        }
        guard !pairs.isEmpty else { return }
        // What is drained at a balancer, by those who are drained there.
        var drained: [Set<ResourceID>: Set<ResourceID>] = [:]
        for group in groups.map(\.group) {
            guard let traffic = group.traffic, traffic.driver != "keepalived" else { continue }
            drained[Set(group.members), default: []].insert(traffic.via)
        }
        for declared in groups {
            guard let traffic = declared.group.traffic, traffic.driver != "keepalived", let pair = pairs[traffic.via]
            else { continue }
            let missing = pair.subtracting(drained[Set(declared.group.members)] ?? []).sorted()
            guard !missing.isEmpty else { continue }
            reading.problem(
                "\(traffic.via.rawValue.quoted) hands its address to "
                    + "\(missing.map(\.rawValue.quoted).joined(separator: ", ")), where the members of "
                    + "\(declared.group.id.rawValue.quoted) are not taken out", at: declared.idPlace,
                hint: "a group with the same members and 'via: \(missing[0])', for each of them")
        }
    }
}
