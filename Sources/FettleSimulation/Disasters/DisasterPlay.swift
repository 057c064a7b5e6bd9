import FettleChecking
import FettleExecution
public import FettleModel
import FettleStore

/// Plays a plan on a simulated fleet on which everything goes wrong that a seed draws: executors die between any two lines of
/// their journal and others take over, replies are lost, late or lies, hosts go away, load balancers forget, people interfere.
///
/// Single-threaded, in virtual time: a seed gives the same play every time. The executors decide with the real RunMachine; the
/// oracle judges what they do by the world, never by what they believe.
public struct DisasterPlay: Sendable {
    /// What is carried out now: a run may take another's place.
    var plan: Plan
    var run = Self.run
    let seed: UInt64
    /// With what the run began that is carried out now.
    var beginning: PlayBeginning
    let profile: DisasterProfile
    /// Says whether a fault strikes, and nothing else.
    var dice: SplitMix
    /// What a fault that struck draws further: begun anew with each, so that a fault is the same with and without the others.
    var random: SplitMix
    /// The faults that strike, instead of the dice.
    var script: [DrawnFault.Place: UInt64]?
    /// Those that have struck.
    var drawn: [DrawnFault] = []
    var moment = Moment.start
    var times: [Moment: Int] = [:]
    /// Where an executor dies by design, and not by the dice.
    var crashPoint: CrashPoint?
    var world: DisasterWorld
    var store = SimulatedStore()
    var executors: [SimulatedExecutor] = []
    var agenda = EventQueue<Item>()
    /// True time.
    var now: Timestamp
    var faultsLeft: Int
    var oracle = Oracle()
    var account: JournalAccount
    /// The plan's orders of turns.
    var orders: NumberedOrders
    /// How often each step has rebooted its host, or restarted it to be compared with.
    var reboots: [StepID: Int] = [:]
    /// How often somebody has come to help a run that waits for a person.
    var helped = 0
    var story: [String] = []
    /// Whether the story tells every line and every effect, for a person; otherwise only what goes wrong.
    var tellsAll = false
    let beganAt: Timestamp
    var met: Set<Encounter> = []
    var calendar: CalendarWorld
    /// The checker's word before anybody is taken out, as a run on real machines asks it; nil: nobody asks.
    var startGuard: StartGuard?
    var superseding = Superseding()
    /// When something last went wrong, or a person last acted: what has to end does so in bounded time after it.
    var lastDisturbance: Timestamp

    /// Some are large: what is moved about is where they are.
    indirect enum Item: Sendable {
        case claim(after: Int, SimulatedExecutor.Claim)
        case renew(executor: Int)
        case wake(executor: Int)
        case check(executor: Int, StepOrder, confirming: [StepOrder])
        case reserve(executor: Int, CapacityOrder)
        case begin(executor: Int, StepOrder)
        case effect(executor: Int, DisasterWorld.Effect)
        case finish(executor: Int, StepOrder)
        /// An answer that was waited for in vain.
        case lateAnswer(executor: Int, StepOrder)
        case report(executor: Int, Report)
        case drainAgain(executor: Int, StepOrder)
        case person(executor: Int, RunRequest, Encounter)
        case help
        case planAnew
        case startAnew
    }

    static let run = RunID("disaster")
    /// A dead executor's last commands take effect until then, or never: the network has forgotten them.
    static let strayMilliseconds: Int64 = 5_000
    /// A fault on a member so shortly before somebody else is taken out could not be known.
    static let blindMilliseconds: Int64 = 15_000
    /// In a freeze of hours each target that is ready asks anew every few seconds, in vain.
    private var mostEvents: Int { 200_000 + 10_000 * plan.targets.count }

    /// - Parameters:
    ///   - faults: those that strike, instead of those that the seed draws: some of another play's `drawn`.
    ///   - other: a play of the same plan with the same surroundings, played or not: spares looking through the plan once more.
    ///   - surroundings: what is true beside what the plan says.
    /// - Throws: `PlanDefect` if the plan's steps or orders don't hang together.
    public init(
        _ plan: Plan, seed: UInt64, profile: DisasterProfile = .everything, faults: [DrawnFault]? = nil,
        like other: DisasterPlay? = nil, surroundings: DisasterSurroundings = .none
    ) throws {
        beginning = try other?.beginning ?? PlayBeginning(plan, surroundings, run: Self.run)
        self.plan = plan
        self.seed = seed
        self.profile = profile
        dice = SplitMix(seed: seed)
        random = SplitMix(seed: seed)
        script = faults.map { Dictionary($0.map { ($0.place, $0.seed) }, uniquingKeysWith: { first, _ in first }) }
        world = beginning.world
        account = beginning.account
        orders = beginning.orders
        calendar = beginning.calendar
        // Every other run has to do without it where the plan and the reservations alone have to hold.
        let isLeftOut = surroundings == .none && seed % 2 == 0 && !beginning.isThroughController
        startGuard = isLeftOut ? nil : beginning.startGuard
        now = beginning.time
        beganAt = now
        lastDisturbance = now
        faultsLeft = faults?.count ?? profile.mostFaults
        for group in world.sides.keys.sorted() {
            let isTurnedOneByOne = isTurnedOneByOne(group)
            world.sides[group]?.isTurnedOneByOne = isTurnedOneByOne
        }
    }

