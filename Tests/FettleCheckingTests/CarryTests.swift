import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// What goes down with its carrier is out as well, whoever takes it out.
@Suite struct CarryTests {
    /// web-1 to web-4 are machines of the pool, of which one may be out; `hv-1` and `hv-2` carry two of them each.
    static func plan(reboot: Bool = false) -> Plan {
        var plan = RollingPlan.plan(size: 6, lanes: 1, reboot: reboot)
        plan.groups[0].members = ["web-1", "web-2", "web-3", "web-4"]
        plan.groups[0].minimumAvailable = 2
        plan.groups[0].maximumOut = 2
        plan.targets[4].carries = ["web-1", "web-2"]
        plan.targets[5].carries = ["web-3", "web-4"]
        return plan
    }

    @Test func whatIsCarriedCounts() {
        #expect(PlanChecker.check(Self.plan()).violations == [])
        var plan = Self.plan()
        plan.groups[0].minimumAvailable = 3
        let violations = PlanChecker.check(plan).violations
        #expect(
            violations.map(\.message) == [
                "if web-5 (with web-1, web-2) are out at once, group web has 2 of 4 members, needs 3"
            ])
    }

    /// Both carriers at once would take all of the pool down.
    @Test func carriersMustTakeTurns() {
        var plan = Self.plan()
        plan.order[0].turns[4] += plan.order[0].turns.removeLast()
        let told = PlanChecker.check(plan).violations.map(\.message)
        #expect(
            told == [
                "if web-5 (with web-1, web-2), web-6 (with web-3, web-4) are out at once, group web has 0 of 4 members, needs 2"
            ])
    }

    /// web-1 is out with its carrier and by itself: that is one member.
    @Test func oneThatIsOutTwiceIsOneMember() {
        var plan = Self.plan()
        plan.order[0].turns = [["web-2"], ["web-3"], ["web-4"], ["web-1", "web-5"], ["web-6"]]
        #expect(PlanChecker.check(plan).violations == [])
        plan.order[0].turns = [["web-1"], ["web-2"], ["web-4"], ["web-3", "web-5"], ["web-6"]]
        #expect(PlanChecker.check(plan).violations.map(\.invariant) == [.capacity])
    }

    /// A hypervisor that is rebooted in the middle of its machine's patch would reboot the machine in the middle of dpkg (kured#403).
    @Test func nobodyIsWorkedOnWhileItsCarrierReboots() {
        #expect(PlanChecker.check(Self.plan(reboot: true)).violations == [])
        var plan = Self.plan(reboot: true)
        plan.groups[0].minimumAvailable = 0
        plan.groups[0].maximumOut = 4
        plan.order[0].turns = [["web-2"], ["web-3"], ["web-4"], ["web-1", "web-5"], ["web-6"]]
        #expect(PlanChecker.check(plan).violations.map(\.invariant) == [.reboot])
        #expect(PlanChecker.check(plan).violations[0].message.hasPrefix("web-5 can reboot web-1"))
    }

    static let mutations: [Mutation] = [
        Mutation("a carried resource is added", .capacity) { $0.targets[4].carries = ["web-1", "web-2", "web-3"] },
        Mutation("a member carries others", .capacity) { $0.targets[0].carries = ["web-2", "web-3"] },
        Mutation("one carries itself", .form) { $0.targets[0].carries = ["web-1"] },
        Mutation("one is carried twice by one", .form) { $0.targets[4].carries = ["web-1", "web-1"] },
        Mutation("one is carried by all the world", .form) { plan in
            for number in 0..<70 {
                plan.targets.append(
                    PlanTarget(
                        resource: ResourceID("hv-\(number)"), address: .ssh("h"), environment: "production",
                        carries: ["web-1"]))
            }
        },
    ]

    @Test(arguments: mutations)
    func brokenItIsRefused(mutation: Mutation) {
        var plan = Self.plan()
        mutation.apply(&plan)
        let violations = PlanChecker.check(plan).violations
        #expect(violations.map(\.invariant).contains(mutation.breaks), "\(violations)")
    }
}
