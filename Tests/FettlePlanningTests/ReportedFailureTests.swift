import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Reports against other tools, as far as a plan can prevent what they tell of: docs/failures.md has all of them.
@Suite struct ReportedFailureTests {
    /// A machine that no scan reached: it counts as missing.
    private static func unreachable(_ names: ResourceID..., in sample: FleetSample) -> FleetSample {
        var sample = sample
        for name in names {
            sample.selection.hosts.removeAll { $0.resource == name }
            sample.facts.hosts.removeAll { $0.resource == name }
            sample.facts.hosts.append(
                .nothingObserved(
                    of: name, at: FactSample.now, reachability: .unreachable(reason: "no route"), reason: "no route"))
        }
        return sample
    }

    // MARK: Drain and restore

    /// Cordoned for ever after a failure, flags left set: kured#63 #955, bottlerocket-update-operator#691,
    /// system-upgrade-controller#71, ceph-ansible#3961. Uncordoned what it had not cordoned: system-upgrade-controller#341.
    @Test func whatIsTakenOutIsBroughtBackOnBothWaysAndNothingElseIs() throws {
        let plan = try FleetSample.threeWebServers.plan()
        for way in [plan.steps, plan.rollback] {
            let out = way.filter { $0.availability == .takesOut }
            let back = way.filter { $0.availability == .bringsBack }
            #expect(out.map(\.resource).sorted() == ["web-1", "web-2", "web-3"])
            #expect(back.map(\.resource).sorted() == ["web-1", "web-2", "web-3"])
            for step in out + back {
                #expect(!PlanChecker.check(plan.dropping(step.id)).isProven, "without \(step.id)")
            }
        }
    }

    /// Completed by the task's word, and an unbounded wait for it: cubecos#1440. A deadline that never fires for a second broken
    /// revision: argo-rollouts#4128 #3988. Every step has an end of its own, on the way back too.
    @Test func everyStepOfBothWaysHasAnEndOfItsOwn() throws {
        let plan = try FleetSample.threeWebServers.plan()
        #expect(!plan.rollback.isEmpty)
        for step in plan.steps + plan.rollback {
            #expect(step.timeoutSeconds > 0 && step.timeoutSeconds >= step.estimate.p95Seconds, "\(step.id)")
            for seconds in [0, -1, Int.max] {
                let endless = plan.changing(step.id) { $0.timeoutSeconds = seconds }
                #expect(!PlanChecker.check(endless).isProven, "\(step.id): \(seconds) s")
            }
        }
    }

    /// The next OSD restarts while placement groups are degraded: rook#11352. One node of a cluster at a time, in an order of
    /// its own and gated by health: PatchMon#705. The next goes only when the one before is proven by its probes and back, and a plan
    /// that lets it go earlier is refused.
    @Test func theNextWaitsUntilTheOneBeforeIsProvenAndBack() throws {
        let plan = try FleetSample.threeWebServers.plan()
        #expect(plan.isBefore("web-1/gate", "web-1/restore"))
        #expect(plan.isBefore("web-1/verify", "web-1/restore"))
        #expect(plan.before("web-2").contains("web-1") || plan.before("web-1").contains("web-2"))
        #expect(!PlanChecker.check(plan.dropping("web-1/gate").dropping("web-1/verify")).isProven)
        var together = plan
        together.order = []
        #expect(PlanChecker.check(together).violations.map(\.invariant).contains(.capacity))
    }

    // MARK: Locks and budgets