    public mutating func play() throws -> DisasterResult {
        insertClaim(at: now)
        for _ in 0..<mostEvents {
            guard let (at, item) = agenda.removeFirst() else { break }
            now = max(now, at)
            try handle(item)
            if isOver { break }
        }
        let last = executors.last?.machine
        if last?.outcome == nil, last?.awaitingHuman == nil {
            oracle.broken("I11: the run neither ended nor waits for a person")
        }
        judgeDuration()
        try settle()
        judgeTheEnd()
        return DisasterResult(
            seed: seed, outcome: last?.outcome, awaitingHuman: last?.awaitingHuman,
            seconds: Int(now.seconds(since: beganAt).rounded()), violations: oracle.violations, met: met, story: story,
            drawn: drawn, journal: store.past + store.journal)
    }

    /// Ended, or nobody helps any more.
    private var isOver: Bool {
        // Looked at where it is: a copy of a machine after every event would cost more than the event.
        guard let last = executors.indices.last, executors[last].isAlive else { return false }
        if executors[last].leftAt != nil { return false }
        if executors[last].hasStopped { return !superseding.isGoingOn }
        return faultsLeft == 0 && helped > Self.mostHelp && executors[last].machine.awaitingHuman != nil
    }

    static let mostHelp = 4

    /// What is still on its way arrives.
    private mutating func settle() throws {
        while let (at, item) = agenda.removeFirst() {
            now = max(now, at)
            if case .effect(let executor, let effect) = item { apply(effect, by: executor) }
        }
    }

    mutating func handle(_ item: Item) throws {
        if !world.clusters.isEmpty { world.elect(at: now.milliseconds) }
        switch item {
        case .claim(let before, let kind): try claim(after: before, kind)
        case .renew(let number): renew(number)
        case .wake(let number): try obey(number)
        case .check(let number, let order, let confirming):
            world[order.step.resource].expected -= 1
            let answer = answer(order, confirming, number)
            if case .handOver(let handover) = order.step.action, case .alreadyDone = answer {
                world.noteHandover(order.step.resource, handover.cluster, at: now.milliseconds)
            }
            deliver(.checked(order.step.id, attempt: order.attempt, answer), to: number)
        case .reserve(let number, let order): reserve(order, for: number)
        case .begin(let number, let order): begin(order, by: number)
        case .effect(let number, let effect): apply(effect, by: number)
        case .finish(let number, let order): finish(order, by: number)
        case .lateAnswer(let number, let order): try answerLate(order, number)
        case .report(let number, let report): try receive(report, number)
        case .drainAgain(let number, let drain):
            // Nobody keeps it up any more once the step that rested on it is over.
            let isKept = executors[number].keeping.values.joined().contains { $0.step.id == drain.step.id }
            // It asks the store first, whatever its lease says.
            guard executors[number].isAlive, isCurrent(number), isKept else { return }
            let groups = world.groups(of: drain.step).filter {
                world.removed[$0]?.contains(drain.step.resource) != true
            }
            world[drain.step.resource].drained.formUnion(groups)
            world[drain.step.resource].lostOwnDrainAt = .min
            narrate("\(drain.step.resource) is drained again at once")
            meet(.drainTakenAgain)
        case .person(let number, let request, let encounter): try grant(request, encounter, number)
        case .help: try help()
        case .planAnew: planAnew()
        case .startAnew: startAnew()
        }
    }

    // MARK: What the world tells and does

    private func answer(_ order: StepOrder, _ confirming: [StepOrder], _ number: Int) -> StepAnswer {
        let clock = executors[number].clock(at: now)
        for drain in confirming {
            guard case .alreadyDone = world.check(drain, at: now.milliseconds, clock: clock) else {
                return .drainLost(drain.step.id)
            }
        }
        return world.check(order, at: now.milliseconds, clock: clock)
    }

