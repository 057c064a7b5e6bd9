import FettleAssessment
import FettleEvidence
import FettleExecution
import FettleModel
import FettlePlanning
import FettleStore
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

/// Whoever reaches the store may name a folder of their own: its rules decide nothing.
@Suite struct TrustTests {
    let world = IdentityWorld()

    /// Longer than anything is shown.
    private static let long = String(repeating: "hook", count: 30)
    static let policy: Policy = {
        var policy = Policy()
        policy.approvals = ["production": ApprovalRule(approvals: 2, requesterMayApprove: false)]
        policy.messages = MessagePolicy(receivers: [
            MessageReceiver(name: "ops", kind: .webhook, address: .text("https://ops.example/\(long)/a"))
        ])
        return policy
    }()
    static let fleet: Fleet = {
        var builder = FleetBuilder(environments: ["dev", "production"])
        builder.pool("web", size: 2, in: "production", minimum: .count(1), traffic: RollingPlan.traffic)
        builder.host("lb-1", in: "production", address: .local)
        return builder.fleet
    }()

    /// Each a folder that somebody would like to have instead.
    private static let others: [(String, Policy, Fleet)] = {
        func policy(_ edit: (inout Policy) -> Void) -> Policy {
            var other = TrustTests.policy
            edit(&other)
            return other
        }
        func fleet(_ edit: (inout Fleet) -> Void) -> Fleet {
            var other = TrustTests.fleet
            edit(&other)
            return other
        }
        return [
            ("fewer approvals", policy { $0.approvals["production"]?.approvals = 0 }, TrustTests.fleet),
            ("own approvals", policy { $0.approvals["production"]?.requesterMayApprove = true }, TrustTests.fleet),
            ("no rule", policy { $0.approvals = [:] }, TrustTests.fleet),
            ("another default", policy { $0.defaultApproval.approvals = 0 }, TrustTests.fleet),
            (
                "a template",
                policy { $0.changes.templates = [ChangeTemplate(name: "all", environments: ["*"], hosts: 9)] },
                TrustTests.fleet
            ),
            ("own teams", policy { $0.changes.teams = ["dba": ["mallory"]] }, TrustTests.fleet),
            ("own stages", policy { $0.promotion = PromotionPolicy(stages: []) }, TrustTests.fleet),
            (
                "an issuer", policy { $0.identity = IdentityPolicy(issuer: "https://evil", audience: "f", keys: "k") },
                TrustTests.fleet
            ),
            ("nobody is told", policy { $0.messages = nil }, TrustTests.fleet),
            (
                "another tail of a long address",
                policy { $0.messages?.receivers[0].address = .text("https://ops.example/\(long)/b") },
                TrustTests.fleet
            ),
            ("longer waivers", policy { $0.maximumWaiverDays = 9_999 }, TrustTests.fleet),
            ("other times", policy { $0.withoutWindow = .never }, TrustTests.fleet),
            ("another environment", TrustTests.policy, fleet { $0.resources[1].environment = "dev" }),
            ("another address", TrustTests.policy, fleet { $0.resources[1].address = .ssh("evil.example") }),
            ("another group", TrustTests.policy, fleet { $0.groups[0].id = "mine" }),
            ("not in its group", TrustTests.policy, fleet { $0.groups[0].members.removeLast() }),
            ("another owner", TrustTests.policy, fleet { $0.resources[1].owner = "mallory" }),
            ("less critical", TrustTests.policy, fleet { $0.resources[1].criticality = .low }),
            (
                "one host more", TrustTests.policy,
                fleet { $0.resources.append(Resource(id: "z", address: .local, environment: "dev")) }
            ),
            ("no environment", TrustTests.policy, fleet { $0.environments.removeFirst() }),
        ]
    }()

    private func keepPlan(_ edit: (inout Plan) -> Void = { _ in }) async throws {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        edit(&plan)
        try await StageKeeper(store: world.store).keep(plan, as: .plan, id: plan.id.rawValue, at: world.now)
    }

