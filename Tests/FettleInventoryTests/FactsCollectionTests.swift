import FettleDriverKit
import FettleInventory
import FettleModel
import Synchronization
import Testing

@Suite("Facts are collected from many hosts at the same time")
struct FactsCollectionTests {
    /// Answers as it is told to, and notes how many were asked at the same time.
    final class ScriptedInspector: HostInspector {
        struct Load {
            var now = 0
            var most = 0
            var asked: [String] = []
        }

        let load = Mutex(Load())
        let answer: @Sendable (ResourceID) async -> HostFacts

        init(_ answer: @escaping @Sendable (ResourceID) async -> HostFacts) { self.answer = answer }

        func inspect(_ resource: ResourceID, at address: ResourceAddress) async -> HostFacts {
            load.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
                $0.asked.append(resource.rawValue)
            }
            defer { load.withLock { $0.now -= 1 } }
            return await answer(resource)
        }
    }

    private static func facts(_ id: ResourceID, _ reachability: Reachability = .reachable) -> HostFacts {
        .nothingObserved(of: id, at: Timestamp(milliseconds: 5), reachability: reachability, reason: "a test")
    }

    private static func hosts(_ count: Int) -> [Resource] {
        (0..<count).map { Resource(id: ResourceID("h\($0)"), address: .ssh("h\($0)"), environment: "dev") }
    }

    @Test func allAreAskedAFewAtATimeAndComeSorted() async {
        let inspector = ScriptedInspector { id in
            try? await Task.sleep(for: .milliseconds(Int.random(in: 1...20)))
            return Self.facts(id)
        }
        let resources = Self.hosts(60).shuffled() + Self.hosts(3)
        let seen = Mutex<[FactsCollection.Progress]>([])
        let set = await FactsCollection(inspector: inspector, limit: 7, now: { Timestamp(milliseconds: 42) })
            .collect(resources, id: "f-1") { progress in seen.withLock { $0.append(progress) } }
        #expect(set.id == "f-1")
        #expect(set.observedAt == Timestamp(milliseconds: 42))
        #expect(set.hosts.map(\.resource) == Self.hosts(60).map(\.id).sorted())
        let load = inspector.load.withLock { $0 }
        #expect(load.asked.count == 60)
        #expect(load.most <= 7 && load.most > 1)
        #expect(seen.withLock { $0.map(\.completed) } == Array(1...60))
        #expect(seen.withLock { $0.allSatisfy { $0.total == 60 && $0.reachability == .reachable } })
    }

    @Test func whatIsTrackedOnlyIsNotAskedAndSaysSo() async throws {
        let inspector = ScriptedInspector { Self.facts($0) }
        let mail = Resource(id: "mail", address: ResourceAddress(transport: .none), environment: "dev")
        let set = await FactsCollection(inspector: inspector).collect([mail] + Self.hosts(1), id: "f")
        #expect(inspector.load.withLock { $0.asked } == ["h0"])
        let facts = try #require(set.host("mail"))
        let reason = "its address is 'none': not reached by Fettle, patched by others"
        #expect(facts.reachability == .unreachable(reason: reason))
        #expect(facts.packages == .notObserved(reason: reason))
    }

    /// One that hangs without looking at its cancellation holds nobody up.
    @Test func aHostThatNeverAnswersIsUnreachable() async throws {
        let isReleased = Mutex(false)
        let hasEnded = Mutex(false)
        let inspector = ScriptedInspector { id in
            if id == "h1" {
                // Ends by itself only much later, so that a collection that waits for it fails and doesn't hang.
                let end = ContinuousClock.now.advanced(by: .seconds(600))
                while !isReleased.withLock({ $0 }), ContinuousClock.now < end { await Task.yield() }
                hasEnded.withLock { $0 = true }
            }
            return Self.facts(id)
        }
        let set = await FactsCollection(inspector: inspector, limit: 2, hostDeadline: .seconds(1))
            .collect(Self.hosts(5), id: "f")
        #expect(!hasEnded.withLock { $0 })
        isReleased.withLock { $0 = true }
        #expect(set.hosts.count == 5)
        #expect(set.host("h1")?.reachability == .unreachable(reason: "no answer within 1 s"))
    }

    @Test func theInspectorIsCancelledWhenItsTimeIsOver() async {
        let cancelled = Mutex(false)
        let inspector = ScriptedInspector { id in
            try? await Task.sleep(for: .seconds(600))
            cancelled.withLock { $0 = Task.isCancelled }
            return Self.facts(id)
        }
        _ = await FactsCollection(inspector: inspector, hostDeadline: .milliseconds(50)).collect(Self.hosts(1), id: "f")
        for _ in 0..<12_000 where !cancelled.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(10)) }
        #expect(cancelled.withLock { $0 })
    }

    @Test func cancellingTheCollectionKeepsWhatIsKnown() async {
        let inspector = ScriptedInspector { id in
            if id != "h0" { try? await Task.sleep(for: .seconds(600)) }
            return Self.facts(id)
        }
        let (done, report) = AsyncStream<ResourceID>.makeStream()
        let task = Task {
            await FactsCollection(inspector: inspector, limit: 3).collect(Self.hosts(9), id: "f") {
                report.yield($0.resource)
            }
        }
        for await resource in done where resource == "h0" { break }
        task.cancel()
        let set = await task.value
        #expect(set.hosts.count == 9)
        #expect(set.host("h0")?.reachability == .reachable)
        #expect(set.host("h8")?.reachability == .unreachable(reason: "the collection was cancelled"))
    }

    @Test func whoeverAnswersItIsTheOneAsked() async {
        let inspector = ScriptedInspector { _ in Self.facts("somebody-else", .unreachable(reason: "no")) }
        let set = await FactsCollection(inspector: inspector).collect(Self.hosts(2), id: "f")
        #expect(set.hosts.map(\.resource) == ["h0", "h1"])
        #expect(set.hosts.allSatisfy { $0.reachability == .unreachable(reason: "no") })
    }

    @Test func nobodyIsAsked() async {
        let set = await FactsCollection(inspector: ScriptedInspector { Self.facts($0) }).collect([], id: "f")
        #expect(set.hosts.isEmpty)
    }
}
