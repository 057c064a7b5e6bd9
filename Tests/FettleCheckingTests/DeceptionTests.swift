import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// Plans whose labels say something else than their actions do, or whose numbers are made to break arithmetic: the checker takes
/// no plan at its word.
@Suite struct DeceptionTests {
    struct Deception: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var breaks: Invariant
        var apply: @Sendable (inout Plan) -> Void

        init(_ description: String, _ breaks: Invariant, _ apply: @escaping @Sendable (inout Plan) -> Void) {
            testDescription = description
            self.breaks = breaks
            self.apply = apply
        }
    }

    static let otherPool = TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/s", backend: "other")

    static let deceptions: [Deception] = [
        Deception("all of a host's steps are called harmless", .order) { plan in
            for name in ["web-1/drain", "web-1/restore"] as [StepID] { plan = plan.dropping(name) }
            for name in ["web-1/patch", "web-1/gate"] as [StepID] {
                plan = plan.changing(name) { $0.availability = .none }
            }
        },
        Deception("a drain is called harmless", .form) { plan in
            plan = plan.changing("web-1/drain") { $0.availability = .none }
        },
        Deception("a restore is called harmless", .form) { plan in
            plan = plan.changing("web-1/restore") { $0.availability = .requiresOut }
        },
        Deception("a gate passes for a drain", .form) { plan in
            plan = plan.changing("web-1/drain") { $0.action = .gate(probes: []) }
        },
        Deception("a member of two pools is drained from one of them", .order) { plan in
            var second = plan.groups[0]
            second.id = "other"
            second.traffic = otherPool
            plan.groups.append(second)
        },
        Deception("a member of a pool is taken out by words alone", .order) { plan in
            plan = plan.changing("web-1/drain") { $0.action = .takeOut }
                .changing("web-1/restore") { $0.action = .bringBack }
        },
        Deception("what is restored is not what was drained", .ownership) { plan in
            plan = plan.changing("web-1/restore") { $0.action = .restore(traffic: otherPool) }
        },
        Deception("what is restored on the way back is not what was drained", .ownership) { plan in
            plan = plan.changing("web-1/rollback/restore") { $0.action = .restore(traffic: otherPool) }
        },
        Deception("the way back changes packages that nothing changed", .rollback) { plan in
            var extra = plan.rollback[1]
            extra.id = "web-4/rollback/extra"
            extra.compensates = nil
            plan.rollback.insert(extra, at: 2)
            plan = plan.changing("web-4/rollback/gate") { $0.after.append("web-4/rollback/extra") }
        },
        Deception("a second way back leads elsewhere", .rollback) { plan in
            var extra = plan.rollback[1]
            extra.id = "web-4/rollback/again"
            extra.after = [plan.rollback[1].id]
            extra.action = .changePackages(transaction: RollingPlan.transaction)
            plan.rollback.insert(extra, at: 2)
            plan = plan.changing("web-4/rollback/gate") { $0.after.append("web-4/rollback/again") }
        },
        Deception("the way back asks another package manager", .rollback) { plan in
            plan = plan.changing("web-4/rollback/return") { step in
                guard case .changePackages(var transaction) = step.action else { return }
                transaction.manager = .rpm
                step.action = .changePackages(transaction: transaction)
            }
        },
        Deception("a bake that holds no group back", .form) { plan in
            plan = plan.changing("web-1/gate") {
                $0.action = .bake(seconds: 1, resources: ["web-1"], probes: [])
                $0.group = nil
            }
        },
        Deception("a step for a group that does not exist", .form) { plan in
            plan = plan.changing("web-1/gate") { $0.group = "nobody" }
        },
        Deception("two groups of one name", .form) { plan in plan.groups.append(plan.groups[0]) },
        Deception("estimates that overflow when they are added up", .form) { plan in
            for step in plan.steps.map(\.id) {
                plan = plan.changing(step) {
                    $0.estimate = DurationEstimate(medianSeconds: .max, p95Seconds: .max)
                    $0.timeoutSeconds = .max
                }
            }
            plan.windows = [TimeWindow(opensAt: Timestamp(milliseconds: 0), closesAt: Timestamp(milliseconds: 1_000))]
        },
        Deception("a window from the beginning to the end of time", .form) { plan in
            plan.windows = [
                TimeWindow(opensAt: Timestamp(milliseconds: .min), closesAt: Timestamp(milliseconds: .max))
            ]
        },
    ]

    @Test(arguments: deceptions)
    func aPlanIsNotTakenAtItsWord(deception: Deception) {
        var plan = RollingPlan.plan(size: 4, lanes: 1)
        deception.apply(&plan)
        let violations = PlanChecker.check(plan).violations
        #expect(violations.map(\.invariant).contains(deception.breaks), "\(violations)")
    }

    /// Two groups that speak of one server at one balancer: it is drained once, with the longer of both waits.
    @Test func onePlaceIsDrainedOnce() {
        var plan = RollingPlan.plan(size: 4, lanes: 1)
        var second = plan.groups[0]
        second.id = "same"
        second.traffic?.drainTimeoutSeconds += 60
        plan.groups.append(second)
        #expect(PlanChecker.check(plan).violations == [])
    }
}
