import FettleExecution
import FettleModel
import FettleStore

extension DisasterPlay {
    mutating func meet(_ encounter: Encounter, _ words: String = "") {
        met.insert(encounter)
        if !words.isEmpty { tell("\(encounter.rawValue): \(words)") }
    }

    /// What goes wrong after a line of the journal.
    mutating func disturb(_ number: Int) throws {
        guard faultsLeft > 0 else { return }
        disturbHosts()
        disturbElsewhere()
        disturbStore()
        if strikes(profile.clockJump, nil, "a clock jumps") {
            let seconds = Int64.random(in: -3_600...3_600, using: &random)
            executors[number].skew += seconds * 1_000
            meet(seconds < 0 ? .clockBack : .clockForward, "\(seconds) s")
        }
        if strikes(profile.stall, .stall, "executor-\(number)") {
            let seconds = SimulatedStore.leaseSeconds + Int.random(in: 1...60, using: &random)
            executors[number].stalledUntil = now.adding(seconds: seconds)
            insertClaim(at: executors[number].renewedAt.adding(seconds: SimulatedStore.leaseSeconds))
        }
        if strikes(profile.takeOver, nil, "executor-\(number) is taken for dead") {
            insertClaim(at: now.adding(milliseconds: Int64.random(in: 0...20_000, using: &random)), .fromTheLiving)
        }
        if strikes(profile.person, nil, "a person asks for something") { interfere(number) }
        if strikes(profile.crash, .crash, "") { crash(number) }
    }

    private mutating func disturbHosts() {
        if strikes(profile.unreachable, .hostAway, ""), let host = anyHost() {
            fault(host, "does not answer for a while")
            world[host].awayUntil = now.adding(seconds: Int.random(in: 5...600, using: &random)).milliseconds
        }
        if strikes(profile.lostHost, .hostLost, ""), let host = anyHost() {
            fault(host, "never answers again")
            world[host].awayUntil = .max
        }
        if strikes(profile.flap, .flap, ""), let host = anyHost() {
            fault(host, "is unwell for a while")
            world[host].unwellUntil = now.adding(seconds: Int.random(in: 1...300, using: &random)).milliseconds
        }
        if strikes(profile.forgottenDrains, nil, ""),
            let group = drivenGroups().randomElement(using: &random)
        {
            tell("the balancer of \(group.id) forgets its drains")
            for member in group.members.sorted() { lose(group.id, of: member) }
        }
        if strikes(profile.foreignDrain, nil, "a stranger's hand"),
            let group = drivenGroups().randomElement(using: &random),
            let member = group.members.sorted().randomElement(using: &random)
        {
            drainOrLetIn(member, group)
        }
    }

    private mutating func fault(_ host: ResourceID, _ words: String) {
        tell("\(host) \(words)")
        oracle.faultAt[host] = now
    }

    private mutating func lose(_ group: GroupID, of member: ResourceID) {
        let wasForeign = world[member].foreign.remove(group) != nil
        let wasOwn = world[member].drained.remove(group) != nil
        guard wasOwn || wasForeign else { return }
        meet(.drainsForgotten)
        world[member].lostDrainAt = now.milliseconds
        if wasOwn { world[member].lostOwnDrainAt = now.milliseconds }
        keepUp(member, group)
    }

    /// Who performs something on the member while it has to be out takes it out again at once.
    private mutating func keepUp(_ member: ResourceID, _ group: GroupID) {
        for executor in executors
        where executor.isAlive && isCurrent(executor.number) && (executor.stalledUntil ?? now) <= now {
            for drain in executor.keeping.values.joined() {
                guard drain.step.resource == member, world.groups(of: drain.step).contains(group) else { continue }
                agenda.insert(.drainAgain(executor: executor.number, drain), at: now.adding(milliseconds: 500))
                return
            }
        }
    }

    /// The same for what was lost since it was confirmed.
    mutating func keepUpLost(_ drains: [StepOrder], by number: Int) {
        for drain in drains {
            let host = world[drain.step.resource]
            let isHeld = world.groups(of: drain.step).allSatisfy {
                host.drained.contains($0) || host.foreign.contains($0)
            }
            if !isHeld { agenda.insert(.drainAgain(executor: number, drain), at: now.adding(milliseconds: 500)) }
        }
    }

