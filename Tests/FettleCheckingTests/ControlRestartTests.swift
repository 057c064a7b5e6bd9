import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// I1, I3, I7, I8: what others are compared with may be restarted as it is before that, in an outage of its own.
@Suite struct ControlRestartTests {
    /// A pool of four: the first is the canary, the second is compared with it.
    static var plan: Plan {
        FleetPlan(groups: 1, size: 4, lanes: 1, environments: 1).plan()
            .restartingControl("pool-1-host-2", before: bake)
    }

    static let bake: StepID = "pool-1/bake"
    static let drain: StepID = "pool-1-host-2/control/drain"
    static let restart: StepID = "pool-1-host-2/control/restart"
    static let restore: StepID = "pool-1-host-2/control/restore"

    @Test func aControlMayBeRestartedBeforeItsBake() {
        #expect(Self.plan.steps.count { $0.leg == .control } == 4)
        #expect(PlanChecker.check(Self.plan) == CheckReport(violations: [], method: .exact))
    }

    /// Its way back, and its two outages in its one window.
    @Test func alsoInAWindow() {
        var fleet = FleetPlan(groups: 1, size: 4, lanes: 1, environments: 1)
        fleet.windowSeconds = 10_000
        let plan = fleet.plan().restartingControl("pool-1-host-2", before: Self.bake)
        #expect(PlanChecker.check(plan).violations == [])
        fleet.windowSeconds = 600
        let short = fleet.plan().restartingControl("pool-1-host-2", before: Self.bake)
        #expect(PlanChecker.check(short).violations.map(\.invariant).contains(.time))
    }

    static let mutations: [Mutation] = [
        Mutation("it may be changed before it is back", .order) { plan in
            plan = plan.changing("pool-1-host-2/drain") { $0.after.removeAll { $0 == restore } }
        },
        Mutation("the bake may begin before it is back", .order) { plan in
            plan = plan.changing(bake) { $0.after.removeAll { $0 == restore } }
        },
        Mutation("it may be changed before the bake", .order) { plan in
            plan = plan.changing("pool-1-host-2/drain") { $0.after.removeAll { $0 == bake } }
        },
        Mutation("it comes back unproven", .order) { plan in
            plan = plan.changing("pool-1-host-2/control/gate") { $0.action = .gate(probes: []) }
        },
        Mutation("it is restarted in traffic", .order) { plan in
            plan = plan.changing(restart) { $0.after = [] }
        },
        Mutation("it is changed in passing", .form) { plan in
            guard let patch = plan.steps.first(where: { $0.id == "pool-1-host-2/patch" }) else { return }
            plan = plan.changing(restart) { $0.action = patch.action }
        },
        Mutation("it is rebooted in passing", .form) { plan in
            plan = plan.changing(restart) { $0.action = .reboot(condition: .always) }
        },
        Mutation("nothing brings it back", .ownership) { plan in
            plan = plan.changing(restore) { $0.leg = nil }
        },
        Mutation("its load balancer still sends it traffic", .order) { plan in
            plan = plan.changing(drain) { $0.action = .takeOut }.changing(restore) { $0.action = .bringBack }
        },
        Mutation("nothing is changed on it afterwards", .form) { plan in
            plan = plan.changing("pool-1-host-2/patch") { $0.action = .restartServices(except: []) }
        },
        Mutation("one whose turn comes before its own waits for the bake", .form) { plan in
            plan = FleetPlan(groups: 1, size: 4, lanes: 1, environments: 1).plan()
                .restartingControl("pool-1-host-3", before: bake)
        },
        Mutation("somebody is restarted for a comparison on the way back", .form) { plan in
            plan.rollback[0].leg = .control
        },
    ]

    @Test(arguments: mutations)
    func brokenItIsRefused(mutation: Mutation) {
        var plan = Self.plan
        mutation.apply(&plan)
        let violations = PlanChecker.check(plan).violations
        #expect(violations.map(\.invariant).contains(mutation.breaks), "\(violations)")
    }
}
