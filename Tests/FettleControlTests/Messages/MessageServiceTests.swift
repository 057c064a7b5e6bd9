import FettleEvidence
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Synchronization
import Testing

@testable import FettleControl

/// What happened reaches whoever the policy names, at least once, in order, and by one name.
@Suite struct MessageServiceTests {
    let store = InMemoryStore(chain: .sha256)
    let world = World()

    /// The clock, and receivers that do as they are told.
    final class World: Sendable {
        private struct State {
            var time = Timestamp(milliseconds: 1_800_000_000_000)
            var heard: [(receiver: String, event: MessageEvent, reference: String?)] = []
            var outcomes: [String: DeliveryOutcome] = [:]
        }
        private let state = Mutex(State())

        var now: Timestamp { state.withLock { $0.time } }
        func pass(_ seconds: Int) { state.withLock { $0.time = $0.time.adding(seconds: seconds) } }
        func answer(_ receiver: String, _ outcome: DeliveryOutcome?) {
            state.withLock { $0.outcomes[receiver] = outcome }
        }
        func heard(_ receiver: String = "ops") -> [MessageEvent] {
            state.withLock { $0.heard.filter { $0.receiver == receiver }.map(\.event) }
        }
        func references(_ receiver: String) -> [String?] {
            state.withLock { $0.heard.filter { $0.receiver == receiver }.map(\.reference) }
        }
        func take(_ message: OutboxMessage, _ receiver: MessageReceiver, _ reference: String?) -> DeliveryOutcome {
            state.withLock { state in
                state.heard.append((receiver.name, message.event, reference))
                return state.outcomes[receiver.name] ?? DeliveryOutcome(.delivered(reference: nil), "ok")
            }
        }
    }

    func receiver(
        _ name: String = "ops", events: [String] = [], environments: [String] = [], notice: Int? = nil
    ) -> MessageReceiver {
        MessageReceiver(
            name: name, kind: .webhook, address: .text("https://x.example/"), secret: .environment("X"), events: events,
            environments: environments, noticeSeconds: notice)
    }

    func service(_ receivers: MessageReceiver..., secrets: SecretMask = SecretMask()) -> MessageService {
        service(receivers, secrets: secrets)
    }

    func service(_ receivers: [MessageReceiver], secrets: SecretMask = SecretMask()) -> MessageService {
        let world = world
        return MessageService(
            store: store, policy: MessagePolicy(receivers: receivers), secrets: secrets, now: { world.now },
            deliver: { message, receiver, reference, _ in world.take(message, receiver, reference) })
    }

    var changes: ChangeService {
        let world = world
        return ChangeService(store: store) { world.now }
    }

    func submit(
        reason: String = "patches", kind: Change.Kind = .normal, windows: [TimeWindow] = []
    ) async throws -> Change {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.windows = windows
        if !windows.isEmpty {
            for place in plan.targets.indices { plan.targets[place].window = min(place, windows.count - 1) }
        }
        let number = try await StageKeeper(store: store).list(.plan, limit: .max).count + 1
        plan.id = PlanID("plan-\(number)")
        try await StageKeeper(store: store).keep(plan, as: .plan, id: plan.id.rawValue, at: world.now)
        return try await changes.submit(plan: plan.id, kind: kind, reason: reason, by: "alice", policy: Policy())
    }

    func tell(_ service: MessageService, seconds: Int = 60) async throws -> MessageService.Summary {
        try await service.takeUp()
        return try await service.deliverDue(until: world.now.adding(seconds: seconds))
    }

    @Test func eachActIsToldOnceInOrderWithWhatItIsAbout() async throws {
        let service = service(receiver())
        try await service.takeUp()
        let change = try await submit()
        _ = try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        #expect(try await tell(service).delivered == 2)
        #expect(try await tell(service).delivered == 0)
        let heard = world.heard()
        #expect(heard.map(\.kind) == [.changeSubmitted, .changeApproved] && heard.map(\.by) == ["alice", "bob"])
        #expect(Set(heard.map(\.id)).count == 2)
        let facts = try #require(heard.last?.change)
        #expect(facts.id == change.id && facts.phase == .scheduled && facts.hosts == 3 && facts.reason == "patches")
        #expect(facts.correlation == "change-1-\(change.plan.digest.short)")
    }