    private mutating func reserve(_ order: CapacityOrder, for number: Int) {
        world[order.step.resource].expected -= 1
        // Who has lost the run takes nothing in its name.
        guard executors[number].isAlive, executors[number].leftAt == nil, stillHoldsRun(number) else { return }
        var health: [GroupID: [ResourceID: MemberHealth]] = [:]
        for group in order.groups + order.lentGroups {
            for member in group.members {
                health[group.id, default: [:]][member] = world.health(of: member, in: group.id, at: now.milliseconds)
            }
        }
        let refusal = order.lowersAvailability(health) ? self.refusal(to: order, health, for: number) : nil
        let decision: ReservationDecision
        if let refusal {
            decision = .refused(reason: refusal)
        } else {
            let request = order.request(run: executors[number].run, health: health, at: now)
            guard let answer = store.reserve(request, by: executors[number].epoch, at: now) else {
                meet(.fencedReservation)
                return die(number, "another has the run")
            }
            decision = answer
        }
        narrate("\(order.step.resource) is \(decision == .granted ? "reserved" : "refused: \(decision)")")
        if decision == .granted {
            let before = oracle.serving(beside: order.step, world, at: now)
            world[order.step.resource].isReserved = true
            oracle.judgeCapacity(
                order.step, before: before, world, at: now, isRollback: isRollback(order.step))
            judgePaths(order.step)
        } else {
            meet(.refusedForCapacity)
        }
        deliver(.reserved(order.step.id, decision), to: number)
    }

    /// The executor's command reaches the host.
    private mutating func begin(_ order: StepOrder, by number: Int) {
        let step = order.step
        world[step.resource].expected -= 1
        enter(.begun(step.id, attempt: order.attempt))
        narrate("executor-\(number) performs \(step.id)")
        judgeBeginning(of: order, by: number)
        judgeTime(of: order, by: number)
        var effect = DisasterWorld.Effect(order: order)
        let milliseconds = duration(of: order)
        let end = now.adding(milliseconds: milliseconds)
        var changes = true
        let isLong = if case .changePackages = step.action { true } else { false }
        switch step.action {
        case .changePackages(let transaction):
            let host = world[step.resource]
            guard world.isReachable(step.resource, at: now.milliseconds), host.busyUntil <= now.milliseconds else {
                changes = false
                break
            }
            world[step.resource].busyUntil = end.milliseconds
            world[step.resource].patchedUntil = end.milliseconds
            let isPatch = transaction.purpose == .patch
            effect.leavesHalfConfigured = isPatch && strikes(profile.halfConfigured, .halfConfigured, step.id.rawValue)
            effect.leavesUnwell = isPatch && strikes(profile.unwell, .unwellAfterPatch, step.id.rawValue)
            effect.asksForReboot = isPatch && beginning.rebooted.contains(step.resource)
        case .restartServices:
            effect.leavesUnwell = strikes(profile.unwell, .unwellAfterPatch, step.id.rawValue)
            if step.leg == .control, effect.leavesUnwell, Bool.random(using: &random) {
                effect.leavesUnwell = false
                effect.unwellMilliseconds = Int64.random(in: 10...120, using: &random) * 1_000
            }
        case .reboot:
            // At this moment, and not only when the step was checked.
            if world[step.resource].busyUntil > now.milliseconds { changes = false }
            effect.awayMilliseconds = milliseconds / 2
            effect.bootsOldKernel = strikes(profile.oldKernel, .oldKernel, step.id.rawValue)
        case .revert:
            // Power is taken from whatever the host does.
            if world[step.resource].busyUntil > now.milliseconds { changes = false }
        case .replaceImage, .upgradeThroughController:
            effect.leavesUnwell = strikes(profile.unwell, .unwellAfterPatch, step.id.rawValue)
        case .discardSnapshot:
            guard strikes(profile.unmergeable, .snapshotLeft, step.id.rawValue) else { break }
            world.unmergeable.insert(step.resource)
            changes = false
        case .drain, .restore, .switchTraffic:
            if strikes(profile.balancerRefuses, .balancerRefused, step.id.rawValue) { changes = false }
        default: break
        }
        var tellsFailure = false
        if step.availability != .none, strikes(profile.lie, nil, "a lie of \(step.id)") {
            tellsFailure = Bool.random(using: &random)
            meet(tellsFailure ? .lieOfFailure : .lieOfSuccess, step.id.rawValue)
            if !tellsFailure { changes = false }
        }
        if changes, world.place(of: step) != nil {
            beginParts(effect, by: number, milliseconds: milliseconds)
        } else if changes {
            world[step.resource].expected += 1
            let delay = isLong ? milliseconds : min(1_000, milliseconds / 4)
            agenda.insert(.effect(executor: number, effect), at: now.adding(milliseconds: delay))
        }
        if strikes(profile.lostReply, .lostReply, step.id.rawValue) {
            let failure = StepFailure(code: .timeout, message: "no answer in \(step.timeoutSeconds) s")
            let late = now.adding(seconds: step.timeoutSeconds)
            // Every second comes all the same, when the next attempt may be under way.
            if now.milliseconds % 2 == 0 {
                let delay = 1 + now.milliseconds / 2 % 120
                agenda.insert(.lateAnswer(executor: number, order), at: late.adding(milliseconds: delay * 1_000))
            }
            return agenda.insert(
                .report(executor: number, .performed(step.id, attempt: order.attempt, .failure(failure))), at: late)
        }
        if tellsFailure {
            let failure = StepFailure(code: .timeout, message: "the task says that it failed")
            return agenda.insert(
                .report(executor: number, .performed(step.id, attempt: order.attempt, .failure(failure))), at: end)
        }
        agenda.insert(.finish(executor: number, order), at: end)
    }

