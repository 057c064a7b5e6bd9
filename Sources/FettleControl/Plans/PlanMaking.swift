import FettleChecking
import FettleModel
import FettlePlanning

/// Plans and proves, without a store and a clock: for plans that are kept, and for those that files alone are made of.
enum PlanMaking {
    struct Made {
        var plan: Plan
        var report: PlanReport
        var check: CheckReport
    }

    /// - Throws: `blocked` if no plan can be made, with every reason; `internal` if the checker does not accept the planner's.
    static func make(
        _ input: PlanningInput, superseding run: SupersededRun? = nil
    ) throws(ControlError) -> Made {
        try refuseOneMachineAsSeveral(input)
        var plan: Plan
        var report: PlanReport
        do throws(PlanningRefusal) {
            (plan, report) = try Planner.plan(input)
        } catch {
            throw ControlError(.blocked, RefusalWords.of(error, input))
        }
        report.warnings += RefusalWords.ofMissedDeadlines(report, input)
        if let run { plan = try run.applied(to: plan) }
        let check = PlanChecker.check(plan)
        if let run, !check.isProven {
            throw ControlError(
                .blocked,
                "the hosts of \(run.run) cannot be taken over by this plan:\n  "
                    + check.violations.prefix(5).map(\.description).joined(separator: "\n  "),
                hint: "a plan of these hosts alone may do: `fettle plan make --supersedes \(run.run) --host …`")
        }
        guard check.isProven else {
            throw ControlError(
                .internal,
                "the planner made a plan that the checker does not accept; this is a fault of Fettle:\n  "
                    + check.violations.prefix(5).map(\.description).joined(separator: "\n  "))
        }
        return Made(plan: plan, report: report, check: check)
    }

    private static func refuseOneMachineAsSeveral(_ input: PlanningInput) throws(ControlError) {
        let targets = Set(input.selection.hosts.map(\.resource))
        let found = OneMachine.all(input.facts, fleet: input.fleet, targets: targets)
        guard !found.isEmpty else { return }
        let lines = found.prefix(5).map { one in
            let names = one.resources.map(\.rawValue).joined(separator: ", ")
            return one.group.map {
                "the group \($0) counts one machine as \(one.resources.count) members, by its boot id and machine id: \(names)"
            }
                ?? "\(names) are one machine, by its boot id and machine id: it would be patched \(one.resources.count) times"
        }
        throw ControlError(
            .blocked, lines.joined(separator: "\n  "),
            hint:
                "leave all names of a machine but one out of fleet.yaml; what runs beside others on a machine is of a kind such as "
                + "application or database")
    }
}