    private func refused(
        _ code: ControlError.Code = .blocked, _ words: String = "", _ act: () async throws -> Void
    ) async throws {
        let before = try await world.mark()
        let error = await #expect(throws: ControlError.self) { try await act() }
        #expect(error?.code == code && error?.hint.isEmpty == false, "\(String(describing: error))")
        #expect(words.isEmpty || error?.message.contains(words) == true, "\(String(describing: error))")
        #expect(try await world.mark() == before)
    }

    private func submit(_ access: Access, _ policy: Policy, _ fleet: Fleet?, by person: Person) async throws -> Change {
        try await world.changes(access).submit(
            plan: "plan-1", kind: .normal, reason: "r", by: person, policy: policy, fleet: fleet)
    }

    @Test func withoutUsersAnyFolderWillDo() async throws {
        try await keepPlan()
        for (_, policy, fleet) in Self.others.prefix(2) {
            let change = try await submit(.local, policy, fleet, by: "root")
            _ = try await world.changes().withdraw(change.id, by: "root")
        }
        let trust = TrustService(store: world.store)
        try await refused(.invalid) {
            _ = try await trust.accept(TrustContent(policy: Policy(), fleet: Self.fleet, keys: nil), by: "root")
        }
    }

    @Test func fromTheFirstUserOnNothingIsDecidedUntilAnAdminHasAccepted() async throws {
        try await keepPlan()
        let admin = try await world.admin()
        let olga = try await world.add("olga", Grant(.operator), by: admin)
        try await refused(.blocked, "no policy was accepted yet") {
            _ = try await submit(olga, Self.policy, Self.fleet, by: "olga")
        }
        let content = TrustContent(policy: Self.policy, fleet: Self.fleet, keys: nil)
        for access in [olga, .local] {
            try await refused { _ = try await world.trust(access).accept(content, by: "olga") }
            try await refused { _ = try await world.trust(access).accept(content, by: "root-admin") }
        }
        let before = try await world.trust(admin).accept(content, by: "root-admin")
        #expect(before.accepted == nil && before.differences.contains { $0.contains("approvals.production.approvals") })
        _ = try await submit(olga, Self.policy, Self.fleet, by: "olga")
        let entries = try await LogService(store: world.store).entries(after: 0, limit: 100).map(\.entry)
        let entry = try #require(entries.first { $0.what == .policyAccepted })
        #expect(entry.by == "root-admin" && entry.subject == .document(.trust, id: "trust-1"))
        #expect(try await LogService(store: world.store).check().holds)
    }

    /// By every service that decides by a folder.
    @Test(arguments: Self.others.indices) func aFolderOfOnesOwnDecidesNothing(number: Int) async throws {
        let (name, policy, fleet) = Self.others[number]
        try await keepPlan()
        let admin = try await world.admin()
        let mallory = try await world.add("mallory", Grant(.operator), Grant(.approver), by: admin)
        try await world.accept(Self.policy, Self.fleet, by: admin)
        let (store, tools) = (world.store, world.tools)
        try await refused(.blocked, "accepted as trust-1") {
            _ = try await submit(mallory, policy, fleet, by: "mallory")
        }
        let scans = ScanService(store: store, tools: tools, access: mallory)
        try await refused { _ = try await scans.scan(fleet.resources, fleet: fleet, policy: policy, feeds: .none) }
        try await refused { _ = try await scans.assessNewest(fleet: fleet, policy: policy, feeds: .none) }
        let plans = PlanService(store: store, tools: tools, access: mallory)
        try await refused { _ = try await plans.make(filter: PatchFilter(), fleet: fleet, policy: policy) }
        let set = StageReference(id: "patchset-1", digest: Digest(rawValue: "0"))
        let promotions = PromotionService(store: store, tools: tools, access: mallory)
        try await refused {
            _ = try await promotions.promote(
                PatchSetID(set.id), to: "production", lane: .normal, kind: .normal, reason: "", by: "mallory",
                fleet: fleet, policy: policy)
        }
        let governance = GovernanceService(store: store, tools: tools, access: mallory)
        try await refused {
            _ = try await governance.add(
                .providerStatement, for: "x", note: "", by: "mallory", fleet: fleet, policy: policy)
        }
        guard policy != Self.policy else { return }
        let request = WaiverService.Request(
            scope: WaiverScope(.source("openssl")), kind: .accepted, reason: "r", owner: "o",
            expiresAt: world.now.adding(seconds: 60))
        let waivers = WaiverService(store: store, access: mallory) { [world] in world.now }
        try await refused { _ = try await waivers.grant([request], by: "mallory", policy: policy) }
        #expect(!name.isEmpty)
    }

