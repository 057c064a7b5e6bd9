import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// The checker against brute force: for small plans with edges taken away at random, every reachable state is walked through and the
/// largest number of members out is counted. The checker has to refuse exactly the plans in which that number is too high.
@Suite struct CapacityOracleTests {
    @Test(arguments: TestScale.seeds(60, long: 600))
    func theCheckerAgreesWithEveryReachableState(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let size = 2 + Int(random.next() % 4)
        let lanes = 1 + Int(random.next() % UInt64(size - 1))
        var plan = RollingPlan.plan(size: size, lanes: lanes)
        for index in plan.steps.indices where plan.steps[index].availability == .takesOut {
            plan.steps[index].after.removeAll { $0.rawValue.hasSuffix("/restore") && random.next() % 4 == 0 }
        }
        let worst = Reachability(plan.steps).mostOut()
        let isRefused = PlanChecker.check(plan).violations.contains { violation in
            violation.invariant == .capacity && !violation.message.contains("rollback")
        }
        #expect(isRefused == (worst > lanes), "seed \(seed): \(worst) out, \(lanes) allowed")
    }
}

/// Walks all states of the takesOut and bringsBack steps of a plan.
private struct Reachability {
    let relevant: [Step]
    let needs: [UInt32]

    init(_ steps: [Step]) {
        relevant = steps.filter { $0.availability == .takesOut || $0.availability == .bringsBack }
        let position = Dictionary(uniqueKeysWithValues: relevant.enumerated().map { ($1.id, $0) })
        needs = relevant.map { step in
            var bits: UInt32 = 0
            if step.availability == .bringsBack, let out = position[StepID("\(step.resource)/drain")] {
                bits |= 1 << out
            }
            for name in step.after { if let earlier = position[name] { bits |= 1 << earlier } }
            return bits
        }
    }

    /// A member is out from the moment its drain may have begun until its restore is done.
    func mostOut() -> Int {
        var seen: Set<UInt32> = [0]
        var queue: [UInt32] = [0]
        var worst = 0
        while let done = queue.popLast() {
            let out = relevant.indices.count { step in
                guard relevant[step].availability == .takesOut else { return false }
                let begun = done & (1 << step) != 0 || needs[step] & ~done == 0
                let back = relevant.firstIndex {
                    $0.resource == relevant[step].resource && $0.availability == .bringsBack
                }
                return begun && back.map { done & (1 << $0) == 0 } ?? true
            }
            worst = max(worst, out)
            for next in relevant.indices where done & (1 << next) == 0 && needs[next] & ~done == 0 {
                let state = done | (1 << next)
                if seen.insert(state).inserted { queue.append(state) }
            }
        }
        return worst
    }
}
