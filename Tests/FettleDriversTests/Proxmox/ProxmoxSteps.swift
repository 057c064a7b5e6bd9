import FettleDriverKit
import FettleModel

@testable import FettleDrivers

/// Steps on `pve1`, whose machines go to `pve2`, and the drivers for them.
enum ProxmoxSteps {
    static let api = MachineAPI(url: "https://{host}:8006", token: .environment("PVE_TOKEN"))
    static let rules = MachineRules(
        driver: "proxmox", timeLimitSeconds: 60, processorsPerCore: 2, reservedMebibytes: 0, api: api)

    /// Two machines on the node that is emptied, and one elsewhere.
    static func cluster(prepare: (inout PretendCluster.State) -> Void = { _ in }) -> PretendCluster {
        PretendCluster(
            [
                101: .init(name: "web-1", node: "pve1"), 102: .init(name: "db-1", node: "pve1", gibibytes: 8),
                201: .init(name: "mail-1", node: "pve2"),
            ], prepare: prepare)
    }

    private static let pool = PoolSteps(members: ["pve1", "pve2", "pve3"])

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

extension PretendCluster {
    var evacuation: ProxmoxEvacuationDriver {
        ProxmoxEvacuationDriver(channels: self, clock: clock) { _ in self }
    }
    var homecoming: ProxmoxBringHomeDriver { ProxmoxBringHomeDriver(channels: self, clock: clock) { _ in self } }

    /// What a step comes to: nil: it is done and proven.
    func failure(
        _ driver: any StepDriver, _ step: Step, rules: MachineRules = ProxmoxSteps.rules, staying: [String] = [],
        prior: PriorState? = nil
    ) async -> StepFailure? {
        await PoolSteps.failure(
            driver, step, ProxmoxSteps.context(step, rules: rules, staying: staying, prior: prior))
    }

    /// By name, the node of each guest.
    var places: [String: String] {
        now.guests.values.reduce(into: [:]) { $0[$1.name ?? "-"] = $1.node }
    }
}
