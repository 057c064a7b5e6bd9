import FettleChecking
import FettleExecution
import FettleModel
import FettleStore

/// A plan that takes the place of what is carried out: how far it has come.
struct Superseding: Sendable {
    enum Stage: Sendable { case none, wished, planned, begun }

    var stage = Stage.none
    var tries = 0
    var plan: Plan?
    /// How many runs have been replaced.
    var count = 0
    /// What was installed on each host when the present run took another's place.
    var foundAs: [ResourceID: DisasterWorld.Version] = [:]

    var isGoingOn: Bool { stage != .none }

    static let mostRuns = 2
    static let mostTries = 12

    mutating func noteClaim() { if stage == .begun { stage = .none } }
}

/// A new plan is made for what a run has left, and its run takes the old one's place with its hosts as they are.
extension DisasterPlay {
    /// Somebody wants another plan: has the run paused, or waits until it stands still or has ended by itself.
    mutating func supersede(_ number: Int) -> (RunRequest, Encounter)? {
        guard !superseding.isGoingOn, superseding.count < Superseding.mostRuns, plan.isAboutSingleHosts else {
            return nil
        }
        superseding.stage = .wished
        superseding.tries = 0
        tell("dave wants another plan")
        agenda.insert(.planAnew, at: now.adding(seconds: Int.random(in: 60...600, using: &random)))
        return Bool.random(using: &random) ? (.pause(by: "dave", reason: "another plan"), .paused) : nil
    }

    private mutating func giveUpSuperseding(_ words: String) {
        tell("no other plan: \(words)")
        superseding.stage = .none
        superseding.plan = nil
    }

    /// What anybody can read of the run.
    private func toldByJournal() -> RunMachine? {
        var machine = beginning.blank
        for record in store.journal { guard (try? machine.apply(record)) != nil else { return nil } }
        return machine.hasStarted ? machine : nil
    }

    mutating func planAnew() {
        superseding.tries += 1
        let entries = store.ledger.values.filter { $0.run == run }.sorted { $0.resource < $1.resource }
        guard let machine = toldByJournal() else { return giveUpSuperseding("the run has done nothing yet") }
        let state = RunState(machine)
        if state.outcome != nil, entries.isEmpty { return giveUpSuperseding("the run has left nobody out") }
        let isFiled = state.outcome != nil || state.quarantined.count == entries.count
        guard state.standsStill, isFiled else {
            if superseding.tries >= Superseding.mostTries { return giveUpSuperseding("the run does not stand still") }
            return agenda.insert(.planAnew, at: now.adding(seconds: 300))
        }
        let hosts = state.takenHosts(inQuarantine: entries)
        guard let plan = planForTheRest(hosts, state) else { return giveUpSuperseding("none is safe, or needed") }
        tell("dave plans anew for \(plan.targets.map(\.resource)), and takes \(hosts.map(\.resource)) over")
        superseding.stage = .planned
        superseding.plan = plan
        lastDisturbance = now
        let seconds = pick("is approved", superseding.count, 0...2) * pick("approval", superseding.count, 1...600)
        agenda.insert(.startAnew, at: now.adding(seconds: seconds))
    }

    /// For all that is not finished, or for those alone that are taken over. As the planner would it leaves out what is done; unlike
    /// it, it goes by the old plan's steps, for planning is not here.
    private func planForTheRest(_ hosts: [TakenHost], _ state: RunState) -> Plan? {
        let taken = Set(hosts.map(\.resource))
        let isForAll = pick("for all", state.sequence, 0...1) == 0
        let left = plan.targets.map(\.resource).filter { resource in
            !taken.contains(resource) && (!isForAll || isFinished(resource))
        }
        var rest = plan.leavingAlone(Set(left))
        rest.id = PlanID("plan-\(superseding.count + 2)")
        guard !rest.steps.isEmpty else { return nil }
        let (plan, lost) = rest.takingOver(hosts, from: run, at: state.sequence)
        guard lost.isEmpty, PlanChecker.check(plan).isProven else { return nil }
        return plan
    }

