import FettleModel

/// I3, I7, I8 where a resource is restarted as it is, so that others are compared with it, before its own change: an outage of its own,
/// over before that of the change, in which nothing is done that the change's way back would have to take back.
struct ControlCheck {
    let chain: Chain
    let resource: ResourceID

    /// - Returns: nil if there is none, or if its steps leave open when it is.
    func outage(_ found: inout ViolationList) -> Outage? {
        let leg = chain.control
        guard !leg.isEmpty else { return nil }
        for link in leg.members where !suits(link) {
            let id = chain.id(link)
            found.add(
                .form, "\(id) (\(chain.action(link).name)) is no part of restarting \(resource) for a comparison",
                steps: [id])
        }
        guard !chain.taking.intersection(leg).isEmpty else {
            found.add(
                .order, "\(resource) is restarted for a comparison without being taken out first", steps: chain.ids(leg)
            )
            return nil
        }
        guard let outage = OutageCheck(chain: chain, resource: resource, leg: leg).outage(&found) else { return nil }
        judgeChange(behind: outage, &found)
        return outage
    }

    /// Whatever it does, it does it while the resource is out; so a gate is asked inside too.
    private func suits(_ link: Int) -> Bool {
        let traits = chain.table.traits[chain.position(link)]
        return traits.contains(.suitsControl) && !traits.isDisjoint(with: .isDisruptive)
    }

    /// What is compared with is changed later, and not before it is back from its restart.
    private func judgeChange(behind outage: Outage, _ found: inout ViolationList) {
        let end = Int(chain.table.links[Int(outage.end)])
        let others = chain.all.subtracting(chain.control)
        guard !chain.links(with: .changesPackages).isEmpty else {
            found.add(
                .form, "\(resource) is restarted for a comparison, and then none of its packages is changed",
                steps: [chain.id(end)])
            return
        }
        for link in chain.taking.union(chain.inside).union(chain.bringing).intersection(others).members
        where !chain.precedes(end, link) {
            found.add(
                .order, "\(chain.id(link)) can start before \(resource) is back from its restart",
                steps: [chain.id(end), chain.id(link)])
        }
    }
}