    @Test func whoIsToldIsNotForOthersToSay() async throws {
        let admin = try await world.admin()
        let olga = try await world.add("olga", Grant(.operator), by: admin)
        try await world.accept(Self.policy, Self.fleet, by: admin)
        func service(_ policy: MessagePolicy?) -> MessageService {
            MessageService(
                store: world.store, policy: policy, access: olga, now: { [world] in world.now },
                deliver: { _, _, _, _ in DeliveryOutcome(.delivered(reference: nil), "") })
        }
        try await service(Self.policy.messages).takeUp()
        let place = try await world.store.messageCursor(of: "ops")
        var diverted = try #require(Self.policy.messages)
        diverted.receivers[0].address = .text("https://evil.example/hook")
        var diverting = diverted
        diverting.receivers[0].address = .text("https://ops.example/\(Self.long)/b")
        for policy in [diverted, diverting, MessagePolicy(), nil] {
            try await refused { try await service(policy).takeUp() }
            try await refused { _ = try await service(policy).deliverDue(until: world.now.adding(seconds: 9)) }
            try await refused { _ = try await service(policy).test("ops", id: "t", by: "olga") }
            try await refused { _ = try await service(policy).retry(1) }
        }
        #expect(try await world.store.messageCursor(of: "ops") == place)
        _ = try await service(Self.policy.messages).test("ops", id: "t", by: "olga")
    }

    @Test func whichEnvironmentsAStageHasIsNotForOthersToSay() async throws {
        let admin = try await world.admin()
        let otto = try await world.add("otto", Grant(.operator, environments: ["dev"]), by: admin)
        try await world.accept(Self.policy, Self.fleet, by: admin)
        let set = PatchSet(id: "patchset-1", title: "t", madeBy: "olga", madeAt: world.now, plans: [], platforms: [])
        try await StageKeeper(store: world.store).keep(set, as: .patchset, id: "patchset-1", at: world.now)
        let promotions = PromotionService(store: world.store, tools: world.tools, access: otto)
        func sign(_ stages: PromotionPolicy, _ stage: StageID) async throws {
            _ = try await promotions.note(
                on: "patchset-1", kind: .tests, passes: true, stage: stage, text: "t", by: "otto", policy: stages)
        }
        let mine = PromotionPolicy(stages: [PromotionStage(id: "production", environments: ["dev"])])
        try await refused { try await sign(mine, "production") }
        try await sign(.standard(for: Self.fleet), "dev")
    }

    // MARK: Plans

    /// A plan outlives the folder that it was made from, and that may have been before anything was accepted.
    @Test func aPlanForAnotherFleetIsNeitherSubmittedNorApprovedNorStarted() async throws {
        let edits: [(inout Plan) -> Void] = [
            { for place in $0.targets.indices { $0.targets[place].environment = "dev" } },
            { $0.targets[0].address = .ssh("evil.example") },
            { $0.groups[0].id = "mine" },
            { $0.groups[0].memberAddresses["web-2"] = .ssh("evil.example") },
            { $0.groups[0].traffic?.address = .ssh("evil.example") },
            { $0.targets[0].carries = ["hidden"] },
        ]
        let admin = try await world.admin()
        let olga = try await world.add("olga", Grant(.operator), by: admin)
        try await world.accept(Self.policy, Self.fleet, by: admin)
        for (number, edit) in edits.enumerated() {
            try await keepPlan { plan in
                plan.id = PlanID("plan-\(number + 2)")
                edit(&plan)
            }
            try await refused(.blocked, "another fleet") {
                _ = try await world.changes(olga).submit(
                    plan: PlanID("plan-\(number + 2)"), kind: .normal, reason: "r", by: "olga", policy: Self.policy)
            }
        }
    }

