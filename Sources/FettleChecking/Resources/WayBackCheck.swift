import FettleModel

/// I8: whatever is done to a host, it can be out when the run goes back. So every host that is changed, and be it by a restart, has
/// a way back that others can wait for, and on which something proves it well before it serves again.
struct WayBackCheck {
    let forward: Chain
    let back: Chain
    let resource: ResourceID

    /// - Parameters:
    ///   - outage: on the way forward.
    ///   - return: the outage on the way back.
    func judge(_ outage: Outage?, _ return: Outage?, _ found: inout ViolationList) {
        guard outage != nil else {
            guard let `return` else { return }
            found.add(
                .rollback, "\(resource) is taken out on the way back and never on the way forward",
                steps: [back.table.id(Int(`return`.begin))])
            return
        }
        guard !forward.changing.isEmpty else { return }
        guard let `return` else {
            found.add(
                .rollback,
                "\(resource) has no way back: if the run goes back while it is out, nothing says how it returns",
                steps: forward.ids(forward.changing))
            return
        }
        let begin = Int(back.table.links[Int(`return`.begin)])
        let isProven = (0..<back.count).contains { proof in
            back.proving.contains(proof) && back.precedes(begin, proof)
                && (0..<back.count).allSatisfy { !back.bringing.contains($0) || back.precedes(proof, $0) }
        }
        guard !isProven else { return }
        let end = back.table.id(Int(`return`.end))
        found.add(
            .rollback,
            "on the way back \(resource) comes back though no gate and no verification has passed before \(end)",
            steps: [end])
    }
}
