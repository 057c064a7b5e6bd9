import FettleModel
import FettleTestSupport
import Testing

@testable import FettleChecking

/// Machines that must run apart are never on one hypervisor, also halfway; and what stays on a hypervisor is told as it is counted.
@Suite struct ApartTests {
    /// With room for anything: only anti-affinity is left to stand in the way.
    private static func roomy() -> Plan {
        var plan = EvacuationPlan.plan()
        plan.rooms = ["node-1", "node-2", "node-3"].map {
            HypervisorRoom(hypervisor: $0, memoryMebibytes: 1_000_000, processors: 1_000)
        }
        return plan
    }

    private static let toNode2 = EvacuationPlan.move(
        "mail", from: "node-1", to: "node-2", gibibytes: 8, resource: "mail")

    private func told(_ plan: Plan) -> [String] {
        PlanChecker.check(plan).violations.map(\.message)
    }

    @Test func inTurnTheyMayFillTheSamePlace() {
        #expect(told(Self.roomy()) == [])
        // `build` stays beside `files`, as it did before: nobody moved them together.
        var plan = Self.roomy()
        plan.apart?.append(ApartMachine(machine: "build", home: "node-1", apartFrom: ["mail"]))
        #expect(told(plan) == [])
    }

    @Test func nobodyIsMovedToWhereOneRunsThatItMustBeApartFrom() {
        let plan = Self.roomy().moving("node-1", [Self.toNode2, EvacuationPlan.build])
        #expect(
            told(plan) == [
                "files of node-2 and mail of node-1 must run apart, and can both be on node-2",
                "mail of node-1 and video of node-2 must run apart, and can both be on node-2",
            ])
        #expect(PlanChecker.check(plan).violations.map(\.invariant) == [.capacity, .capacity])
        #expect(PlanChecker.check(plan).violations[0].steps == ["node-1/evacuate", "node-1/rollback/evacuate"])
    }

    /// Whichever of the two names the other.
    @Test func aRuleHoldsBothWays() {
        var plan = Self.roomy().moving("node-1", [Self.toNode2, EvacuationPlan.build])
        plan.apart = [ApartMachine(machine: "video", home: "node-2", apartFrom: ["mail"])]
        #expect(told(plan) == ["mail of node-1 and video of node-2 must run apart, and can both be on node-2"])
    }

    @Test func twoThatAreMovedFromOneGoDifferentWays() {
        var plan = Self.roomy()
        plan.apart?.append(ApartMachine(machine: "build", home: "node-1", apartFrom: ["mail"]))
        let build = EvacuationPlan.move("build", from: "node-1", to: "node-3", gibibytes: 2)
        plan = plan.moving("node-1", [EvacuationPlan.mail, build])
        #expect(told(plan) == ["build of node-1 and mail of node-1 must run apart, and can both be on node-3"])
    }

    /// Nothing keeps node-1 and node-2 apart any longer, so that both can be empty at once. `build` goes elsewhere then, so that only
    /// the rule stands in the way.
    @Test(arguments: [false, true]) func twoOfDifferentHomesMeetUnlessTheHomesTakeTurns(isTurn: Bool) {
        var plan = Self.roomy()
        plan.groups[0].minimumAvailable = 1
        plan.groups[0].maximumOut = 2
        plan = plan.moving("node-1", [EvacuationPlan.mail])
        if !isTurn { plan.order.removeFirst() }
        #expect(
            told(plan)
                == (isTurn ? [] : ["files of node-2 and mail of node-1 must run apart, and can both be on node-3"]))
    }

    static let mutations: [Mutation] = [
        Mutation("a rule more that the moves break", .capacity) {
            $0.apart?[1].apartFrom = ["build"]
        },
        Mutation("a rule is told twice", .form) {
            $0.apart?.append(ApartMachine(machine: "mail", home: "node-1", apartFrom: []))
        },
        Mutation("only the way back brings them together", .capacity) { plan in
            for place in plan.rollback.indices where plan.rollback[place].resource == "node-1" {
                switch plan.rollback[place].action {
                case .evacuate: plan.rollback[place].action = .evacuate(moves: [toNode2, EvacuationPlan.build])
                case .bringHome:
                    plan.rollback[place].action = .bringHome(moves: [toNode2.reversed, EvacuationPlan.build.reversed])
                default: break
                }
            }
        },
        // What stays.
        Mutation("what stays is not told", .form) {
            $0 = $0.changing("node-2/evacuate") { $0.action = .evacuate(moves: [EvacuationPlan.files]) }
        },
        Mutation("one stays of which nobody knows that it goes down", .capacity) {
            $0 = $0.changing("node-2/evacuate") {
                $0.action = .evacuate(moves: [EvacuationPlan.files], staying: ["other", "video"])
            }
        },
        Mutation("one stays and is moved", .form) {
            $0 = $0.changing("node-2/evacuate") {
                $0.action = .evacuate(moves: [EvacuationPlan.files], staying: ["files", "video"])
            }
        },
        Mutation("one that goes down is not counted", .capacity) { $0.targets[2].carries = [] },
        Mutation("one is counted of which nobody is told", .form) { $0.targets[2].carries = ["music", "video"] },
        Mutation("one goes down with what does not", .form) { $0.targets[2].interrupts?[0].host = "node-3" },
        Mutation("one goes down twice", .form) { $0.targets[2].interrupts?.append(EvacuationPlan.video) },
        Mutation("nobody is told to go down", .capacity) { $0.targets[2].interrupts = nil },
    ]

    @Test(arguments: mutations) func aBrokenPlanIsRefused(mutation: Mutation) {
        var plan = Self.roomy()
        mutation.apply(&plan)
        let found = PlanChecker.check(plan).violations
        #expect(found.contains { $0.invariant == mutation.breaks }, "\(found)")
    }

    /// A plan of an enemy cannot keep the checker busy for ever.
    @Test func moreRulesThanCanBeLookedAtAreNotProven() {
        var plan = Self.roomy()
        let names = (0..<50).map { "m-\($0)" }
        plan.apart = names.map { ApartMachine(machine: $0, home: "node-3", apartFrom: names) }
        var check = ApartCheck(plan: plan, evacuations: [], turns: TurnPlaces(plan, for: []))
        #expect(check.violations() == [])
        check.mostPairs = 1_000
        #expect(check.violations().map(\.invariant) == [.capacity])
    }
}
