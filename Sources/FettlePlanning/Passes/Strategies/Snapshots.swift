import FettleModel

/// Members that are virtual machines are patched where they are, each behind a snapshot of its disks, which is the way back until all
/// were watched.
enum Snapshots {
    static func cast(_ group: ResourceGroup, _ rules: SnapshotRules, _ cast: inout RoleCast, _ notes: inout PlanNotes) {
        // Who is only restarted has nothing to go back to.
        for member in group.members.sorted() where cast.hosts[member].map({ !$0.changes.isEmpty }) ?? false {
            switch machine(member, group, rules, cast) {
            case .success(let machine): cast.claim(.snapshotted(machine), for: member, by: group.id)
            case .failure(let why):
                notes.refuse(.strategy, at: .group(group.id), "group \(group.id): \(why.words)")
            }
        }
    }

    private typealias Refusal = ReplaceByMachine.Refusal

    /// The machine as its hypervisor's facts show it.
    private static func machine(
        _ member: ResourceID, _ group: ResourceGroup, _ rules: SnapshotRules, _ cast: RoleCast
    ) -> Result<MachineSnapshot, Refusal> {
        if cast.hosts[member]?.isOwn == true {
            return .failure(Refusal("\(member) is Fettle's own host, and going back would end Fettle with it"))
        }
        guard let home = cast.index.residency.homes[member],
            let resident = cast.index.residency.machines(on: home)?.residents.first(where: { $0.resource == member }),
            let uuid = resident.uuid
        else {
            return .failure(
                Refusal("the facts do not show on which hypervisor \(member) runs; scan the hypervisors as well"))
        }
        let others = cast.index.groups(of: home).compactMap(\.machines?.driver).filter { $0 != rules.driver }
        if let other = others.first {
            return .failure(Refusal("\(home), on which \(member) runs, is one of \(other), and not of \(rules.driver)"))
        }
        if let carried = cast.index.residency.machines(on: member)?.residents.first {
            return .failure(Refusal("\(member) is a hypervisor itself: going back would take \(carried.name) with it"))
        }
        if !rules.mayLoseWrites, let keeper = cast.index.groups(of: member).first(where: { !$0.kind.mayBeMadeAnew }) {
            return .failure(
                Refusal(
                    "\(member) is a member of \(keeper.id), and members of a \(keeper.kind.rawValue) hold what would be "
                        + "lost by going back to a snapshot; leave 'snapshot' out, or say 'mayLoseWrites: true'"))
        }
        guard let address = cast.index.address(of: home), address.transport != .none else {
            return .failure(Refusal("\(home), on which \(member) runs, cannot be reached"))
        }
        if cast.isTarget(home) {
            return .failure(
                Refusal(
                    "\(home), on which \(member) runs, is changed by the same plan, and no machine with a snapshot is "
                        + "moved; plan it by itself"))
        }
        return .success(
            MachineSnapshot(rules: rules, hypervisor: home, address: address, name: resident.name, uuid: uuid))
    }

    /// All are watched for as long as their snapshots are kept; then these go, one step for each.
    static func addKeeping(
        of group: GroupWork, _ places: [Int], _ layout: WaveLayout, _ priors: DurationPriors,
        _ steps: inout [GroupStep]
    ) {
        guard let rules = group.group.snapshot else { return }
        Keeping.addSteps(
            of: group, places, seconds: rules.keepSeconds, estimate: priors.discardSnapshot, layout, priors, &steps
        ) { $0.snapshot.map { .discardSnapshot(machine: $0) } }
    }

    /// Which snapshots can become older than the fleet allows, at the steps' 95% figures.
    static func tooOld(_ steps: [Step], _ schedule: Schedule) -> [String] {
        var taken: [ResourceID: Int] = [:]
        return steps.indices.compactMap { place in
            switch steps[place].action {
            case .snapshot: taken[steps[place].resource] = schedule.begins[place]
            case .discardSnapshot(let machine):
                let age = schedule.ends[place] - (taken[steps[place].resource] ?? schedule.ends[place])
                guard age > machine.rules.oldestSeconds else { return nil }
                return
                    "\(steps[place].resource): its snapshot can become \(PlanTable.duration(age)) old, which is more than "
                    + "the \(PlanTable.duration(machine.rules.oldestSeconds)) that the fleet allows; plan fewer hosts at once"
            default: break
            }
            return nil
        }
    }
}
