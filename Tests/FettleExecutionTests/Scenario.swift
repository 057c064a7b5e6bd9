import FettleModel
import FettleTestSupport
import Testing

/// A plan, a world with its faults, and how it must end.
struct Scenario: Sendable, CustomTestStringConvertible {
    enum End: Sendable, Equatable {
        case succeeded, rolledBack, failed

        init?(_ outcome: RunOutcome?) {
            switch outcome {
            case .succeeded: self = .succeeded
            case .rolledBack: self = .rolledBack
            case .failed: self = .failed
            case nil: return nil
            }
        }
    }

    var name: String
    var pool: PoolPlan
    var end: End
    var isNew: Set<ResourceID>
    var quarantined: Set<ResourceID> = []
    var prepare: @Sendable (inout TinyWorld.State) -> Void = { _ in }

    var testDescription: String { name }

    static let small = PoolPlan(waves: [1, 2], minimumAvailable: 2)

    static func pool(_ waves: [Int], minimum: Int, change: (inout PoolPlan) -> Void = { _ in }) -> PoolPlan {
        var pool = PoolPlan(waves: waves, minimumAvailable: minimum)
        change(&pool)
        return pool
    }

    /// Each has one fate, whatever the order in which things happen to come about.
    static let all: [Scenario] = [
        Scenario(name: "nothing goes wrong", pool: small, end: .succeeded, isNew: ["web-1", "web-2", "web-3"]),
        Scenario(
            name: "two pools, two at a time, with reboots",
            pool: pool([1, 4], minimum: 3) {
                $0.hasSecondPool = true
                $0.maximumOut = 2
                $0.reboots = true
            }, end: .succeeded, isNew: ["web-1", "web-2", "web-3", "web-4", "web-5"]),
        Scenario(
            name: "a bad version is stopped at the canary", pool: small, end: .rolledBack, isNew: [],
            prepare: { $0.badOn = ["web-1", "web-2", "web-3"] }),
        Scenario(
            name: "the second wave is bad: everything goes back", pool: pool([1, 3], minimum: 3), end: .rolledBack,
            isNew: [], prepare: { $0.badOn = ["web-3"] }),
        Scenario(
            name: "one of the second wave is bad, and one may be",
            pool: pool([1, 3], minimum: 3) { $0.limits.failureBudget = 1 }, end: .failed,
            isNew: ["web-1", "web-2", "web-4"], prepare: { $0.badOn = ["web-3"] }),
        Scenario(
            name: "a host dies while it is patched, and one may fail",
            pool: pool([1, 3], minimum: 2) {
                $0.limits.failureBudget = 1
                $0.bystanders = 1
            }, end: .failed, isNew: ["web-1", "web-2", "web-4"], quarantined: ["web-3"],
            prepare: { $0.faults["web-3/patch"] = .hostDies }),
        Scenario(
            name: "the canary dies in its reboot", pool: pool([1, 2], minimum: 2) { $0.reboots = true }, end: .failed,
            isNew: ["web-1"], quarantined: ["web-1"], prepare: { $0.faults["web-1/reboot"] = .hostDies }),
        Scenario(
            name: "locks and timeouts pass by", pool: small, end: .succeeded, isNew: ["web-1", "web-2", "web-3"],
            prepare: {
                $0.faults["web-1/patch"] = .fails(.locked, times: 2)
                $0.faults["web-2/restore"] = .worksButFails(.timeout, times: 1)
                $0.faults["web-2/drain"] = .worksButFails(.timeout, times: 2)
                $0.faults["web-3/patch"] = .blocks(times: 3)
            }),
        Scenario(
            name: "a drain that is lost is made again", pool: small, end: .succeeded,
            isNew: ["web-1", "web-2", "web-3"], prepare: { $0.faults["web-2/drain"] = .balancerRestarts }),
        Scenario(
            name: "a drain that fails is taken back unchanged", pool: pool([1, 1], minimum: 1), end: .rolledBack,
            isNew: [], prepare: { $0.faults["web-2/drain"] = .worksButFails(.refused, times: 1) }),
    ]
}