    private mutating func finish(_ order: StepOrder, by number: Int) {
        guard executors[number].isAlive else { return }
        enter(.finished(order.step.id, attempt: order.attempt))
        noteClosing(of: order, by: number)
        let clock = executors[number].clock(at: now)
        let result = toldByGate(world.verify(order, at: now.milliseconds, clock: clock), of: order)
        if case .handOver(let handover) = order.step.action, case .success = result {
            world.noteHandover(order.step.resource, handover.cluster, at: now.milliseconds)
        }
        if case .gate = order.step.action, result.isPass(since: order.intendedAt) {
            world[order.step.resource].passedAt = now.milliseconds
        }
        let report = Report.performed(order.step.id, attempt: order.attempt, result)
        deliver(report, to: number)
        if strikes(profile.repeatedReply, .repeatedReply, order.step.id.rawValue) {
            agenda.insert(.report(executor: number, report), at: now.adding(seconds: 30))
        }
    }

    private func isRollback(_ step: Step) -> Bool { account.steps[step.id]?.isRollback ?? false }

    /// As things are by now, for an attempt that was given up long ago.
    private mutating func answerLate(_ order: StepOrder, _ number: Int) throws {
        guard executors[number].isAlive else { return }
        let id = order.step.id
        let latest = account.intended[id] ?? 0
        if latest > order.attempt, executors[number].machine.isPerforming(id, attempt: latest) {
            meet(.lateReply, id.rawValue)
        }
        let result = world.verify(order, at: now.milliseconds, clock: executors[number].clock(at: now))
        try receive(.performed(id, attempt: order.attempt, result), number)
    }

    private mutating func apply(_ effect: DisasterWorld.Effect, by number: Int) {
        let step = effect.order.step
        world[step.resource].expected -= 1
        if world.place(of: step) != nil {
            guard world.finishPart(effect.part, of: step, by: number) else { return }
        } else if let died = executors[number].diedAt {
            let outlives = if case .changePackages = step.action { true } else { false }
            let isStray = now.milliseconds - died.milliseconds < Self.strayMilliseconds
            guard outlives || (isStray && arrives(effect.order)) else { return }
        }
        narrate("\(step.id) takes effect")
        let before = oracle.serving(beside: step, world, at: now, part: effect.part)
        let boots = world[step.resource].boots
        let starts = world[step.resource].starts
        judgeElsewhere(effect)
        for words in world.apply(effect, at: now.milliseconds) { oracle.broken(words) }
        if case .reboot = step.action {
            let back = now.adding(milliseconds: effect.awayMilliseconds).milliseconds
            world[step.resource].awayUntil = max(world[step.resource].awayUntil, back)
        }
        oracle.judgeCapacity(step, before: before, world, at: now, isRollback: isRollback(step))
        oracle.judge(effect, world, at: now)
        judgeKeeping(effect, by: number)
        judgeReboot(by: step, boots: boots)
        judgeRestart(by: step, starts: starts)
    }

    mutating func deliver(_ report: Report, to number: Int) {
        agenda.insert(.report(executor: number, report), at: now)
    }
}

extension Timestamp {
    func adding(milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: self.milliseconds + milliseconds) }
}
