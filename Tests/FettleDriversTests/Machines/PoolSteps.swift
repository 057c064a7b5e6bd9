import FettleDriverKit
import FettleModel

/// Steps on the first of a pool's three hypervisors, whose machines go to the second, for whichever product moves them.
struct PoolSteps: Sendable {
    let members: [ResourceID]

    private var own: ResourceID { members[0] }

    func move(_ name: String) -> MachineMove {
        MachineMove(machine: name, resource: nil, from: own, to: members[1], memoryMebibytes: 2_048, processors: 2)
    }

    func step(_ action: StepAction, _ seconds: Int) -> Step {
        Step(
            id: StepID("\(own)/\(action.name)"), resource: own, group: "compute", wave: 0, action: action, after: [],
            availability: .requiresOut, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 60), timeoutSeconds: seconds)
    }

    func plan(_ step: Step, rules: MachineRules, staying: [String]) -> Plan {
        Plan(
            id: "plan-1", title: "a test",
            selection: StageReference(id: "s", digest: Digest(rawValue: String(repeating: "0", count: 64))),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: [
                PlanTarget(
                    resource: own, address: .ssh(own.rawValue), environment: "production",
                    interrupts: staying.map {
                        InterruptedMachine(machine: $0, resource: nil, host: own, because: "a test")
                    })
            ],
            groups: [
                PlannedGroup(
                    id: "compute", members: members, minimumAvailable: 1, maximumOut: 1, traffic: nil, probes: [],
                    memberAddresses: members.reduce(into: [:]) { $0[$1] = .ssh($1.rawValue) }, machines: rules)
            ], steps: [step], rollback: [], order: [], rooms: [], limits: PlanLimits())
    }

    func context(_ step: Step, rules: MachineRules, staying: [String], prior: PriorState?) -> StepContext {
        StepContext(
            run: "run-1", plan: plan(step, rules: rules, staying: staying), attempt: 1,
            intendedAt: Timestamp(milliseconds: 0), prior: prior)
    }

    /// What a step comes to: nil: it is done and proven.
    static func failure(_ driver: any StepDriver, _ step: Step, _ context: StepContext) async -> StepFailure? {
        var context = context
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
}
