import FettleDriverKit
import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// Drives a machine through a `TinyWorld` in virtual time, one thing after another, from a seed: no task, no clock. It can drop
/// the machine after any event, as a crash does, and go on from the journal.
struct Rehearsal {
    struct Person: Sendable {
        var afterEvent: Int
        var request: RunRequest
    }

    enum Work {
        case check(StepOrder, confirming: [StepOrder])
        case reserve(CapacityOrder)
        case perform(StepOrder)
    }

    struct Underway {
        var work: Work
        var endsAt: Timestamp
    }

    let plan: Plan
    let world: TinyWorld
    let store = InMemoryStore()
    let run: RunID = "run-1"
    var crashesAfter: Set<Int> = []
    var people: [Person] = []
    /// Done to the world after an event.
    var incidents: [Int: @Sendable (inout TinyWorld.State) -> Void] = [:]

    private(set) var machine: RunMachine
    private(set) var now = Timestamp(milliseconds: 1_000_000)
    private(set) var refusals: [String] = []
    private(set) var handOvers = 0
    private var generator: SplitMix
    private var underway: [Underway] = []
    private var epoch = 0
    private var count = 0
    private var turns = 0

    init(_ plan: Plan, seed: UInt64 = 1, world prepare: (inout TinyWorld.State) -> Void = { _ in }) throws {
        self.plan = plan
        world = TinyWorld(plan, prepare)
        machine = try RunMachine(run: run, plan: plan)
        generator = SplitMix(seed: seed)
    }

    /// Until the run ends, or nothing but a person could move it.
    @discardableResult
    mutating func play() async throws -> RunOutcome? {
        // A reservation may have been put into its name before.
        if try await store.summary(of: run) == nil {
            try await store.createRun(run, change: "change-1", at: now)
        }
        try await takeOver(first: true)
        for _ in 0..<20_000 {
            let commands = machine.next(at: now)
            turns += 1
            if TestScale.isLong || turns % 8 == 0 { expectAgendaToBeTrue() }
            if case .append(let events)? = commands.first {
                #expect(commands.count == 1, "append comes alone")
                try await append(events)
                continue
            }
            var wake: Timestamp?
            var isAtWork = false
            for command in commands {
                switch command {
                case .append: Issue.record("append comes first")
                case .check(let order, let confirming): begin(.check(order, confirming: confirming), longest: 3)
                case .observeAndReserve(let order): begin(.reserve(order), longest: 2)
                case .perform(let order, _): begin(.perform(order), longest: 8)
                case .release(let resource):
                    try await store.release(resource, by: run)
                    machine.receive(.released(resource), at: now)
                    isAtWork = true
                case .quarantine(let entry):
                    try await store.quarantine(entry)
                    machine.receive(.quarantineFiled(entry.resource), at: now)
                    isAtWork = true
                case .wait(let until): wake = until
                case .stop(let outcome):
                    try await expectNothingOwed()
                    return outcome
                }
            }
            if machine.handedOverBy != nil {
                expectNothingHalfDone()
                try await takeOver(first: false)
                handOvers += 1
                continue
            }
            if isAtWork { continue }
            if try await !moveOn(to: wake) { return nil }
        }
        Issue.record("the run doesn't come to an end (I11)")
        return nil
    }

    /// What is kept up to date event by event is what would be worked out anew.
    private func expectAgendaToBeTrue() {
        for resource in machine.index.resources where machine.course(of: resource) != machine.courseNow(of: resource) {
            let name = machine.index.name(of: resource)
            Issue.record("\(name) goes \(machine.courseNow(of: resource)), not \(machine.course(of: resource))")
        }
        var anew = machine
        anew.recountTurns()
        if machine.turnState != anew.turnState { Issue.record("the turns are not counted right") }
        guard !machine.agenda.isStale, machine.agenda.touched.isEmpty else { return }
        let wanted = machine.wantedSteps()
        let startable = wanted.filter { machine.isInterrupted($0) || machine.mayStart($0) }
        let kept = machine.agenda.startable.map(machine.index.step)
        if kept != startable || (machine.agenda.wanted == 0) != wanted.isEmpty {
            Issue.record("\(kept.map(machine.index.name)) instead of \(startable.map(machine.index.name))")
        }
    }