    /// Somebody else's hand at the load balancer. On a host that the run has in its hands the two could not be told apart.
    private mutating func drainOrLetIn(_ member: ResourceID, _ group: PlannedGroup) {
        if world[member].foreign.remove(group.id) != nil {
            tell("somebody lets \(member) back into \(group.id)")
            world[member].lostDrainAt = now.milliseconds
            return keepUp(member, group.id)
        }
        guard world[member].expected == 0, world[member].drained.isEmpty, store.held[member] == nil else { return }
        meet(.foreignDrain, "somebody drains \(member) in \(group.id)")
        world[member].foreign.insert(group.id)
        oracle.faultAt[member] = now
    }

    private func drivenGroups() -> [PlannedGroup] {
        plan.groups.filter { $0.traffic != nil }
    }

    private mutating func anyHost() -> ResourceID? {
        world.names.randomElement(using: &random)
    }

    /// A person asks for something, whether it makes sense or not.
    private mutating func interfere(_ number: Int) {
        let kind = Int.random(in: 0..<20, using: &random)
        if kind >= 10 { return interfereInPart(kind, number) }
        let request: (RunRequest, Encounter) =
            switch kind {
            case 0...2: (.pause(by: "bob", reason: "look"), .paused)
            case 3...5: (.resume(by: "bob"), .paused)
            case 6: (.abort(by: "bob", reason: "enough"), .aborted)
            case 7: (.rollback(by: "bob", reason: "back"), .rolledBackByPerson)
            case 8: (.retry(by: "bob"), .retried)
            default:
                (.skip(step: stepToSkip(), by: "bob", reason: "known"), .skipped)
            }
        // As in a session: when all that came before has been journaled.
        agenda.insert(.person(executor: number, request.0, request.1), at: now)
    }

    /// Mostly one that may be skipped.
    private mutating func stepToSkip() -> StepID {
        let steps = plan.steps.filter { if case .preflight = $0.action { true } else { $0.action.name == "bake" } }
        let any = Bool.random(using: &random) ? plan.steps : steps
        return any.randomElement(using: &random)?.id ?? "-"
    }

    mutating func grant(_ request: RunRequest, _ encounter: Encounter, _ number: Int) throws {
        guard executors[number].isAlive, !executors[number].hasStopped, executors[number].leftAt == nil else {
            return passOn(request, encounter, from: number)
        }
        if let stalled = executors[number].stalledUntil, stalled > now {
            return agenda.insert(.person(executor: number, request, encounter), at: stalled)
        }
        guard executors[number].machine.request(request) == nil else { return }
        judgeGranted(request, number)
        lastDisturbance = now
        meet(encounter, "\(request)")
        if case .pause = request { agenda.insert(.help, at: now.adding(seconds: 1_200)) }
        try obey(number)
        if case .handOver = request { stallInHandOver(number) }
    }

    /// Somebody comes by to see what the run waits for: ends a pause, tries again, and in the end gives up.
    mutating func help() throws {
        guard let last = executors.last, !last.hasStopped else { return }
        // Nobody carries it out for now: they come again.
        guard last.isAlive, last.leftAt == nil else { return agenda.insert(.help, at: now.adding(seconds: 60)) }
        if executors[last.number].machine.request(.resume(by: "carol")) == nil {
            lastDisturbance = now
            tell("carol ends the pause")
            return try obey(last.number)
        }
        guard last.machine.awaitingHuman != nil, helped <= Self.mostHelp else { return }
        helped += 1
        lastDisturbance = now
        let asksBack = helped == Self.mostHelp
        let request: RunRequest = asksBack ? .rollback(by: "carol", reason: "it stands still") : .retry(by: "carol")
        tell("carol asks: \(asksBack ? "roll back" : "try again")")
        var isGranted = executors[last.number].machine.request(request) == nil
        if isGranted, asksBack {
            meet(.rolledBackByPerson)
        } else {
            if !isGranted { isGranted = executors[last.number].machine.request(.retry(by: "carol")) == nil }
            if isGranted { meet(.retried) }
        }
        if helped > Self.mostHelp { faultsLeft = 0 }
        try obey(last.number)
    }
}
