import FettleDriverKit
import FettleModel

@testable import FettleDrivers

/// Steps on `cmp1`, whose servers go to `cmp2`, and the drivers for them.
enum NovaSteps {
    static let api = MachineAPI(url: "https://keystone.example:5000", token: .environment("CLOUD"))
    static let rules = MachineRules(
        driver: "openstack", timeLimitSeconds: 60, processorsPerCore: 2, reservedMebibytes: 0, api: api)

    /// Two servers on the host that is emptied, and one elsewhere.
    static func cloud(prepare: (inout PretendCloud.State) -> Void = { _ in }) -> PretendCloud {
        PretendCloud(
            [
                1: .init(name: "web-1", host: "cmp1"), 2: .init(name: "db-1", host: "cmp1", gibibytes: 8),
                3: .init(name: "mail-1", host: "cmp2"),
            ], prepare: prepare)
    }

    private static let pool = PoolSteps(members: ["cmp1", "cmp2", "cmp3"])

    static let moves = ["web-1", "db-1"].map(pool.move)

    static func evacuate(_ moves: [MachineMove] = moves, staying: [String]? = nil, seconds: Int = 600) -> Step {
        pool.step(.evacuate(moves: moves, staying: staying), seconds)
    }

    static func bringHome(_ moves: [MachineMove] = moves, seconds: Int = 600) -> Step {
        pool.step(.bringHome(moves: moves.map(\.reversed)), seconds)
    }

    static func plan(_ step: Step, rules: MachineRules = rules, staying: [String] = []) -> Plan {
        pool.plan(step, rules: rules, staying: staying)
    }

    static func context(
        _ step: Step, rules: MachineRules = rules, staying: [String] = [], prior: PriorState? = nil
    ) -> StepContext {
        pool.context(step, rules: rules, staying: staying, prior: prior)
    }
}

extension PretendCloud {
    var evacuation: NovaEvacuationDriver { NovaEvacuationDriver(clock: clock) { _ in self } }
    var homecoming: NovaBringHomeDriver { NovaBringHomeDriver(clock: clock) { _ in self } }

    /// What a step comes to: nil: it is done and proven.
    func failure(
        _ driver: any StepDriver, _ step: Step, rules: MachineRules = NovaSteps.rules, staying: [String] = [],
        prior: PriorState? = nil
    ) async -> StepFailure? {
        await PoolSteps.failure(
            driver, step, NovaSteps.context(step, rules: rules, staying: staying, prior: prior))
    }

    /// What the check of a step that is ready writes down.
    func prior(_ step: Step) async -> PriorState? {
        guard case .ready(let prior) = await evacuation.check(step, in: NovaSteps.context(step)) else { return nil }
        return prior
    }

    /// Acts on servers alone.
    var moves: [String] { now.acts.filter { $0.contains("/action") } }
}
