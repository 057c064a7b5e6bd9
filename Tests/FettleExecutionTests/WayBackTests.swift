import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// The orders of a plan keep the capacity in every state, whatever way each host goes: played without any guard, so that nothing
/// else could.
@Suite struct WayBackTests {
    /// A pool that goes in lanes, each host prepared whenever there is room.
    private func pool(_ size: Int, lanes: Int, restarting: Set<ResourceID> = []) -> Plan {
        var pool = PoolPlan(waves: [size], minimumAvailable: size - lanes)
        pool.maximumOut = lanes
        pool.lanes = lanes
        pool.bakes = false
        pool.restarting = restarting
        return pool.plan()
    }

    @Test(arguments: [false, true])
    func aHostThatIsPutBackUnchangedHoldsItsPlace(isRestarted: Bool) async throws {
        let plan = pool(3, lanes: 1, restarting: isRestarted ? ["web-2"] : [])
        // web-1 is done; web-2 has just been taken out, and nothing was done to it yet.
        let drained = try await firstEvent(in: plan.unguarded) {
            if case .stepDone("web-2/drain", _, _) = $0 { true } else { false }
        }
        for seed in UInt64(1)...20 {
            var rehearsal = try Rehearsal(plan.unguarded, seed: seed)
            rehearsal.people = [.init(afterEvent: drained, request: .rollback(by: "bob", reason: "bad"))]
            #expect(try await rehearsal.play() == .rolledBack(reason: "bad"))
            #expect(OutageCount.most(in: try await rehearsal.journal, of: plan) == ["web": 1], "seed \(seed)")
            #expect(rehearsal.world.now.drained == [])
        }
    }

    @Test func aHostThatIsBeingRestartedGoesBackByItsOwnSteps() async throws {
        let plan = pool(3, lanes: 1, restarting: ["web-2"])
        let restarting = try await firstEvent(in: plan.unguarded) {
            if case .stepIntended("web-2/restart", _, _) = $0 { true } else { false }
        }
        for seed in UInt64(1)...20 {
            var rehearsal = try Rehearsal(plan.unguarded, seed: seed)
            rehearsal.people = [.init(afterEvent: restarting, request: .rollback(by: "bob", reason: "bad"))]
            #expect(try await rehearsal.play() == .rolledBack(reason: "bad"))
            #expect(OutageCount.most(in: try await rehearsal.journal, of: plan) == ["web": 1], "seed \(seed)")
            #expect(rehearsal.world.now.performed["web-2/rollback/gate"] == 1)
            #expect(rehearsal.world.now.isNew == [])
        }
    }

    /// One that is tried once more is out though the others, who should have come after it, are done: it goes back first, and
    /// nobody waits in a circle.
    @Test func aHostThatWasTriedOnceMoreGoesBackBeforeTheOthers() async throws {
        var plan = pool(3, lanes: 1)
        plan.limits.failureBudget = 1
        func rehearsal(_ people: [Rehearsal.Person]) async throws -> Rehearsal {
            var rehearsal = try Rehearsal(plan.unguarded) { $0.faults["web-1/preflight"] = .fails(.drift, times: 1) }
            rehearsal.people = people
            try await rehearsal.play()
            return rehearsal
        }
        func first(_ journal: [JournalRecord], _ matches: (RunEvent) -> Bool) throws -> Int {
            try #require(journal.first { matches($0.event) }).sequence
        }
        let passed = try first(try await rehearsal([]).journal) {
            if case .stepDone("web-2/restore", _, _) = $0 { true } else { false }
        }
        let retry = Rehearsal.Person(afterEvent: passed, request: .retry(by: "bob"))
        let patching = try first(try await rehearsal([retry]).journal) {
            if case .stepIntended("web-1/patch", _, _) = $0 { true } else { false }
        }
        let rollback = Rehearsal.Person(afterEvent: patching, request: .rollback(by: "bob", reason: "bad"))
        let end = try await rehearsal([retry, rollback])
        #expect(end.state.outcome == .rolledBack(reason: "bad"), "\(end.state.awaitingHuman ?? "")")
        #expect(end.world.now.isNew == [])
        #expect(OutageCount.most(in: try await end.journal, of: plan) == ["web": 1])
    }

    /// argo-rollouts#1292: what is well and has nothing to be taken back is not taken out of traffic for it.
    @Test func aHostThatWasRestartedWellStaysInTraffic() async throws {
        let plan = pool(3, lanes: 1, restarting: ["web-1"])
        var rehearsal = try Rehearsal(plan) { $0.badOn = ["web-3"] }
        #expect(Scenario.End(try await rehearsal.play()) == .rolledBack)
        #expect(rehearsal.world.now.performed["web-1/rollback/drain"] == nil)
        #expect(rehearsal.world.now.isNew == [])
        #expect(rehearsal.state.resource("web-1")?.phase == .finished)
    }