    @Test func theEndOfARunIsToldWithWhatItEndedAs() async throws {
        let service = service(receiver(events: ["run.*"]))
        try await service.takeUp()
        let change = try await submit()
        try await store.createRun("run-1", change: change.id, at: world.now)
        let claim = try await store.claim("run-1", executor: "x", at: world.now, leaseSeconds: 60, takeOver: false)
        let events: [RunEvent] = [
            .started(change: change.id, plan: change.plan, by: "alice"), .awaitingHuman(reason: "look at this"),
            .ended(outcome: .failed(reason: "password=hunter22 was wrong")),
        ]
        for (number, event) in events.enumerated() {
            let record = JournalRecord(sequence: number + 1, epoch: claim.epoch, at: world.now, event: event)
            try await store.append([record], to: "run-1")
        }
        _ = try await tell(service)
        let heard = world.heard()
        #expect(heard.map(\.kind) == [.runStarted, .runAwaitingPerson, .runFailed])
        #expect(heard.allSatisfy { $0.change?.id == change.id && $0.run?.id == "run-1" })
        #expect(heard.last?.run?.outcome == .failed)
        #expect(heard.last?.run?.reason?.contains("hunter22") == false)
    }

    @Test func whatHappenedBeforeAReceiverWasThereIsNotToldToIt() async throws {
        _ = try await submit()
        let service = service(receiver())
        #expect(try await tell(service).delivered == 0)
        _ = try await submit()
        #expect(try await tell(service).delivered == 1)
    }

    @Test func onlyWhatAReceiverWantsIsToldToIt() async throws {
        let service = service([
            receiver("all"), receiver("runs", events: ["run.*"]), receiver("dev", environments: ["dev"]),
            receiver("prod", events: ["change.sub*"], environments: ["prod*"]),
        ])
        try await service.takeUp()
        _ = try await submit()
        _ = try await tell(service)
        #expect(["all", "runs", "dev", "prod"].map { world.heard($0).count } == [1, 0, 0, 1])
    }

    /// Between taking a message up and delivering it, and between delivering it and writing that down.
    @Test func aCrashLosesNothingAndTheReceiverKnowsItByItsName() async throws {
        let first = service(receiver())
        try await first.takeUp()
        _ = try await submit()
        try await first.takeUp()
        // Another process: the one before has died.
        _ = try await tell(service(receiver()))
        #expect(world.heard().count == 1)

        _ = try await submit()
        try await first.takeUp()
        var held = try await store.messages(.waiting(limit: 1))[0]
        held.message.claimedUntil = world.now.adding(seconds: 120)
        _ = try await store.replace(held)
        #expect(try await tell(service(receiver())).delivered == 0, "somebody has it in hand")
        world.pass(121)
        #expect(try await tell(service(receiver())).delivered == 1)
        #expect(Set(world.heard().map(\.id)).count == 2)
    }

    @Test func whatFailsIsTriedAgainWithGrowingPausesAndGivenUpInTheEnd() async throws {
        let service = service(receiver())
        try await service.takeUp()
        _ = try await submit()
        world.answer("ops", DeliveryOutcome(.failed(afterSeconds: nil), "answers 503"))
        var pauses: [Int] = []
        var tries = 0
        while tries < 100 {
            let before = world.heard().count
            _ = try await tell(service)
            if world.heard().count > before { tries += 1 }
            guard let next = try await store.messages(.waiting(limit: 1)).first?.message.dueAt else { break }
            pauses.append(Int(next.seconds(since: world.now)))
            world.pass(pauses[pauses.count - 1])
        }
        #expect(tries == OutboxMessage.mostAttempts)
        #expect(pauses == pauses.sorted() && pauses.first == 30 && pauses.last == 14_400)
        let kept = try await service.list(limit: 1)[0]
        #expect(kept.message.state == .givenUp && kept.message.attempts.count == tries)
        #expect(kept.message.attempts.allSatisfy { $0.note == "answers 503" && !$0.isDelivered })

        world.answer("ops", nil)
        _ = try await service.retry(kept.id)
        #expect(try await tell(service).delivered == 1)
        #expect(Set(world.heard().map(\.id)).count == 1)
    }

    @Test func aReceiverThatAsksForMorePatienceGetsIt() async throws {
        let service = service(receiver())
        try await service.takeUp()
        _ = try await submit()
        world.answer("ops", DeliveryOutcome(.failed(afterSeconds: 3_600), "answers 429"))
        _ = try await tell(service)
        #expect(try await store.messages(.waiting(limit: 1))[0].message.dueAt == world.now.adding(seconds: 3_600))
    }

