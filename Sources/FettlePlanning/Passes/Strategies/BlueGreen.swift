import FettleModel

/// Blue-green: the side that serves nobody is patched, all traffic is turned to it, and the other side stays as it is
/// for a while, to turn back to.
struct BlueGreen {
    let group: ResourceGroup
    /// Serves nobody when the plan is made. Sorted, as is `serving`.
    let standby: [ResourceID]
    let serving: [ResourceID]
    /// The failure domain of the standby.
    let standbyName: String

    /// nil: every member's side must be known, there must be two, and one of them must serve.
    init?(_ group: ResourceGroup, active: String, _ index: PlanningIndex) {
        let domains = group.members.map { index.resource($0)?.failureDomain }
        guard !domains.contains(nil), Set(domains).count == 2, domains.contains(active),
            let other = domains.compactMap({ $0 }).first(where: { $0 != active })
        else { return nil }
        self.group = group
        standbyName = other
        serving = zip(group.members, domains).filter { $0.1 == active }.map(\.0).sorted()
        standby = zip(group.members, domains).filter { $0.1 != active }.map(\.0).sorted()
    }

    /// The switch, once the standby is proven; its way back is the same reversed.
    func turn(_ traffic: TrafficBinding) -> TrafficSwitch {
        TrafficSwitch(group: group.id, traffic: traffic, from: serving, to: standby, probes: group.probes)
    }

    // MARK: Roles

    static func cast(
        _ group: ResourceGroup, active: String, _ then: Strategy.OldSide, _ cast: inout RoleCast,
        _ notes: inout PlanNotes
    ) {
        guard group.members.contains(where: cast.isTarget) else { return }
        guard let sides = BlueGreen(group, active: active, cast.index) else {
            return notes.refuse(
                .strategy, at: .group(group.id),
                "group \(group.id): blueGreen needs members of exactly two failure domains, one of them '\(active)'; "
                    + "give each member its failureDomain")
        }
        sides.refuseMisfits(then, cast, &notes)
        for member in sides.standby where cast.isTarget(member) { cast.claim(.sided, for: member, by: group.id) }
        switch then {
        case .patch:
            for member in sides.serving where cast.isTarget(member) { cast.claim(.sided, for: member, by: group.id) }
        case .keep:
            let reason =
                sides.standby.contains(where: cast.isTarget)
                ? "group \(group.id) keeps the side that serves now as it is, to turn back to"
                : "group \(group.id) keeps the side that serves now as it is, and its standby has nothing to change"
            for member in sides.serving where cast.isTarget(member) {
                cast.claim(.kept(because: reason), for: member, by: group.id)
            }
        case .retire:
            for member in sides.serving {
                if let resource = cast.index.resource(member) { cast.add(resource) }
                cast.claim(.retired, for: member, by: group.id)
            }
        }
        guard then != .keep || sides.standby.contains(where: cast.isTarget) else { return }
        notes.warn(
            "group \(group.id): after this plan '\(sides.standbyName)' has the traffic: change 'active' in the fleet "
                + "file, or the next plan stops at its first step")
    }

    private func refuseMisfits(_ then: Strategy.OldSide, _ cast: RoleCast, _ notes: inout PlanNotes) {
        func refuse(_ code: PlanningRefusal.Code, _ message: String) {
            notes.refuse(code, at: .group(group.id), "group \(group.id): \(message)")
        }
        if group.traffic == nil { refuse(.strategy, "blueGreen needs 'traffic': nothing could turn it otherwise") }
        if group.probes.isEmpty {
            refuse(
                .strategy,
                "blueGreen needs 'probes': nothing else says that a side is well before all traffic goes there")
        }
        for member in group.members { refuseMisfit(member, then, cast, &notes) }
        for member in standby where !cast.isTarget(member) && !cast.index.isAvailable(member, in: group) {
            let remedy =
                cast.index.isBeyondReach(member)
                ? "Fettle does not reach it: have it judged by probes that are asked from outside (http, tcp)"
                : "bring it back"
            refuse(
                .capacity,
                "\(member) of the standby is not available, and a side that is not whole is given no traffic; \(remedy)"
            )
        }
        if standby.count < serving.count {
            notes.warn(
                "group \(group.id): the standby has \(standby.count) members, the side that serves \(serving.count): "
                    + "after the switch the smaller one carries all traffic")
        }
        let minimum = group.minimumAvailable.asMinimum(of: group.members.count)
        if then == .retire, standby.count < minimum {
            refuse(
                .capacity,
                "'then: retire' leaves \(standby.count) of \(group.members.count) members, the minimum is \(minimum); "
                    + "lower it or choose 'then: keep'")
        }
    }