    @Test func aHostThatIsAcceptedElsewhereMeanwhileVoidsWhatWasAgreedTo() async throws {
        let (admin, olga, change) = try await approved()
        var moved = Self.fleet
        moved.resources[1].address = .ssh("web-1.new")
        try await world.accept(Self.policy, moved, by: admin)
        let runs = RunService(store: world.store, tools: world.tools, access: olga)
        try await refused(.blocked, "web-1 is at web-1.new, not at web-1") {
            _ = try await runs.create(for: change, by: "olga")
        }
        try await world.accept(Self.policy, Self.fleet, by: admin)
        _ = try await runs.create(for: change, by: "olga")
    }

    private func approved() async throws -> (admin: Access, olga: Access, ChangeID) {
        try await keepPlan()
        let admin = try await world.admin()
        let olga = try await world.add("olga", Grant(.operator), by: admin)
        try await world.accept(Self.policy, Self.fleet, by: admin)
        let change = try await submit(olga, Self.policy, Self.fleet, by: "olga")
        for name in ["paul", "pia"] {
            let access = try await world.add(UserID(name), Grant(.approver), by: admin)
            _ = try await world.changes(access).vote(
                on: change.id, by: Person(name), approves: true, digest: change.plan.digest, note: "")
        }
        return (admin, olga, change.id)
    }

    /// By names that one login has given itself, and by whatever folder's rules.
    @Test func whatWasApprovedBeforeThereWereUsersStartsNothing() async throws {
        try await keepPlan()
        var lax = Self.policy
        lax.approvals = [:]
        let change = try await submit(.local, lax, Self.fleet, by: "alice (signed in as root)")
        _ = try await world.changes().vote(
            on: change.id, by: "bob (signed in as root)", approves: true, digest: change.plan.digest, note: "")
        let admin = try await world.admin()
        let olga = try await world.add("olga", Grant(.operator), by: admin)
        let runs = RunService(store: world.store, tools: world.tools, access: olga)
        try await refused { _ = try await runs.create(for: change.id, by: "olga") }
        try await world.accept(Self.policy, Self.fleet, by: admin)
        try await refused(.blocked, "older than the first policy") {
            _ = try await runs.create(for: change.id, by: "olga")
        }
    }

    @Test func aFreezeIsNotForOthersToTakeOut() async throws {
        let (_, olga, change) = try await approved()
        var frozen = Self.policy
        frozen.withoutWindow = .never
        let other = frozen
        let runs = RunService(store: world.store, tools: world.tools, access: olga)
        try await refused(.blocked, "accepted as trust-1") {
            _ = try await runs.create(for: change, calendar: RunCalendar { (other, Self.fleet) }, by: "olga")
        }
        let run = try await runs.create(for: change, calendar: RunCalendar { (Self.policy, Self.fleet) }, by: "olga")
        // What the file says while the run goes on counts no more than what it said before.
        let options = RunService.Options(executor: "x", calendar: RunCalendar { (other, Self.fleet) })
        try await refused(.blocked, "accepted as trust-1") {
            _ = try await runs.carryOut(run, startedBy: "olga", options: options)
        }
    }

