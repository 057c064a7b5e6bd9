import FettleChecking
import FettleModel

/// A play that breaks the same invariant as another, with less in it.
public struct ShrunkDisaster: Sendable {
    public var scene: DisasterScene
    /// What has to go wrong for it.
    public var faults: [DrawnFault]
    /// With everything told.
    public var result: DisasterResult
    /// How many plays it took to find it.
    public var plays: Int
}

/// Looks for a shorter play that breaks the same invariant: leaves faults out, then hosts, then steps, and plays again.
///
/// Deterministic; bounded by a number of plays.
struct DisasterShrinking {
    private let seed: UInt64
    private let profile: DisasterProfile
    private let sought: Set<String>
    private let isProven: Bool
    private let most: Int
    private var plays = 0
    private var scene: DisasterScene
    private var plan: Plan { scene.plan }
    private var faults: [DrawnFault]

    /// - Returns: nil if the result has broken nothing.
    init?(
        _ result: DisasterResult, of scene: DisasterScene, profile: DisasterProfile, most: Int
    ) {
        guard !result.violations.isEmpty else { return nil }
        self.scene = scene
        self.profile = profile
        self.most = most
        seed = result.seed
        faults = result.drawn
        sought = Self.invariants(of: result)
        isProven = PlanChecker.check(scene.plan).isProven
    }

    /// Such as `I7`.
    private static func invariants(of result: DisasterResult) -> Set<String> {
        Set(result.violations.map { String($0.prefix { $0 != ":" }) })
    }

    mutating func shrink() throws -> ShrunkDisaster {
        // Twice: with fewer hosts fewer faults may do.
        for _ in 0..<2 {
            let before = (faults.count, plan.targets.count)
            leaveOutFaults()
            leaveOutHosts()
            leaveOutSteps()
            if before == (faults.count, plan.targets.count) { break }
        }
        let result = try scene.play(seed, profile, faults: faults, tellsAll: true)
        return ShrunkDisaster(scene: scene, faults: faults, result: result, plays: plays)
    }

    /// Whether a play with these breaks the same. Once the plays are used up nothing does.
    private mutating func breaks(_ plan: Plan, _ faults: [DrawnFault]) -> Bool {
        guard plays < most else { return false }
        plays += 1
        guard let result = try? scene.with(plan).play(seed, profile, faults: faults) else { return false }
        return !Self.invariants(of: result).isDisjoint(with: sought)
    }

    /// Delta debugging: ever smaller parts are left out, as long as it breaks all the same.
    private mutating func leaveOutFaults() {
        var size = faults.count
        while size > 0 {
            var start = 0
            while start < faults.count {
                var fewer = faults
                fewer.removeSubrange(start..<min(start + size, fewer.count))
                if breaks(plan, fewer) { faults = fewer } else { start += size }
            }
            size = size == 1 ? 0 : (size + 1) / 2
        }
    }

    private mutating func leaveOutHosts() {
        var hosts = plan.targets.map(\.resource)
        var size = hosts.count / 2
        while size > 0 {
            var start = 0
            while start < hosts.count {
                let part = Set(hosts[start..<min(start + size, hosts.count)])
                let smaller = plan.leavingAlone(part)
                if !smaller.steps.isEmpty, isAsSafe(smaller), breaks(smaller, faults) {
                    scene.plan = smaller
                    hosts.removeAll(where: part.contains)
                } else {
                    start += size
                }
            }
            size = size == 1 ? 0 : (size + 1) / 2
        }
    }

    private mutating func leaveOutSteps() {
        for name in ["verify", "bake", "stage", "preflight"] {
            let smaller = plan.leavingOut(action: name)
            if smaller.steps.count < plan.steps.count, isAsSafe(smaller), breaks(smaller, faults) {
                scene.plan = smaller
            }
        }
    }

    /// A plan that is not safe any more would break invariants of its own accord.
    private func isAsSafe(_ smaller: Plan) -> Bool { !isProven || PlanChecker.check(smaller).isProven }
}
