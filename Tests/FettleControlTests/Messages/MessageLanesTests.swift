import FettleControl
import FettleEvidence
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Synchronization
import Testing

/// Who waits for whom, how long, and what is read for it.
@Suite struct MessageLanesTests {
    private let store = InMemoryStore(chain: .sha256)
    private let world = MessageServiceTests.World()

    private final class Numbers: Sendable {
        private let kept = Mutex<[Int]>([])
        var all: [Int] { kept.withLock { $0 } }
        func add(_ number: Int) { kept.withLock { $0.append(number) } }
    }

    private func receiver(_ name: String, notice: Int? = nil) -> MessageReceiver {
        MessageReceiver(
            name: name, kind: .webhook, address: .text("https://x.example/"), secret: .environment("X"),
            noticeSeconds: notice)
    }

    private func service(_ store: any Store) -> MessageService {
        let world = world
        return MessageService(
            store: store, policy: MessagePolicy(receivers: [receiver("ops", notice: 7_200)]), now: { world.now },
            deliver: { message, receiver, reference, _ in world.take(message, receiver, reference) })
    }

    private func submit(_ count: Int = 1) async throws {
        let world = world
        let changes = ChangeService(store: store) { world.now }
        for number in 1...count {
            var plan = RollingPlan.plan(size: 3, lanes: 1)
            plan.id = PlanID("plan-\(number)")
            try await StageKeeper(store: store).keep(plan, as: .plan, id: plan.id.rawValue, at: world.now)
            _ = try await changes.submit(plan: plan.id, kind: .normal, reason: "patches", by: "alice", policy: Policy())
        }
    }

    @Test func whoDoesNotAnswerDelaysNobodyElse() async throws {
        let world = world
        let heardMeanwhile = Numbers()
        let service = MessageService(
            store: store, policy: MessagePolicy(receivers: [receiver("dead"), receiver("fine")]), now: { world.now },
            deliver: { message, receiver, reference, _ in
                if receiver.name == "dead" {
                    var turns = 0
                    while world.heard("fine").count < 6, turns < 2_000 {
                        turns += 1
                        try? await Task.sleep(for: .milliseconds(10))
                    }
                    heardMeanwhile.add(world.heard("fine").count)
                }
                return world.take(message, receiver, reference)
            })
        try await service.takeUp()
        try await submit(6)
        try await service.takeUp()
        world.answer("dead", DeliveryOutcome(.failed(afterSeconds: nil), "no answer"))
        let summary = try await service.deliverDue(until: world.now.adding(seconds: 60))
        #expect(heardMeanwhile.all.first == 6, "the others heard everything while it did not answer")
        #expect(summary.delivered == 6 && summary.failed == 6 && summary.waiting == 6)
    }

    @Test func noTryIsGivenMoreTimeThanThereIs() async throws {
        let world = world
        let seconds = Numbers()
        let service = MessageService(
            store: store, policy: MessagePolicy(receivers: [receiver("ops")]), now: { world.now },
            deliver: { _, _, _, given in
                seconds.add(given)
                return DeliveryOutcome(.failed(afterSeconds: nil), "no answer")
            })
        try await service.takeUp()
        try await submit()
        try await service.takeUp()
        for left in [7, 60, 1] {
            world.pass(1_000)
            _ = try await service.deliverDue(until: world.now.adding(seconds: left))
        }
        #expect(seconds.all == [7, 20, 1])
    }

    @Test func aPlanIsReadOnceHoweverOftenItIsLookedFor() async throws {
        let counting = InterruptedStore(inner: store)
        let service = service(counting)
        try await service.takeUp()
        try await submit(2)
        for _ in 0..<5 { try await service.takeUp() }
        let read = await counting.read
        #expect(read.filter { $0 == .plan }.count == 2)
    }

    /// It was queued as an event of no change, and never told again.
    @Test func whatCannotBeReadNowIsTakenUpLater() async throws {
        let unreadable = InterruptedStore(inner: store)
        let service = service(unreadable)
        try await service.takeUp()
        try await submit()
        for kind in [DocumentKind.plan, .change] {
            await unreadable.fail(kind)
            let error = await #expect(throws: ControlError.self) { try await service.takeUp() }
            #expect(error?.code == .unavailable)
            #expect(try await store.messages(.newest(limit: 9)).isEmpty)
        }
        await unreadable.fail(nil)
        try await service.takeUp()
        let told = try await store.messages(.newest(limit: 9)).map(\.message.event)
        #expect(told.map(\.kind) == [.changeSubmitted] && told.first?.change?.hosts == 3)
    }
}
