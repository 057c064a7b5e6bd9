import FettleExecution
import FettleModel

/// What goes wrong beyond single hosts.
extension DisasterPlay {
    mutating func disturbElsewhere() {
        let chances = profile.worlds
        if strikes(chances.freeze, .freezeDeclared, "") {
            let latest = Bool.random(using: &random) ? 15 : 1_800
            let begin = now.adding(seconds: Int.random(in: 0...latest, using: &random))
            let end = begin.adding(seconds: Int.random(in: 600...14_400, using: &random))
            tell("a freeze from \(begin) until \(end) is declared")
            calendar.declare(TimeWindow(opensAt: begin, closesAt: end), at: now)
        }
        if !world.hypervisors.isEmpty, strikes(chances.stranger, nil, "") { addStranger() }
        if !world.clusters.isEmpty, strikes(chances.failover, nil, "") { failOver() }
        if strikes(chances.memberLeaves, nil, "") { removeOrAddMember() }
        if strikes(chances.flapping, .flapping, ""), let host = world.names.randomElement(using: &random) {
            tell("\(host) is well and unwell by turns")
            oracle.faultAt[host] = now
            let (length, period) = (
                Int64.random(in: 20...900, using: &random), Int64.random(in: 2...30, using: &random)
            )
            world[host].flaps = DisasterWorld.Flapping(
                from: now.milliseconds, until: now.milliseconds + length * 1_000, period: period * 1_000)
        }
    }

    private mutating func addStranger() {
        guard let hypervisor = world.hypervisors.capacities.keys.sorted().randomElement(using: &random),
            world.isReachable(hypervisor, at: now.milliseconds)
        else { return }
        let memory = Int.random(in: 1...4, using: &random) * 1_024
        guard world.hypervisors.addStranger(on: hypervisor, memory: memory) else { return }
        meet(.strangerAppeared, "a machine of \(memory) MiB is started on \(hypervisor)")
    }

    /// For reasons of the cluster's own.
    private mutating func failOver() {
        guard let id = world.clusters.keys.sorted().randomElement(using: &random), let cluster = world.clusters[id]
        else { return }
        let up = cluster.members.filter { world.isReachable($0, at: now.milliseconds) && $0 != cluster.leader }
        guard up.count + 1 >= cluster.quorum, let member = up.randomElement(using: &random) else { return }
        var next = member
        if Int.random(in: 0..<4, using: &random) == 0 {
            next = world.join(id)
            meet(.memberJoined, "\(next) joins \(id), and the plan knows nothing of it")
        }
        meet(.failedOver, "\(next) leads \(id) now")
        world.lead(id, next, at: now.milliseconds)
    }

    /// Somebody changes a group behind the run's back.
    private mutating func removeOrAddMember() {
        guard let group = plan.groups.filter({ $0.traffic != nil }).randomElement(using: &random),
            let member = group.members.sorted().randomElement(using: &random)
        else { return }
        oracle.faultAt[member] = now
        if world.removed[group.id]?.contains(member) == true {
            meet(.memberReturned, "\(member) is put into \(group.id) again")
            world.removed[group.id]?.remove(member)
            world[member].lostDrainAt = now.milliseconds
            return
        }
        meet(.memberLeft, "\(member) is taken out of \(group.id) by somebody")
        if world[member].isOut { meet(.memberLeftWhileOut) }
        world.removed[group.id, default: []].insert(member)
        // What is no member has no drain that anybody could owe.
        world[member].drained.remove(group.id)
        world[member].foreign.remove(group.id)
    }
}

extension Result<Observation, StepFailure> {
    /// A pass that is younger than what it is asked about (I6).
    func isPass(since time: Timestamp) -> Bool {
        guard case .success(let observation) = self else { return false }
        return observation.verdict == .pass && observation.observedAt >= time
    }
}
