import Dispatch
import FettleModel

/// All that can be judged of one resource by its own steps; resource after resource.
struct ResourceChecks: Sendable {
    let tables: PlanTables
    let members: MemberIndex
    /// Whose traffic is turned as a whole: none of their members is drained (`SwitchCheck`).
    let turnedGroups: Set<GroupID>

    /// From here on two threads are faster than one.
    private static let manyTargets = 500

    func judge(_ found: inout ViolationList) -> Outages {
        guard tables.targets.count >= Self.manyTargets else {
            let all = part(0..<tables.targets.count)
            found.add(all.found)
            return all.outages
        }
        let middle = tables.targets.count / 2
        // One resource's chain has nothing to do with another's: two halves at the same time. Each is written by one of the two
        // iterations alone, and read when both are over.
        nonisolated(unsafe) var first: Part?
        nonisolated(unsafe) var second: Part?
        DispatchQueue.concurrentPerform(iterations: 2) { half in
            if half == 0 {
                first = part(0..<middle)
            } else {
                second = part(middle..<tables.targets.count)
            }
        }
        var outages = Outages(forward: [], back: [])
        for part in [first ?? part(0..<middle), second ?? part(middle..<tables.targets.count)] {
            outages.forward += part.outages.forward
            outages.back += part.outages.back
            outages.control.merge(part.outages.control) { first, _ in first }
            found.add(part.found)
        }
        return outages
    }

    private struct Part: Sendable {
        var outages: Outages
        var found = ViolationList()
    }

    private func part(_ targets: Range<Int>) -> Part {
        var part = Part(outages: Outages(forward: [], back: []))
        part.outages.forward.reserveCapacity(targets.count)
        part.outages.back.reserveCapacity(targets.count)
        for target in targets {
            let resource = tables.targets.name(target)
            let forward = Chain(tables.forward, of: target)
            let back = Chain(tables.rollback, of: target)
            let groups = members.groups(of: target).map { tables.plan.groups[Int($0)] }
            let out = judge(forward, of: resource, groups, &part.found)
            if let control = judgeControl(forward, of: resource, groups, &part.found) {
                part.outages.control[target] = control
            }
            let outBack = judge(back, of: resource, groups, &part.found)
            RollbackCheck(forward: forward, back: back, resource: resource).judge(&part.found)
            WayBackCheck(forward: forward, back: back, resource: resource).judge(out, outBack, &part.found)
            part.outages.forward.append(out)
            part.outages.back.append(outBack)
        }
        return part
    }

    private func judge(
        _ chain: Chain, of resource: ResourceID, _ groups: [PlannedGroup], _ found: inout ViolationList
    ) -> Outage? {
        RebootCheck(chain: chain).judge(&found)
        let leg = chain.control.isEmpty ? nil : chain.all.subtracting(chain.control)
        guard let outage = OutageCheck(chain: chain, resource: resource, leg: leg).outage(&found) else { return nil }
        TrafficCheck(chain: chain, resource: resource, groups: drained(groups), leg: leg).judge(&found)
        return outage
    }

    private func judgeControl(
        _ chain: Chain, of resource: ResourceID, _ groups: [PlannedGroup], _ found: inout ViolationList
    ) -> Outage? {
        guard let outage = ControlCheck(chain: chain, resource: resource).outage(&found) else { return nil }
        for group in groups where turnedGroups.contains(group.id) {
            found.add(
                .order,
                "\(resource) is restarted for a comparison, though nothing turns the traffic of \(group.id) away for it",
                steps: chain.ids(chain.control))
        }
        TrafficCheck(chain: chain, resource: resource, groups: drained(groups), leg: chain.control).judge(&found)
        return outage
    }

    private func drained(_ groups: [PlannedGroup]) -> [PlannedGroup] {
        turnedGroups.isEmpty ? groups : groups.filter { !turnedGroups.contains($0.id) }
    }
}
