import FettleModel

/// I9: a host is rebooted only out of traffic and with its package manager quiet.
struct RebootCheck {
    let chain: Chain

    func judge(_ found: inout ViolationList) {
        guard chain.traits.contains(.reboots) else { return }
        let changes = chain.links(with: .changesPackages)
        for reboot in chain.links(with: .reboots) {
            let id = chain.id(reboot)
            if !chain.inside.contains(reboot) {
                found.add(.reboot, "\(id) reboots a host that may be in traffic", steps: [id])
            }
            for change in changes where !chain.precedes(change, reboot) && !chain.precedes(reboot, change) {
                found.add(
                    .reboot, "\(id) can reboot the host in the middle of \(chain.id(change))",
                    steps: [chain.id(change), id])
            }
        }
    }
}