    @Test func nobodyHearsOfALaterActBeforeTheEarlierOneAndOthersDoNotWaitForThem() async throws {
        let service = service([receiver("slow"), receiver("fine")])
        try await service.takeUp()
        let change = try await submit()
        world.answer("slow", DeliveryOutcome(.failed(afterSeconds: nil), "answers 500"))
        _ = try await tell(service)
        _ = try await changes.withdraw(change.id, by: "alice")
        let other = try await submit()
        _ = try await tell(service)
        #expect(world.heard("fine").map(\.kind) == [.changeSubmitted, .changeWithdrawn, .changeSubmitted])
        // Of the first change only the first was tried; the second change has a line of its own.
        #expect(world.heard("slow").map(\.change?.id) == [change.id, other.id])
        world.answer("slow", nil)
        world.pass(31)
        _ = try await tell(service)
        #expect(
            world.heard("slow").filter { $0.change?.id == change.id }.map(\.kind)
                == [.changeSubmitted, .changeSubmitted, .changeWithdrawn])
    }

    @Test func whatAReceiverCallsItsRecordComesBackWithTheNextMessage() async throws {
        let service = service(receiver())
        try await service.takeUp()
        let change = try await submit()
        world.answer("ops", DeliveryOutcome(.delivered(reference: "OPS-7"), "ok"))
        _ = try await tell(service)
        _ = try await changes.withdraw(change.id, by: "alice")
        _ = try await submit()
        _ = try await tell(service)
        #expect(world.references("ops") == [nil, "OPS-7", nil])
    }

    @Test func aNoticeIsGivenOnceForOneTime() async throws {
        let service = service([
            receiver(notice: 7_200), receiver("none"), receiver("runs", events: ["run.*"], notice: 7_200),
        ])
        try await service.takeUp()
        let change = try await submit()
        let opens = world.now.adding(seconds: 10_000)
        let window = TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: 3_600))
        _ = try await changes.schedule(change.id, for: window, by: "alice")
        _ = try await tell(service)
        #expect(world.heard().map(\.kind) == [.changeSubmitted, .changeScheduled])
        world.pass(3_000)
        for _ in 0..<3 { _ = try await tell(service) }
        #expect(world.heard().filter { $0.kind == .changeSoon }.count == 1)
        #expect(world.heard("none").allSatisfy { $0.kind != .changeSoon })
        #expect(world.heard("runs").map(\.kind) == [.changeSoon])
        let later = TimeWindow(opensAt: opens.adding(seconds: 60), closesAt: opens.adding(seconds: 3_600))
        _ = try await changes.schedule(change.id, for: later, by: "alice")
        for _ in 0..<3 { _ = try await tell(service) }
        #expect(world.heard().filter { $0.kind == .changeSoon }.count == 2)
        // It has begun: nobody is told any more that it will.
        world.pass(20_000)
        _ = try await tell(service)
        #expect(world.heard().last?.kind == .changeExpired)
        #expect(world.heard().filter { $0.kind == .changeSoon }.count == 2)
    }

    @Test func whoWasToldOfAChangeHearsOnceThatNobodyStartedIt() async throws {
        let service = service([receiver()])
        try await service.takeUp()
        let change = try await submit()
        let opens = world.now.adding(seconds: 100)
        let window = TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: 100))
        _ = try await changes.schedule(change.id, for: window, by: "alice")
        _ = try await tell(service)
        world.pass(300)
        let late = self.service([receiver(), receiver("new")])
        for _ in 0..<3 { _ = try await tell(late) }
        #expect(world.heard().map(\.kind) == [.changeSubmitted, .changeScheduled, .changeExpired])
        #expect(world.heard().last?.change?.phase == .cancelled && world.heard("new").isEmpty)
    }

    /// Redelivery turned a success back to running (spinnaker#7921).
    @Test func anEarlierMessageThatIsToldOnceMoreMovesNoTicketBack() async throws {
        var ticket = receiver("ticket")
        ticket.kind = .jira(.init(project: "OPS"))
        let service = service([ticket, receiver()])
        try await service.takeUp()
        let change = try await submit()
        _ = try await tell(service)
        _ = try await changes.withdraw(change.id, by: "alice")
        _ = try await tell(service)
        for stored in try await service.list(limit: 9) where stored.message.event.kind == .changeSubmitted {
            _ = try await service.retry(stored.id)
        }
        _ = try await tell(service)
        #expect(world.heard("ticket").map(\.change?.phase) == [.authorise, .cancelled, .cancelled])
        // A webhook hears the same bytes again.
        #expect(world.heard().map(\.change?.phase) == [.authorise, .cancelled, .authorise])
    }

    @Test func noSecretIsKeptOfWhatIsToldOrAnswered() async throws {
        let secrets = SecretMask(environment: ["HOOK_SECRET": "planted-secret-1"])
        let service = service([receiver()], secrets: secrets)
        try await service.takeUp()
        _ = try await submit(reason: "with planted-secret-1 in it")
        world.answer("ops", DeliveryOutcome(.failed(afterSeconds: nil), "answers 401: planted-secret-1 is wrong"))
        _ = try await tell(service)
        for stored in try await store.messages(.newest(limit: 10)) {
            let text = String(decoding: try CanonicalJSON.encode(stored.message), as: UTF8.self)
            #expect(!text.contains("planted-secret-1"))
        }
    }

    /// Two folders may share a store, and each names its own.
    @Test func aMessageForAReceiverThatThisPolicyDoesNotNameWaitsForOneThatDoes() async throws {
        try await service(receiver()).takeUp()
        _ = try await submit()
        try await service(receiver()).takeUp()
        let summary = try await service(receiver("other")).deliverDue(until: world.now.adding(seconds: 9))
        #expect(summary.givenUp == 0 && summary.waiting == 1)
        #expect(world.heard().isEmpty)
        #expect(try await service(receiver()).deliverDue(until: world.now.adding(seconds: 9)).delivered == 1)
    }

    @Test func twoProcessesAtOnceTellEachThingOnce() async throws {
        let one = service(receiver())
        try await one.takeUp()
        for _ in 0..<20 { _ = try await submit() }
        let services = (0..<4).map { _ in service(receiver()) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services {
                group.addTask {
                    try await service.takeUp()
                    _ = try await service.deliverDue(until: self.world.now.adding(seconds: 60))
                }
            }
            try await group.waitForAll()
        }
        _ = try await tell(one)
        #expect(world.heard().count == 20)
    }

    @Test func aTestIsToldAtOnceAndAWrongNameIsRefused() async throws {
        let service = service(receiver(events: ["run.*"]))
        #expect(try await service.test("ops", id: "test-1", by: "alice").state == .delivered)
        #expect(world.heard().map(\.kind) == [.test])
        let error = await #expect(throws: ControlError.self) {
            try await service.test("opps", id: "test-2", by: "alice")
        }
        #expect(error?.hint.contains("ops") == true)
    }

    /// What is due is told whoever looks; to have something sent takes a role.
    @Test func withUsersOnlyWhoSignsInHasMessagesSent() async throws {
        let service = service(receiver())
        let users = UserService(store: store, access: .local) { [world] in world.now }
        _ = try await users.add("adam", grants: [Grant(.admin)], by: "root")
        let error = await #expect(throws: ControlError.self) {
            _ = try await service.test("ops", id: "test-1", by: "mallory")
        }
        #expect(error?.code == .blocked)
        let other = await #expect(throws: ControlError.self) { _ = try await service.retry(1) }
        #expect(other?.code == .blocked)
        #expect(try await service.list(limit: 10).isEmpty)
        // What is due is told whoever looks, as soon as it was accepted who is told.
        let unaccepted = await #expect(throws: ControlError.self) { try await service.takeUp() }
        #expect(unaccepted?.code == .blocked)
        let enrolment = try await TokenService(store: store, now: { [world] in world.now }).enrol("adam", by: "root")
        let token = try await TokenService(store: store, access: .token(enrolment.text), now: { [world] in world.now })
            .make(title: "", limits: nil, days: 1)
        var policy = Policy()
        policy.messages = MessagePolicy(receivers: [receiver()])
        _ = try await TrustService(store: store, access: .token(token.text)) { [world] in world.now }.accept(
            TrustContent(policy: policy, fleet: FleetBuilder().fleet, keys: nil), by: "adam")
        try await service.takeUp()
        _ = try await service.deliverDue(until: world.now.adding(seconds: 60))
    }
}
