import FettleDriverKit
import FettleModel

@testable import FettleDrivers

/// Steps on `esx1`, whose machines go to `esx2`, and the drivers for them.
enum VCenterSteps {
    static let api = MachineAPI(url: "https://vcenter.example", token: .environment("VCENTER"))
    static let rules = MachineRules(
        driver: "vcenter", timeLimitSeconds: 60, processorsPerCore: 2, reservedMebibytes: 0, api: api)

    /// Two machines on the host that is emptied, and one elsewhere.
    static func center(prepare: (inout PretendCenter.State) -> Void = { _ in }) -> PretendCenter {
        PretendCenter(
            [
                "vm-1": .init(name: "web-1", host: "host-1"), "vm-2": .init(name: "db-1", host: "host-1", gibibytes: 8),
                "vm-3": .init(name: "mail-1", host: "host-2"),
            ], prepare: prepare)
    }

    /// The same, where DRS moves machines by itself.
    static func balanced(prepare: (inout PretendCenter.State) -> Void = { _ in }) -> PretendCenter {
        center { state in
            state.behaviour = "fullyAutomated"
            prepare(&state)
        }
    }

    private static let pool = PoolSteps(members: ["esx1", "esx2", "esx3"])

    static let moves = ["web-1", "db-1"].map(pool.move)

    static func evacuate(_ moves: [MachineMove] = moves, staying: [String]? = nil, seconds: Int = 600) -> Step {
        pool.step(.evacuate(moves: moves, staying: staying), seconds)
    }

    static func bringHome(_ moves: [MachineMove] = moves, seconds: Int = 600) -> Step {
        pool.step(.bringHome(moves: moves.map(\.reversed)), seconds)
    }

    static func plan(_ step: Step, rules: MachineRules = rules) -> Plan {
        pool.plan(step, rules: rules, staying: [])
    }

    static func context(
        _ step: Step, rules: MachineRules = rules, staying: [String] = [], prior: PriorState? = nil
    ) -> StepContext {
        pool.context(step, rules: rules, staying: staying, prior: prior)
    }
}

extension PretendCenter {
    var evacuation: VCenterEvacuationDriver { VCenterEvacuationDriver(clock: clock) { _ in self } }
    var homecoming: VCenterBringHomeDriver { VCenterBringHomeDriver(clock: clock) { _ in self } }

    /// What a step comes to: nil: it is done and proven.
    func failure(
        _ driver: any StepDriver, _ step: Step, rules: MachineRules = VCenterSteps.rules, staying: [String] = [],
        prior: PriorState? = nil
    ) async -> StepFailure? {
        await PoolSteps.failure(
            driver, step, VCenterSteps.context(step, rules: rules, staying: staying, prior: prior))
    }

    /// What the check of a step that is ready writes down.
    func prior(_ step: Step) async -> PriorState? {
        guard case .ready(let prior) = await evacuation.check(step, in: VCenterSteps.context(step)) else { return nil }
        return prior
    }

    /// What was done, without its parameters.
    var deeds: [String] {
        now.acts.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    }
}