    /// Nodes in progress not counted as unavailable: machine-config-operator#701. `max_fail_percentage=0` goes on past unreachable
    /// hosts: ansible/ansible#56265.
    @Test func whoIsMissingCountsAndIsNotWorkedOn() throws {
        var builder = FleetBuilder()
        builder.pool("web", size: 6, minimum: .count(3), strategy: .rolling(maxUnavailable: .count(3)))
        let whole = FleetSample(fleet: builder.fleet)
        #expect(try whole.plan().groups[0].maximumOut == 3)
        let (plan, report) = try Planner.plan(Self.unreachable("web-2", "web-5", in: whole).input())
        #expect(plan.groups[0].maximumOut == 1)
        #expect(!plan.targets.map(\.resource).contains("web-2"))
        #expect(report.groups[0].lowestAvailable == 3)
        #expect(report.groups[0].unavailable == ["web-2", "web-5"])
        #expect(plan.limits.failureBudget == 0)
        #expect(PlanChecker.check(plan).isProven)
    }

    /// Crossing budgets deadlock: machine-api-operator#1066. Whoever goes next, somebody can always go on until all are done.
    @Test(arguments: TestScale.seeds(40, long: 400)) func budgetsThatCrossNeverHoldEachOtherUp(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var builder = FleetBuilder()
        let hosts = (1...8).map { builder.host(ResourceID("h-\($0)")) }
        for number in 0..<5 {
            let members = Array(hosts.shuffled(using: &random).prefix(Int.random(in: 2...6, using: &random)))
            builder.group(
                GroupID("g-\(number)"), members, minimum: .count(members.count - 1),
                strategy: .rolling(maxUnavailable: .count(1)))
        }
        let plan = try FleetSample(fleet: builder.fleet).plan()
        #expect(PlanChecker.check(plan).violations == [])
        for backwards in [false, true] {
            var left = Set(plan.targets.map(\.resource))
            while !left.isEmpty {
                // Of all that may begin now, one after the other.
                let ready = left.filter { plan.before($0, onTheWayBack: backwards).isDisjoint(with: left) }
                guard let next = ready.sorted().randomElement(using: &random) else {
                    Issue.record("nobody can go: \(left.sorted())")
                    break
                }
                left.remove(next)
            }
        }
    }

    // MARK: Rollouts

    /// No rollback while promoting; the canary was the only healthy copy: flagger#1588 #1591.
    @Test func theWayBackIsThereFromTheCanaryOnAndTheCanaryIsNeverTheLastThatServes() throws {
        let plan = try FleetSample.threeWebServers.plan()
        #expect(plan.step("web/bake") != nil)
        for name in ["web-1", "web-2", "web-3"] {
            let back = plan.rollback.filter { $0.compensates == StepID("\(name)/patch") }
            #expect(back.map(\.resource) == [ResourceID(name)])
            #expect(!PlanChecker.check(plan.dropping(StepID("\(name)/rollback/return"))).isProven)
        }
        let alone = Self.unreachable("web-2", "web-3", in: .threeWebServers)
        #expect(alone.problems().count == 1)
        #expect(alone.problems().first?.message.contains("leaves no member to take out") == true)
    }

    /// Success told before the reboot, fallback boot unseen: hawkbit#3185, rauc-hawkbit-updater#161. Before the patch rather than
    /// after it: osconfig#755.
    @Test func successIsOnlyToldByWhatIsSeenAfterTheReboot() throws {
        var sample = FleetSample.threeWebServers
        sample.policy.reboot = .always
        let plan = try sample.plan()
        for name in ["web-1", "web-2", "web-3"] {
            #expect(plan.isBefore(StepID("\(name)/patch"), StepID("\(name)/reboot")))
            #expect(plan.isBefore(StepID("\(name)/reboot"), StepID("\(name)/gate")))
            #expect(plan.isBefore(StepID("\(name)/reboot"), StepID("\(name)/verify")))
            #expect(plan.isBefore(StepID("\(name)/verify"), StepID("\(name)/restore")))
            guard case .verify(let expectation)? = plan.step(StepID("\(name)/verify"))?.action else {
                Issue.record("\(name) is not verified")
                continue
            }
            #expect(expectation.noRebootPending)
        }
        let early = plan.changing("web-1/gate") { $0.after = ["web-1/patch"] }
            .changing("web-1/verify") { $0.after = ["web-1/patch"] }
        #expect(!PlanChecker.check(early).isProven)
    }
}
