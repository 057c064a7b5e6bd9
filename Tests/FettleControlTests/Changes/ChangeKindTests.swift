import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

/// Standard changes, emergencies, and what is told of a plan that was altered after its approval.
@Suite struct ChangeKindTests {
    let store = InMemoryStore()
    private static let start = Timestamp(milliseconds: 1_000_000)

    private func changes(_ seconds: Int = 0) -> ChangeService {
        ChangeService(store: store) { Self.start.adding(seconds: seconds) }
    }

    private func keep(_ id: PlanID = "plan-1", _ edit: (inout Plan) -> Void = { _ in }) async throws -> PlanID {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.id = id
        edit(&plan)
        try await StageKeeper(store: store).keep(plan, as: .plan, id: id.rawValue, at: Self.start)
        return id
    }

    private func submit(
        _ plan: PlanID, _ policy: Policy, kind: Change.Kind = .normal, template: String? = nil, fleet: Fleet? = nil,
        seconds: Int = 0
    ) async throws -> Change {
        try await changes(seconds).submit(
            plan: plan, kind: kind, reason: "patches", by: "alice", policy: policy, fleet: fleet, template: template)
    }

    private func refused(_ act: () async throws -> Void) async -> ControlError? {
        await #expect(throws: ControlError.self) { try await act() }
    }

    private static func policy(_ edit: (inout ChangePolicy) -> Void) -> Policy {
        var policy = Policy()
        policy.defaultApproval = ApprovalRule(approvals: 2, requesterMayApprove: false)
        edit(&policy.changes)
        return policy
    }