    /// With the accepted policy, whose windows and freezes are told by where the fleet says that a host is.
    @Test func noHostIsMovedOutOfAFreezeByAFleetOfOnesOwn() async throws {
        let (_, olga, change) = try await approved()
        let runs = RunService(store: world.store, tools: world.tools, access: olga)
        var (moved, grouped, ungrouped, others) = (Self.fleet, Self.fleet, Self.fleet, Self.fleet)
        moved.resources[1].environment = "dev"
        grouped.groups.append(ResourceGroup(id: "mine", members: ["web-1"], minimumAvailable: .count(0)))
        ungrouped.groups[0].members.removeLast()
        for (fleet, words) in [
            (moved, "web-1 is in production, here in dev"), (grouped, "web-1 is in web, here in mine, web"),
            (ungrouped, "web-2 is in web, here in no group"),
        ] {
            try await refused(.blocked, words) {
                _ = try await runs.create(for: change, calendar: RunCalendar { (Self.policy, fleet) }, by: "olga")
            }
        }
        // Somebody else's host, which is none of this run's business.
        others.resources.append(Resource(id: "web-3", address: .ssh("web-3"), environment: "production"))
        others.groups[0].members.append("web-3")
        let other = others
        _ = try await runs.create(for: change, calendar: RunCalendar { (Self.policy, other) }, by: "olga")
    }

    /// After an upgrade: users are kept already, and nothing was accepted yet.
    @Test func aRunUnderWayGoesBackBeforeAnythingIsAccepted() async throws {
        try await keepPlan()
        let change = try await submit(.local, Self.policy, Self.fleet, by: "alice")
        for person: Person in ["bob", "carol"] {
            _ = try await world.changes().vote(
                on: change.id, by: person, approves: true, digest: change.plan.digest, note: "")
        }
        let local = RunService(store: world.store, tools: world.tools)
        let run = try await local.create(for: change.id, by: "alice")
        let claim = try await world.store.claim(
            run, executor: "gone", at: world.now, leaseSeconds: 1, takeOver: false)
        let event = RunEvent.started(change: change.id, plan: change.plan, by: "alice")
        try await world.store.append(
            [JournalRecord(sequence: 1, epoch: claim.epoch, at: world.now, event: event)], to: run)
        try await world.store.release(claim)
        try await local.ask(.rollback(by: "alice", reason: "upgrade"), of: run)
        let admin = try await world.admin()
        let olga = try await world.add("olga", Grant(.operator), by: admin)
        let options = RunService.Options(executor: "x", calendar: RunCalendar { (Self.policy, Self.fleet) })
        let result = try await RunService(store: world.store, tools: world.tools, access: olga)
            .carryOut(run, startedBy: "olga", options: options)
        guard case .ended(.rolledBack) = result else {
            Issue.record("\(result)")
            return
        }
    }

    @Test(arguments: 1...60)
    func aPlanOfTheAcceptedFleetIsNoOther(seed: UInt64) throws {
        for sample in [FleetGenerator.sample(seed: seed), FleetGenerator.ofAllStrategies(seed: seed)] {
            let planner = FilePlanner(
                fleet: sample.fleet, policy: sample.policy, facts: sample.facts, basis: .selection(sample.selection))
            guard let plan = try? planner.plan(at: FactSample.now.adding(seconds: 600)).plan else { continue }
            #expect(TrustedFleet(sample.fleet).differences(in: plan) == [])
        }
    }

    // MARK: Accepting

    @Test func whatDiffersIsToldAndNothingElseIsAccepted() async throws {
        let admin = try await world.admin()
        var policy = Self.policy
        let first = try await world.accept(policy, Self.fleet, by: admin)
        policy.approvals["production"]?.approvals = 0
        policy.changes.teams = ["a\nb\u{202E}": [String(repeating: "x", count: 500)]]
        let content = TrustContent(policy: policy, fleet: Self.fleet, keys: nil)
        let trust = world.trust(admin)
        let comparison = try await trust.compare(content)
        #expect(comparison.accepted?.digest == first.digest && comparison.digest != first.digest)
        #expect(comparison.differences.contains("policy approvals.production.approvals: 2, here 0"))
        #expect(comparison.differences.count == 2 && comparison.differences.allSatisfy { $0.utf8.count < 300 })
        #expect(comparison.differences.joined().unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202E}" })
        for wrong in ["", "0", String(comparison.digest.rawValue.prefix(11)), first.digest.rawValue] {
            try await refused(.drift) { _ = try await trust.accept(content, expecting: wrong, by: "root-admin") }
        }
        _ = try await trust.accept(
            content, expecting: String(comparison.digest.rawValue.prefix(12)), by: "root-admin")
        let mark = try await world.mark()
        #expect(try await trust.accept(content, by: "root-admin").differences.isEmpty)
        #expect(try await world.mark() == mark)
    }