    private func refuseMisfit(
        _ member: ResourceID, _ then: Strategy.OldSide, _ cast: RoleCast, _ notes: inout PlanNotes
    ) {
        guard let resource = cast.index.resource(member) else { return }
        func refuse(_ message: String) {
            notes.refuse(.strategy, at: .group(group.id), "group \(group.id): \(message)")
        }
        let planned = cast.input.environments
        if !planned.isEmpty, !planned.contains(resource.environment) {
            refuse("\(member) is in \(resource.environment), which is not planned for; a switch concerns both sides")
        }
        if resource.address.transport == .local || cast.hosts[member]?.isOwn == true {
            refuse("\(member) is Fettle's own host: it goes last on both ways, and so belongs to no side")
        }
        let others = cast.index.groups(of: member).filter { $0.id != group.id }
        if let traffic = group.traffic,
            let other = others.first(where: { $0.traffic?.isSamePlace(as: traffic, of: member) == true })
        {
            refuse("group \(other.id) has \(member) at the same place of the load balancer, and would restore it there")
        }
        guard then == .retire, serving.contains(member) else { return }
        if let other = others.first {
            refuse("\(member) is to be retired and is still a member of group \(other.id); take it out of that first")
        }
        if let served = cast.index.served[member]?.first {
            refuse("\(member) is to be retired and carries the traffic of group \(served)")
        }
        if let machine = cast.index.residency.machines(on: member)?.residents.first {
            refuse("\(member) is to be retired and carries machine \(machine.name)")
        }
        if !cast.index.isAvailable(member, in: group) { refuse("\(member) is to be retired, but it is not available") }
    }

    // MARK: Order

    static func arrange(_ work: inout GroupWork, _ index: PlanningIndex) {
        guard case .blueGreen(let active, let seconds, _) = work.strategy,
            let sides = BlueGreen(work.group, active: active, index)
        else { return }
        let targets = Set(work.targets)
        work.sides = [sides.standby, sides.serving].map { $0.filter(targets.contains) }.filter { !$0.isEmpty }
        work.bakeSeconds = max(0, seconds)
    }
}

extension BlueGreen {
    // MARK: Steps

    /// What is to be seen first: that the standby serves nobody. Then the standby; the switch; a watch over all traffic
    /// on the new side; and only then the other side. The way back is the same from its end: the other side, the
    /// switch, the standby.
    static func addSteps(
        of group: GroupWork, _ places: [Int], _ layout: WaveLayout, _ index: PlanningIndex, _ priors: DurationPriors,
        _ forward: inout [GroupStep], _ back: inout [GroupStep]
    ) {
        guard case .blueGreen(let active, let seconds, _) = group.strategy, let traffic = group.group.traffic,
            let sides = BlueGreen(group.group, active: active, index)
        else { return }
        let isStandby = Set(sides.standby)
        let first = places.filter { isStandby.contains(layout.hosts[$0].id) }
        let later = places.filter { !isStandby.contains(layout.hosts[$0].id) }
        guard let host = first.last ?? later.first else { return }
        let turn = sides.turn(traffic)
        let id = group.group.id
        var seen = turn
        seen.from = []
        seen.to = sides.serving
        forward.append(
            GroupStep(
                group: id, name: "serving", action: .switchTraffic(turn: seen), estimate: priors.switchTraffic,
                host: first.first ?? host, holds: first))
        let switched = GroupStep(
            group: id, name: "switch", action: .switchTraffic(turn: turn), estimate: priors.switchTraffic,
            host: host, behind: first, holds: later,
            follows: [forward.count - 1])
        forward.append(switched)
        var bake = Bakes.step(
            group, name: "bake", seconds: max(0, seconds), first, holds: later, layout, priors)
        bake.host = host
        bake.action = .bake(seconds: max(0, seconds), resources: sides.standby, probes: group.group.probes)
        bake.follows = [forward.count - 1]
        forward.append(bake)
        back.append(
            GroupStep(
                group: id, name: "rollback/switch", action: .switchTraffic(turn: turn.reversed),
                estimate: priors.switchTraffic, host: host, behind: later, holds: first, compensates: switched.id))
    }

    // MARK: Report

    /// Both sides are up from the beginning: the standby until the switch, then the other one, until it is retired or
    /// for as long as anybody keeps it.
    static func double(
        of group: GroupWork, _ steps: [Step], _ schedule: Schedule, at price: Policy.MachinePrice?
    ) -> PlanReport.Double? {
        guard case .blueGreen(_, _, let then) = group.strategy else { return nil }
        var turn: TrafficSwitch?
        var (switchedAt, end) = (0, 0)
        let members = Set(group.group.members)
        for place in steps.indices where members.contains(steps[place].resource) {
            end = max(end, schedule.ends[place])
            guard case .switchTraffic(let seen) = steps[place].action, seen.group == group.group.id, !seen.from.isEmpty
            else { continue }
            turn = seen
            switchedAt = schedule.ends[place]
        }
        guard let turn else { return nil }
        return PlanReport.Double(
            idleMembers: max(turn.from.count, turn.to.count), seconds: end,
            memberSeconds: turn.to.count * switchedAt + turn.from.count * (end - switchedAt), goesOn: then != .retire,
            price: price)
    }
}