    @Test func aStandardChangeNeedsNobodyWithinItsTemplatesLimits() async throws {
        let policy = Self.policy {
            $0.templates = [ChangeTemplate(name: "weekly", environments: ["prod*"], hosts: 3, packages: ["open*"])]
        }
        let change = try await submit(try await keep(), policy, kind: .standard, template: "weekly")
        #expect(change.state == .approved && change.template == "weekly" && change.votes.isEmpty)
        #expect(await refused { _ = try await submit("plan-1", policy, kind: .standard) }?.code == .invalid)
        #expect(
            await refused { _ = try await submit("plan-1", policy, kind: .standard, template: "x") }?.code == .invalid)
        #expect(await refused { _ = try await submit("plan-1", policy, template: "weekly") }?.code == .invalid)
    }

    @Test(arguments: ["environments", "hosts", "packages", "groups", "reboot"])
    func beyondItsTemplateItIsNone(limit: String) async throws {
        var template = ChangeTemplate(name: "weekly", environments: ["production"], hosts: 3)
        switch limit {
        case "environments": template.environments = ["dev"]
        case "hosts": template.hosts = 2
        case "packages": template.packages = ["nginx*"]
        case "groups": template.groups = ["db"]
        default: break
        }
        let policy = Self.policy { $0.templates = [template] }
        var plan = RollingPlan.plan(size: 3, lanes: 1, reboot: limit == "reboot")
        plan.id = "plan-1"
        try await StageKeeper(store: store).keep(plan, as: .plan, id: "plan-1", at: Self.start)
        let error = await refused { _ = try await submit("plan-1", policy, kind: .standard, template: "weekly") }
        #expect(error?.code == .blocked && error?.message.contains("beyond what 'weekly' allows") == true)
    }

    @Test func oneHostIsToldAsOne() {
        var template = ChangeTemplate(name: "weekly", environments: ["production"], hosts: 0)
        let one = template.objections(to: RollingPlan.plan(size: 1, lanes: 1, reboot: true), fleet: nil)
        #expect(one.contains("it changes 1 host, and 0 are the most") && one.contains("it reboots 1 host"), "\(one)")
        template.hosts = 1
        let two = template.objections(to: RollingPlan.plan(size: 2, lanes: 1, reboot: true), fleet: nil)
        #expect(two.contains("it changes 2 hosts, and 1 is the most") && two.contains("it reboots 2 hosts"), "\(two)")
    }

    @Test func anEmergencyNeedsFewerAndHoldsUpTheNextUntilItIsReviewed() async throws {
        let policy = Self.policy { $0.emergency.reviewWithinSeconds = 100 }
        let first = try await submit(try await keep(), policy, kind: .emergency)
        #expect(first.rule.approvals == 1 && first.mustBeReviewed == true)
        _ = try await changes().vote(on: first.id, by: "bob", approves: true, digest: first.plan.digest, note: "")
        try await end("run-1", of: first.id, .succeeded)
        #expect(try await changes().phase(of: try await changes().change(first.id)) == .review)

        let second = try await keep("plan-2")
        #expect(
            await refused { _ = try await submit(second, policy, kind: .emergency, seconds: 101) }?.code == .blocked)
        #expect(await refused { _ = try await changes(101).review(first.id, text: "", by: "alice") }?.code == .blocked)
        _ = try await changes(101).review(first.id, text: "was needed", by: "bob")
        #expect(try await changes().phase(of: try await changes().change(first.id)) == .closed)
        _ = try await submit(second, policy, kind: .emergency, seconds: 101)
    }

    private func end(_ run: RunID, of change: ChangeID, _ outcome: RunOutcome, seconds: Int = 0) async throws {
        let time = Self.start.adding(seconds: seconds)
        _ = try await changes(seconds).assignRun(to: change) { _ in run }
        try await store.createRun(run, change: change, at: time)
        let claim = try await store.claim(run, executor: "x", at: time, leaseSeconds: 60, takeOver: false)
        try await store.append(
            [JournalRecord(sequence: 1, epoch: claim.epoch, at: time, event: .ended(outcome: outcome))], to: run)
    }

    /// Asked for on Monday, carried out on Friday: nobody can have looked at its run before.
    @Test func theTimeForAReviewRunsFromTheEndOfTheRun() async throws {
        let policy = Self.policy { $0.emergency.reviewWithinSeconds = 100 }
        let first = try await submit(try await keep(), policy, kind: .emergency)
        _ = try await changes().vote(on: first.id, by: "bob", approves: true, digest: first.plan.digest, note: "")
        try await end("run-1", of: first.id, .succeeded, seconds: 5_000)
        _ = try await submit(try await keep("plan-2"), policy, kind: .emergency, seconds: 5_100)
        let third = try await keep("plan-3")
        let error = await refused { _ = try await submit(third, policy, kind: .emergency, seconds: 5_101) }
        #expect(error?.code == .blocked && error?.message.contains("change-1") == true)
    }

    @Test func conditionsAddUpAndOwnersHaveTheirSay() async throws {
        var fleet = FleetBuilder()
        fleet.pool("web", size: 3, minimum: .count(2))
        var known = fleet.fleet
        known.resources[0].owner = "shop"
        known.resources[1].owner = "dora"
        let policy = Self.policy {
            $0.teams = ["shop": ["erin", "frank"]]
            $0.rules = [
                ApprovalCondition(name: "many", hosts: 3, approvals: 3, from: ["shop"]),
                ApprovalCondition(name: "db", groups: ["db*"], approvals: 9),
                ApprovalCondition(name: "own", owners: true),
                ApprovalCondition(name: "reboots", reboots: true, approvals: 9),
            ]
        }
        let change = try await submit(try await keep(), policy, fleet: known)
        #expect(change.rule.approvals == 3)
        #expect(change.rule.demands?.map(\.people) == [["erin", "frank"], ["dora"], ["erin", "frank"]])
        let blind = try await submit(try await keep("plan-2"), policy)
        // Without a fleet nobody's owner can be asked: then it is not approved.
        #expect(blind.rule.demands?.contains { $0.people.isEmpty } == true)
    }

    /// Where policy lets that be it is said, at each step of the way.
    @Test func thatNobodyElseHasAgreedIsToldOfProtectedEnvironments() async throws {
        var builder = FleetBuilder(environments: ["production"])
        builder.pool("web", size: 3, minimum: .count(2))
        var fleet = builder.fleet
        fleet.environments[0].isProtected = true
        var policy = Policy()
        policy.defaultApproval = ApprovalRule(approvals: 1, requesterMayApprove: true)
        let change = try await submit(try await keep(), policy)
        func words(_ change: Change, _ fleet: Fleet?) async throws -> String? {
            try await changes().unsecondedWords(of: change, fleet: fleet)
        }
        #expect(try await words(change, fleet) == nil, "somebody has to agree yet")
        let own = try await changes().vote(
            on: change.id, by: "alice", approves: true, digest: change.plan.digest, note: "")
        #expect(try await words(own, fleet)?.contains("nobody but alice has agreed to change-1") == true)
        #expect(try await words(own, nil) == nil)
        fleet.environments[0].isProtected = false
        #expect(try await words(own, fleet) == nil)
        fleet.environments[0].isProtected = true
        policy.defaultApproval.approvals = 0
        let free = try await submit(try await keep("plan-2"), policy)
        #expect(try await words(free, fleet)?.contains("change-2") == true)
        let agreed = try await changes().vote(
            on: change.id, by: "bob", approves: false, digest: change.plan.digest, note: "")
        #expect(try await words(agreed, fleet) == nil, "it is over")
    }

    @Test func aNameInOtherLettersIsNoOtherPerson() async throws {
        let policy = Self.policy { _ in }
        let change = try await submit(try await keep(), policy)
        let error = await refused {
            _ = try await changes().vote(
                on: change.id, by: "ALICE (signed in as root)", approves: true, digest: change.plan.digest, note: "")
        }
        #expect(error?.code == .blocked)
        _ = try await changes().vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let twice = await refused {
            _ = try await changes().vote(on: change.id, by: "Bob", approves: true, digest: change.plan.digest, note: "")
        }
        #expect(twice?.code == .conflict)
    }

    // MARK: Drift

    /// One version, one target, one limit, each by itself; also where the database's digest was altered with it.
    @Test(arguments: ["version", "target", "limit"], [true, false])
    func aPlanAlteredAfterApprovalIsRefusedWithWhatDiffers(part: String, digestToo: Bool) async throws {
        let policy = Self.policy { _ in }
        let change = try await submit(try await keep(), policy)
        for person in ["bob", "carol"] as [Person] {
            _ = try await changes().vote(
                on: change.id, by: person, approves: true, digest: change.plan.digest, note: "")
        }
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        switch part {
        case "version":
            for place in plan.steps.indices where plan.steps[place].id == "web-2/patch" {
                guard case .changePackages(var transaction) = plan.steps[place].action else { continue }
                transaction.changes[0].to = "2+evil"
                plan.steps[place].action = .changePackages(transaction: transaction)
            }
        case "target": plan.targets[1].address = .ssh("elsewhere")
        default: plan.limits.failureBudget = 2
        }
        let kept = try #require(try await store.document(.plan, id: "plan-1"))
        var altered = kept
        altered.bytes = [UInt8](try CanonicalJSON.encode(plan))
        if digestToo { altered.digest = Digest.sha256(of: altered.bytes) }
        try await store.replace(altered, expecting: kept.digest)
        let error = await refused { _ = try await changes().assignRun(to: change.id) { _ in "run-1" } }
        #expect(error?.code == .drift)
        let words = ["version": "2+evil", "target": "elsewhere", "limit": "2"][part] ?? "?"
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(try await changes().change(change.id).run == nil)
    }

    // MARK: Calendar

    @Test func changesOnTheSameOrDependentGroupsAtOverlappingTimesAreTold() async throws {
        let policy = Self.policy { _ in }
        let first = try await submit(try await keep(), policy)
        let second = try await submit(try await keep("plan-2"), policy)
        let windows = [(0, 100), (100, 200), (50, 150)].map {
            TimeWindow(opensAt: Self.start.adding(seconds: $0.0), closesAt: Self.start.adding(seconds: $0.1))
        }
        func conflicts() async throws -> [ChangeCalendar.Conflict] {
            try await changes().calendar(fleet: nil).conflicts
        }
        #expect(try await conflicts().map(\.isCertain) == [false])
        _ = try await changes().schedule(first.id, for: windows[0], by: "alice")
        _ = try await changes().schedule(second.id, for: windows[1], by: "alice")
        #expect(try await conflicts().isEmpty)
        _ = try await changes().schedule(second.id, for: windows[2], by: "alice")
        let told = try await conflicts()
        #expect(told.map(\.isCertain) == [true])
        #expect(told[0].reasons.contains("both change web-1, web-2, web-3"))
    }

    @Test func groupsDependByTheRulesOfThePolicyToo() {
        var fleet = FleetBuilder(environments: ["qa", "production"])
        fleet.pool("db", size: 1, in: "production", minimum: .count(0))
        fleet.pool("api", size: 1, in: "production", minimum: .count(0))
        fleet.pool("web", size: 1, in: "qa", minimum: .count(0))
        func order(_ scope: OrderRule.Scope, _ then: String) -> GroupDependencies {
            GroupDependencies(
                fleet.fleet,
                order: [
                    OrderRule(
                        name: "schema first", first: ResourceSelector(groups: ["db"]),
                        then: ResourceSelector(groups: [then]), within: scope)
                ])
        }
        #expect(order(.environment, "api").dependent(["db"], ["api"]) == ["api after db"])
        #expect(order(.environment, "web").dependent(["db"], ["web"]) == [])
        #expect(order(.fleet, "web").dependent(["db"], ["web"]) == ["web after db"])
        #expect(order(.group, "api").dependent(["db"], ["api"]) == [])
    }

    @Test func groupsDependOverSeveralSteps() {
        var fleet = FleetBuilder()
        fleet.pool("db", size: 1, minimum: .count(0))
        fleet.pool("api", size: 1, minimum: .count(0), after: ["db"])
        fleet.pool("web", size: 1, minimum: .count(0), after: ["api"])
        let order = GroupDependencies(fleet.fleet)
        #expect(order.dependent(["db"], ["web"]) == ["web after db"])
        #expect(order.dependent(["web"], ["db"]) == ["web after db"])
        #expect(order.dependent(["db"], ["db"]) == [])
    }
}