    @Test func whatDiffersBeyondWhatIsShownIsTold() throws {
        let long = String(repeating: "x", count: 90)
        for (old, new) in [(long + "a", long + "b"), ("a\u{202E}", "a\u{202D}"), ("a\nb", "a\tb"), (long, long + "x")] {
            let lines = try TrustDifference.lines(["name": old], ["name": new], "policy")
            #expect(lines.count == 1 && lines[0].contains("from character") && lines[0].utf8.count < 300, "\(lines)")
            #expect(try TrustDifference.lines([old: 1], [new: 1], "policy").count == 2)
            #expect(try TrustDifference.lines([old: new], [old: new], "policy").isEmpty)
        }
    }

    @Test func whatDiffersBeyondWhatIsShownIsAccepted() async throws {
        let admin = try await world.admin()
        try await world.accept(Self.policy, Self.fleet, by: admin)
        var policy = Self.policy
        policy.messages?.receivers[0].address = .text("https://ops.example/\(Self.long)/b")
        let before = try await world.accept(policy, Self.fleet, by: admin)
        #expect(before.differences.count == 1, "\(before.differences)")
        let pinned = try await world.trust(admin).compare(TrustContent(policy: policy, fleet: Self.fleet, keys: nil))
        #expect(pinned.accepted?.id == "trust-2" && pinned.differences.isEmpty)
    }

    /// The highest number holds, and not the newest date: an admin's clock may be behind.
    @Test func whatIsAcceptedWithAClockThatIsBehindHoldsAllTheSame() async throws {
        try await keepPlan()
        let admin = try await world.admin()
        let olga = try await world.add("olga", Grant(.operator), by: admin)
        try await world.accept(Policy(), Self.fleet, by: admin)
        world.pass(seconds: -60)
        let late = TrustService(store: world.store, access: admin) { [world] in world.now }
        _ = try await late.accept(TrustContent(policy: Self.policy, fleet: Self.fleet, keys: nil), by: "root-admin")
        try await refused { _ = try await submit(olga, Policy(), Self.fleet, by: "olga") }
        _ = try await submit(olga, Self.policy, Self.fleet, by: "olga")
    }

    /// With the same policy.yaml and a file of keys of one's own beside it.
    @Test func anIssuersWordIsTakenByItsAcceptedKeysAlone() async throws {
        let issuer = IdentityPolicy(issuer: "https://id", audience: "fettle", keys: "keys.json")
        var policy = Self.policy
        policy.identity = issuer
        let keys = Digest(rawValue: String(repeating: "a", count: 64))
        let admin = try await world.admin()
        func zoe(_ issuer: IdentityPolicy, _ keys: Digest?) -> UserService {
            world.users(
                .external(IssuerTrust(policy: issuer, keys: keys)) { () throws(ControlError) in
                    Principal("zoe@id", grants: [Grant(.admin)], by: "https://id")
                })
        }
        try await refused { _ = try await zoe(issuer, keys).whoami() }
        let content = TrustContent(policy: policy, fleet: Self.fleet, keys: keys)
        _ = try await world.trust(admin).accept(content, by: "root-admin")
        #expect(try await zoe(issuer, keys).whoami()?.person == "zoe@id")
        var other = issuer
        other.groups = [IdentityPolicy.GroupGrants(group: "all", grants: [Grant(.admin)])]
        try await refused { _ = try await zoe(other, keys).whoami() }
        for others in [nil, Digest(rawValue: String(repeating: "b", count: 64))] {
            try await refused { _ = try await zoe(issuer, others).whoami() }
        }
    }
}
