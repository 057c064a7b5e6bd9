public import FettleModel

extension StrategyPlans {
    /// Two virtual machines that are patched one after the other, each behind a snapshot, which is removed when both were watched.
    public static func snapshotted() -> Plan {
        let members: [ResourceID] = ["web-1", "web-2"]
        func machine(_ host: ResourceID) -> MachineSnapshot {
            MachineSnapshot(
                rules: SnapshotRules(driver: "libvirt"), hypervisor: "hv-1", address: .ssh("hv-1"),
                name: host.rawValue, uuid: "00000000-0000-4000-8000-00000000000\(host.rawValue.suffix(1))")
        }
        var steps: [Step] = []
        var rollback: [Step] = []
        for host in members {
            let stage = step(host, StepID("\(host)/stage"), .stage(transaction: patch))
            var change = outage(host, "", .changePackages(transaction: patch), named: "patch", waiting: [stage.id])
            change[1].rollbackClass = .snapshot
            change[1].after = [StepID("\(host)/snapshot")]
            let snapshot = step(
                host, StepID("\(host)/snapshot"), .snapshot(machine: machine(host)),
                after: [StepID("\(host)/take-out")], .requiresOut, rollback: .snapshot)
            steps += [stage, change[0], snapshot] + change.dropFirst()
        }
        let returns = members.map { StepID("\($0)/bring-back") }
        steps.append(
            step(
                "web-1", "web/keep", .bake(seconds: 60, resources: members, probes: [probe]), after: returns,
                group: "web"))
        for host in members {
            steps.append(
                step(
                    host, StepID("web/discard-\(host)"), .discardSnapshot(machine: machine(host)),
                    after: returns + ["web/keep"], group: "web", rollback: .irreversible))
        }
        for host in members.reversed() {
            rollback += outage(host, "rollback/", .revert(machine: machine(host)), named: "revert", waiting: [])
            rollback[rollback.count - 3].compensates = StepID("\(host)/snapshot")
        }
        var plan = plan(targets: members, [group("web", members, minimum: 1, most: 1)], steps, rollback)
        plan.order = [TurnOrder(reason: "group web: one at a time", turns: [["web-1"], ["web-2"]])]
        plan.pointOfNoReturn = "web/discard-web-1"
        return plan
    }
}
