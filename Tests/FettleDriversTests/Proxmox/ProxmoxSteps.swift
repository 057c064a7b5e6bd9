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

    static let moves = ["web-1", "db-1"].map {
        MachineMove(machine: $0, resource: nil, from: "pve1", to: "pve2", memoryMebibytes: 2_048, processors: 2)
    }

    static func evacuate(_ moves: [MachineMove] = moves, staying: [String]? = nil, seconds: Int = 600) -> Step {
        step(.evacuate(moves: moves, staying: staying), seconds)
    }

    static func bringHome(_ moves: [MachineMove] = moves, seconds: Int = 600) -> Step {
        step(.bringHome(moves: moves.map(\.reversed)), seconds)
    }

    private static func step(_ action: StepAction, _ seconds: Int) -> Step {
        Step(
            id: StepID("pve1/\(action.name)"), resource: "pve1", group: "compute", wave: 0, action: action, after: [],
            availability: .requiresOut, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 60), timeoutSeconds: seconds)
    }

    static func plan(_ step: Step, rules: MachineRules = rules, staying: [String] = []) -> Plan {
        let names: [ResourceID] = ["pve1", "pve2", "pve3"]
        return Plan(
            id: "plan-1", title: "a test",
            selection: StageReference(id: "s", digest: Digest(rawValue: String(repeating: "0", count: 64))),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: [
                PlanTarget(
                    resource: "pve1", address: .ssh("pve1"), environment: "production",
                    interrupts: staying.map {
                        InterruptedMachine(machine: $0, resource: nil, host: "pve1", because: "a test")
                    })
            ],
            groups: [
                PlannedGroup(
                    id: "compute", members: names, minimumAvailable: 1, maximumOut: 1, traffic: nil, probes: [],
                    memberAddresses: names.reduce(into: [:]) { $0[$1] = .ssh($1.rawValue) }, machines: rules)
            ], steps: [step], rollback: [], order: [], rooms: [], limits: PlanLimits())
    }

    static func context(
        _ step: Step, rules: MachineRules = rules, staying: [String] = [], prior: PriorState? = nil
    ) -> StepContext {
        StepContext(
            run: "run-1", plan: plan(step, rules: rules, staying: staying), attempt: 1,
            intendedAt: Timestamp(milliseconds: 0), prior: prior)
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
        var context = ProxmoxSteps.context(step, rules: rules, staying: staying, prior: prior)
        switch await driver.check(step, in: context) {
        case .ready(let prior): context.prior = prior
        case .alreadyDone: return nil
        case .unknown(let failure): return failure
        case .blocked(let reason): return StepFailure(code: .locked, message: reason)
        }
        do throws(StepFailure) {
            try await driver.perform(step, in: context)
            _ = try await driver.verify(step, in: context)
            return nil
        } catch {
            return error
        }
    }

    /// By name, the node of each guest.
    var places: [String: String] {
        now.guests.values.reduce(into: [:]) { $0[$1.name ?? "-"] = $1.node }
    }
}