    private func isFinished(_ resource: ResourceID) -> Bool {
        let host = world[resource]
        return host.installed == .after && host.running == .after && !host.needsReboot && !host.isHalfConfigured
    }

    /// The new run is made, as `RunService` does it: the old one is ended and fenced in the same write.
    mutating func startAnew() {
        guard superseding.stage == .planned, let plan = superseding.plan, let replaced = plan.supersedes,
            let machine = toldByJournal()
        else { return }
        let next = RunID("\(Self.run)-\(superseding.count + 2)")
        let hosts = replaced.taken.map(\.resource)
        var order = SupersessionOrder(
            new: next, change: "disaster", old: run, sequence: replaced.sequence, epoch: store.epoch, hosts: hosts,
            quarantined: replaced.taken.filter(\.isQuarantined).map(\.resource), ending: [], person: "dave", at: now)
        if machine.outcome == nil {
            order.ending = [
                .claimed(executor: "superseded by \(next)"), .superseded(by: next, hosts: hosts, person: "dave"),
            ]
        }
        do {
            var ended = machine
            for record in order.records { try ended.apply(record) }
            let fresh = try PlayBeginning(plan, .none, run: next)
            if machine.outcome != nil { judgeTheEnd() }
            try store.supersede(order, at: now)
            goOn(with: next, plan, fresh)
        } catch {
            meet(.supersessionRefused, "\(error)")
            return giveUpSuperseding("the run is not as it was")
        }
        noteSupersession(replaced, of: machine)
    }

    private mutating func goOn(with next: RunID, _ plan: Plan, _ fresh: PlayBeginning) {
        let before = executors.last
        (run, self.plan, beginning, account) = (next, plan, fresh, fresh.account)
        orders = NumberedOrders(plan, world.numbers)
        if startGuard != nil { startGuard = fresh.startGuard }
        superseding.stage = .begun
        superseding.plan = nil
        superseding.count += 1
        superseding.foundAs = Dictionary(
            uniqueKeysWithValues: zip(world.numbers.ids, world.hosts.map(\.installed)))
        reboots = [:]
        helped = 0
        lastDisturbance = now
        insertClaim(at: now.adding(seconds: pick("starts", superseding.count, 1...20)))
        // Whoever has carried the old run out knows nothing of it, and is asked to go on.
        if let before, before.isAlive, !before.hasStopped, before.leftAt == nil {
            agenda.insert(
                .person(executor: before.number, .retry(by: "erin"), .retried), at: now.adding(seconds: 5))
        }
    }

    private mutating func noteSupersession(_ replaced: Supersession, of old: RunMachine) {
        let hosts = replaced.taken.map(\.resource)
        meet(.superseded, "\(run) takes over \(hosts)")
        if old.outcome != nil { meet(.supersededAfterTheEnd) }
        if hosts.contains(where: { !world.isWell($0, at: now.milliseconds) }) { meet(.supersededWhileUnwell) }
        if replaced.taken.contains(where: { !$0.obligations.isEmpty }) { meet(.supersededWhileOwing) }
        for host in hosts {
            world.takenOver.insert(host)
            world.keptOut.remove(host)
            world.hypervisors.kept.remove(host)
            // Where no balancer is asked its reservation is all there is of being out, and that is kept.
            world[host].hasBegun = true
            world[host].hasBeenChanged = false
        }
        judgeWhoAnswers()
    }
}

extension Plan {
    /// Every step is about its own host, so that leaving hosts out leaves a plan for the rest that fits what has been done.
    fileprivate var isAboutSingleHosts: Bool {
        (steps + rollback).allSatisfy { step in
            switch step.action {
            case .switchTraffic, .upgradeThroughController, .evacuate, .bringHome, .buildImage, .replaceImage,
                .discardKept, .snapshot, .revert, .discardSnapshot, .retire:
                false
            default: true
            }
        }
    }
}