    /// A change that nothing can take back is not told as taken back.
    @Test func whatWasChangedForGoodIsNotToldAsRolledBack() async throws {
        var plan = pool(3, lanes: 1).dropping("web-1/rollback/return")
        plan.pointOfNoReturn = "web-1/patch"
        var rehearsal = try Rehearsal(plan) { $0.badOn = ["web-3"] }
        guard case .failed(let reason)? = try await rehearsal.play() else {
            Issue.record("it is told as rolled back")
            return
        }
        #expect(reason.contains("no way back for: web-1"))
        #expect(rehearsal.world.now.isNew == ["web-1"])
        #expect(rehearsal.world.now.drained == [])
    }

    /// Failures, crashes and people from a seed, on plans in which some hosts are only restarted.
    @Test func theOrdersAloneKeepTheCapacity() async throws {
        var sights = Sights()
        for seed in TestScale.seeds(60, long: 600) { try await play(seed, &sights) }
        #expect(sights.rollbacks > 20 && sights.quarantines > 3 && sights.retries > 3 && sights.pauses > 3)
    }

    private struct Sights {
        var rollbacks = 0
        var quarantines = 0
        var retries = 0
        var pauses = 0
    }

    /// An order over all hosts, of turns with one or more of them each.
    private static func environments(_ hosts: [ResourceID], _ random: inout SplitMix) -> [TurnOrder] {
        guard Bool.random(using: &random) else { return [] }
        var turns: [[ResourceID]] = []
        for host in hosts {
            if turns.isEmpty || Bool.random(using: &random) { turns.append([]) }
            turns[turns.count - 1].append(host)
        }
        return [TurnOrder(reason: "environments", turns: turns)]
    }

    private func play(_ seed: UInt64, _ sights: inout Sights) async throws {
        var random = SplitMix(seed: seed)
        let size = Int.random(in: 2...5, using: &random)
        let lanes = Int.random(in: 1...2, using: &random)
        let hosts = (1...size).map { ResourceID("web-\($0)") }
        let restarting = Set(hosts.filter { _ in Int.random(in: 0..<3, using: &random) == 0 })
        var plan = pool(size, lanes: lanes, restarting: restarting)
        plan.order += Self.environments(hosts, &random)
        if Int.random(in: 0..<4, using: &random) == 0, let own = hosts.last { plan.putLast(own) }
        plan.limits.failureBudget = Int.random(in: 0...2, using: &random)
        var rehearsal = try Rehearsal(plan.unguarded, seed: seed) { world in
            for step in plan.steps + plan.rollback where Int.random(in: 0..<15, using: &random) == 0 {
                var faults: [TinyWorld.Fault] = [
                    .fails(.internal, times: 1), .worksButFails(.timeout, times: 2), .blocks(times: 3),
                ]
                if step.availability == .requiresOut { faults.append(.hostDies) }
                world.faults[step.id] = faults.randomElement(using: &random)
            }
            for host in hosts where Int.random(in: 0..<8, using: &random) == 0 { world.badOn.insert(host) }
        }
        rehearsal.crashesAfter = Set((0..<3).map { _ in Int.random(in: 2...60, using: &random) })
        rehearsal.people = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            let request: RunRequest =
                switch Int.random(in: 0..<5, using: &random) {
                case 0: .pause(by: "bob", reason: "look")
                case 1: .resume(by: "bob")
                case 2: .retry(by: "bob")
                case 3: .abort(by: "bob", reason: "stop")
                default: .rollback(by: "bob", reason: "back")
                }
            return Rehearsal.Person(afterEvent: Int.random(in: 3...60, using: &random), request: request)
        }
        rehearsal.people += [.resume(by: "bob"), .retry(by: "bob"), .rollback(by: "bob", reason: "no more")].map {
            Rehearsal.Person(afterEvent: .max, request: $0)
        }
        #expect(try await rehearsal.play() != nil, "seed \(seed): \(rehearsal.state.awaitingHuman ?? "stands still")")
        let journal = try await rehearsal.journal
        let most = OutageCount.most(in: journal, of: plan)["web"] ?? 0
        #expect(most <= lanes, "seed \(seed): \(most) out at once, \(lanes) allowed")
        #expect(TurnOracle.breaches(of: journal, plan) == [], "seed \(seed)")
        for record in journal {
            switch record.event {
            case .rollbackRequested: sights.rollbacks += 1
            case .quarantined: sights.quarantines += 1
            case .retried: sights.retries += 1
            case .paused: sights.pauses += 1
            default: break
            }
        }
    }
}

extension Plan {
    /// The machine that Fettle runs on: last on both ways, and in no other order.
    fileprivate mutating func putLast(_ own: ResourceID) {
        let others = targets.map(\.resource).filter { $0 != own }
        order = order.map { order in
            TurnOrder(reason: order.reason, turns: order.turns.map { $0.filter { $0 != own } }.filter { !$0.isEmpty })
        }
        order.append(TurnOrder(reason: "Fettle's own host last", turns: [others, [own]], wayBack: .same))
    }
}
