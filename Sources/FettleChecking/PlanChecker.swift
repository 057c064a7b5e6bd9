public import FettleModel

/// Proves that no state which a plan can reach breaks an invariant, or tells how one can. It shares no code with the planner and
/// trusts nothing that the planner says about its plan: groups, order and effects are read from the steps themselves.
///
/// Time and memory grow with the plan, not with its square: 100,000 resources take about a second.
public enum PlanChecker {
    /// Judges a plan: form, I1, I3, I4, I7, I8, I9, I12, forward and on the way back.
    public static func check(_ plan: Plan) -> CheckReport {
        var work = CheckWork()
        return check(plan, counting: &work)
    }

    package static func check(_ plan: Plan, counting work: inout CheckWork) -> CheckReport {
        var found = ViolationList()
        guard let tables = FormCheck(plan: plan).tables(&found, counting: &work) else {
            return CheckReport(violations: found.all, method: .exact)
        }
        let members = MemberIndex(plan.groups, tables.targets)
        let traffic = TrafficTurns(tables, &found)
        let outages = ResourceChecks(tables: tables, members: members, turnedGroups: traffic.groups).judge(&found)
        NoReturnCheck(tables: tables).judge(&found)

        let turns = OrderFormCheck(tables: tables, outages: outages).index(&found)
        let carriers = CarrierIndex(tables.targets, outages)
        var capacity = CapacityCheck(tables, outages, turns, carriers)
        let capacityMethod = capacity.judge(&found, counting: &work)
        BakeCheck(tables: tables, outages: outages, turns: turns).judge(&found)
        OwnHostCheck(tables: tables, outages: outages, turns: turns).judge(&found)
        SupersessionCheck(tables: tables, outages: outages, turns: turns).judge(&found)
        CarryCheck(tables: tables, outages: outages, turns: turns).judge(&found)
        SwitchCheck(tables, outages, members, traffic).judge(&found)
        ControllerCheck(tables: tables, outages: outages, turns: turns).judge(&found)
        ImageCheck(tables: tables, outages: outages).judge(&found)
        SnapshotCheck(tables: tables, outages: outages).judge(&found)
        for violation in EvacuationCheck.violations(of: plan) {
            found.add(violation.invariant, violation.message, steps: violation.steps)
        }

        let timeMethod = judgeOrder(tables, outages, turns, &found, &work)
        let isExact = capacityMethod == .exact && timeMethod == .exact
        return CheckReport(violations: found.all, method: isExact ? .exact : .bound)
    }

    /// That somebody can always be first, and that all is over in time.
    private static func judgeOrder(
        _ tables: PlanTables, _ outages: Outages, _ turns: TurnIndex, _ found: inout ViolationList,
        _ work: inout CheckWork
    ) -> CheckReport.Method {
        let back = Precedence(tables.rollback, outages.back, turns)
        let sortedBack = SortedNodes(back, counting: &work)
        CycleCheck(tables: tables, table: tables.rollback, precedence: back).judge(sortedBack.cycle, &found)

        let forward = Precedence(tables.forward, outages.forward, controls: outages.control, turns)
        let sorted = SortedNodes(forward, counting: &work)
        CycleCheck(tables: tables, table: tables.forward, precedence: forward).judge(sorted.cycle, &found)
        guard sorted.cycle.isEmpty else { return .exact }
        return WindowCheck(tables: tables, outages: outages, precedence: forward, sorted: sorted.nodes).judge(&found)
    }
}