    /// Whoever leaves the run to another leaves no step under way but a watch.
    private func expectNothingHalfDone() {
        for item in underway {
            if case .perform(let order) = item.work { #expect(order.step.isBake, "\(order.step.id) is left half done") }
        }
        let open = machine.fold.open.filter { machine.fold[$0].open?.epoch == epoch }
        #expect(open.allSatisfy { machine.index.step($0).isBake }, "left without a result: \(open)")
    }

    private mutating func begin(_ work: Work, longest: Int) {
        let duration = Int64(generator.next() % UInt64(longest * 1000)) + 1
        underway.append(Underway(work: work, endsAt: Timestamp(milliseconds: now.milliseconds + duration)))
    }

    /// To whatever comes next: a result or the time that was asked for. A person with nothing else to wait for acts now.
    private mutating func moveOn(to wake: Timestamp?) async throws -> Bool {
        let next = underway.indices.min { underway[$0].endsAt < underway[$1].endsAt }
        guard let next, wake.map({ underway[next].endsAt <= $0 }) ?? true else {
            if let wake {
                #expect(wake > now, "time goes on")
                now = max(now, wake)
                return true
            }
            guard !people.isEmpty else { return false }
            now = now.adding(seconds: 600)
            try await act(people.removeFirst().request)
            return true
        }
        let done = underway.remove(at: next)
        now = max(now, done.endsAt)
        try await finish(done.work)
        return true
    }

    private mutating func finish(_ work: Work) async throws {
        switch work {
        case .check(let order, let confirming):
            machine.receive(
                .checked(order.step.id, attempt: order.attempt, answer(order, confirming: confirming)), at: now)
        case .reserve(let order):
            let decision = try await store.reserve(request(order))
            machine.receive(.reserved(order.step.id, decision), at: now)
        case .perform(let order):
            let result = world.perform(order.step, at: now)
            machine.receive(.performed(order.step.id, attempt: order.attempt, result), at: now)
            // A result that comes twice changes nothing.
            machine.receive(.performed(order.step.id, attempt: order.attempt, result), at: now)
        }
    }

    private func answer(_ order: StepOrder, confirming: [StepOrder]) -> StepAnswer {
        for drain in confirming {
            switch world.check(drain.step, prior: drain.prior, at: now) {
            case .alreadyDone: continue
            case .ready: return .drainLost(drain.step.id)
            case .blocked(let reason): return .blocked(reason: reason)
            case .unknown(let failure): return .unknown(failure)
            }
        }
        switch world.check(order.step, prior: order.prior, at: now) {
        case .ready(let prior): return .ready(prior: prior)
        case .alreadyDone(let observation): return .alreadyDone(observation)
        case .blocked(let reason): return .blocked(reason: reason)
        case .unknown(let failure): return .unknown(failure)
        }
    }

    private func request(_ order: CapacityOrder) -> ReservationRequest {
        let health = Dictionary(
            uniqueKeysWithValues: order.groups.map { ($0.id, world.health(of: $0, before: order.step.id)) })
        return order.request(run: run, health: health, at: now)
    }

    private mutating func append(_ events: [RunEvent]) async throws {
        let records = events.enumerated().map { offset, event in
            JournalRecord(sequence: machine.sequence + 1 + offset, epoch: epoch, at: now, event: event)
        }
        try await store.append(records, to: run)
        for record in records {
            try machine.apply(record)
            count += 1
            strike(after: count)
        }
        let due = people.filter { $0.afterEvent <= count }
        people.removeAll { $0.afterEvent <= count }
        for person in due { try await act(person.request) }
        if crashesAfter.contains(where: { $0 <= count && $0 > count - records.count }) {
            try await takeOver(first: false)
        }
    }

    private func strike(after count: Int) {
        if let event = incidents[count] { world.change(event) }
    }

    private mutating func act(_ request: RunRequest) async throws {
        var request = request
        // Meant for whoever carries the run out at this moment.
        if case .handOver(let person, let reason, _) = request {
            request = .handOver(by: person, reason: reason, epoch: epoch)
        }
        if let refusal = machine.request(request) {
            refusals.append(refusal)
        } else if case .append(let events)? = machine.next(at: now).first {
            try await append(events)
        }
    }

    /// A new machine, from the journal alone. Whether what was under way still takes effect is up to the seed.
    private mutating func takeOver(first: Bool) async throws {
        for item in underway {
            if case .perform(let order) = item.work, generator.next() % 2 == 0 { world.performUnseen(order.step) }
        }
        underway = []
        epoch = try await store.claim(
            run, executor: "executor-\(epoch)", at: now, leaseSeconds: 30, takeOver: true
        ).epoch
        machine = try RunMachine(run: run, plan: plan)
        for record in try await store.records(of: run, after: 0) { try machine.apply(record) }
        machine.begin(holding: Set(try await store.reservations().filter { $0.run == run }.map(\.resource)))
        if machine.outcome != nil { return }
        var events: [RunEvent] = []
        if first {
            let reference = StageReference(id: plan.id.rawValue, digest: Digest(rawValue: "00"))
            events.append(.started(change: "change-1", plan: reference, by: "alice"))
        }
        try await append(events + [.claimed(executor: "executor")])
    }

    var journal: [JournalRecord] {
        get async throws { try await store.records(of: run, after: 0) }
    }

    var state: RunState { RunState(machine) }

    /// I7 and I11: an ended run holds nothing beyond the quarantine ledger; and its state is the fold of its journal.
    func expectNothingOwed() async throws {
        #expect(world.now.violations == [])
        let kept = Set(machine.fold.quarantined.values.map(\.resource))
        let reserved = try await store.reservations().map(\.resource)
        #expect(kept.isSuperset(of: reserved), "reservations are left: \(reserved)")
        #expect(Set(try await store.quarantined().map(\.resource)) == kept)
        #expect(kept.isSuperset(of: state.out))
        #expect(state.obligations.allSatisfy { kept.contains($0.resource) })
        // A machine that was kept and could not be removed takes nothing away from anybody: it stays in the ledger for a person. So does a
        // snapshot.
        let state = state
        #expect(
            state.owed.allSatisfy { owed in
                owed.isQuarantined || owed.kind == .replacement || owed.kind == .snapshot && isLeft(owed, state)
            }, "owed by an ended run: \(state.owed)")
        var replayed = try RunMachine(run: run, plan: plan)
        for record in try await journal { try replayed.apply(record) }
        #expect(replayed.fold == machine.fold)
    }

    /// It was to be removed, and could not be.
    private func isLeft(_ owed: OwedChange, _ state: RunState) -> Bool {
        let discard = state.resource(owed.resource)?.steps.first { $0.name == "discard snapshot" }
        return if case .skipped? = discard?.status { true } else { false }
    }
}
