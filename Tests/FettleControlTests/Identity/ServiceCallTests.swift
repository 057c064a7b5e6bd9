import FettleAssessment
import FettleEvidence
import FettleModel
import FettlePlanning
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl
@testable import FettleStore

/// Generated sequences of calls to real services by people with and without the role: no call by somebody without it changes anything,
/// and no run is made without a valid quorum.
///
/// What is expected stands here once more, by hand, and is not asked of `Authority`. 100,000 sequences with `FETTLE_TEST_LONG=1`.
@Suite struct ServiceCallTests {
    /// Somebody, and what they may, in words of this test's own.
    private struct Actor: Sendable {
        var name: Person
        var access: Access
        var roles: Set<String>
        /// Where their roles hold.
        var environments: Set<String>
        /// Has no token, or one that is good for nothing.
        var isOut = false

        func may(_ role: String, in environment: String? = nil) -> Bool {
            !isOut && roles.contains(role) && (environment.map(environments.contains) ?? true)
        }
    }

    /// What an observer writes down of votes that were taken.
    private struct Approval: Hashable, Sendable {
        var change: ChangeID
        var person: Person
    }

    private static let environments = ["dev", "production"]
    private static let policy: Policy = {
        var policy = Policy()
        policy.approvals = ["production": ApprovalRule(approvals: 2, requesterMayApprove: false)]
        return policy
    }()
    private static let fleet: Fleet = {
        var builder = FleetBuilder(environments: ["dev", "production"])
        builder.pool("dev", size: 2, in: "dev", minimum: .count(1))
        builder.pool("web", size: 2, in: "production", minimum: .count(1))
        builder.host("lb-1", in: "production", address: .local)
        return builder.fleet
    }()

    private static let cast: [(String, [String], [String])] = [
        ("olga", ["operator"], environments), ("otto", ["operator"], ["dev"]), ("paul", ["approver"], environments),
        ("pia", ["approver"], environments), ("pit", ["approver"], ["dev"]), ("vera", ["viewer"], environments),
        ("adam", ["admin"], environments), ("uta", ["auditor"], environments),
        ("both", ["operator", "approver"], environments), ("gone", ["operator", "approver", "admin"], environments),
    ]

    private static func actors(in world: IdentityWorld) async throws -> [Actor] {
        let admin = try await world.admin()
        var actors = [Actor(name: "root", access: .local, roles: [], environments: [], isOut: true)]
        for (name, roles, places) in cast {
            let grants = roles.compactMap { Role(rawValue: $0) }.map {
                Grant($0, environments: places == environments ? [] : places)
            }
            _ = try await world.users(admin).add(UserID(name), grants: grants, by: "root-admin")
            let access = try await world.letIn(UserID(name), by: "root-admin", admin)
            actors.append(
                Actor(
                    name: Person(name), access: access, roles: Set(roles), environments: Set(places),
                    isOut: name == "gone"))
        }
        _ = try await world.users(admin).setDisabled(true, "gone", by: "root-admin")
        return actors
    }

    private static func keepPlans(in world: IdentityWorld) async throws {
        for (number, environment) in (environments + environments).enumerated() {
            var plan = RollingPlan.plan(size: 2, lanes: 1)
            plan.id = PlanID("plan-\(number + 1)")
            plan.environments = [EnvironmentID(environment)]
            for place in plan.targets.indices { plan.targets[place].environment = EnvironmentID(environment) }
            if environment == "dev" {
                let text = String(decoding: try CanonicalJSON.encode(plan), as: UTF8.self)
                plan = try CanonicalJSON.decode(Plan.self, from: Data(text.replacing("web", with: "dev").utf8))
            }
            try await StageKeeper(store: world.store).keep(plan, as: .plan, id: plan.id.rawValue, at: world.now)
        }
    }

    @Test(arguments: Self.firsts)
    func nobodyWithoutTheRoleChangesAnythingAndNoRunIsWithoutAQuorum(first: UInt64) async throws {
        var seen: Set<String> = []
        for seed in first..<first + Self.seedsEach {
            seen.formUnion(try await Self.play(seed))
        }
        // Not vacuous: what may be done is done, and every kind of call is refused to somebody.
        for call in Self.calls { #expect(seen.contains("\(call) refused"), "\(call) was never refused, from \(first)") }
        for call in [
            "submit", "vote", "withdraw", "create", "ask", "waive", "endWaiver", "setGrants", "note", "accept",
            "enrolLost", "imageAdd", "imagePromote", "imageRetire",
        ] {
            #expect(seen.contains("\(call) done"), "\(call) was never done, from \(first)")
        }
    }

    /// Each case plays so many seeds, from the one that it is given.
    private static let seedsEach: UInt64 = TestScale.isLong ? 1_000 : 200
    private static let firsts = Array(stride(from: UInt64(1), to: TestScale.isLong ? 100_001 : 201, by: Int(seedsEach)))

    private static let calls =
        [
            "submit", "vote", "withdraw", "schedule", "review", "create", "ask", "answer", "waive", "endWaiver",
            "setGrants",
            "addUser", "enrol", "enrolLost", "endToken", "scan", "plan", "makeSet", "note", "statement", "export",
            "anchor", "settle",
            "accept",
        ] + ImageCalls.calls + ForeignFolder.calls

    private static let content = TrustContent(policy: policy, fleet: fleet, keys: nil)
    private static let busy: [Person] = ["olga", "both", "paul", "pia"]

    private static func play(_ seed: UInt64) async throws -> Set<String> {
        var random = SplitMix(seed: seed)
        let stage = try await stage.value
        let world = try await stage.copied()
        let actors = stage.actors
        let scene = Scene(world: world, actors: actors)
        await scene.begin()
        var seen: Set<String> = []
        for _ in 0..<20 {
            // Half of the time somebody who may much, and what runs need: else little would ever be done.
            let isBusy = Bool.random(using: &random)
            let names = isBusy ? actors.filter { Self.busy.contains($0.name) } : actors
            let kinds =
                isBusy ? ["vote", "vote", "vote", "create", "create", "create", "submit", "withdraw"] + calls : calls
            guard let actor = names.randomElement(using: &random), let call = kinds.randomElement(using: &random)
            else { break }
            // Now and then in the name of somebody else.
            let claimed = Int.random(in: 0..<6, using: &random) == 0 ? actors.randomElement(using: &random)?.name : nil
            let before = try await world.mark()
            let (allowed, act) = scene.call(call, actor, by: claimed ?? actor.name, &random)
            let mayDo = allowed && (claimed ?? actor.name) == actor.name
            do {
                try await act()
                #expect(mayDo, "seed \(seed): \(call) by \(actor.name) as \(claimed ?? actor.name) was done")
                seen.insert("\(call) done")
            } catch let error as ControlError {
                if !mayDo {
                    seen.insert("\(call) refused")
                    let isSame = try await world.mark() == before
                    #expect(
                        isSame, "seed \(seed): \(call) by \(actor.name) was refused (\(error)) and changed something")
                }
            }
            try await scene.judge(seed)
            world.pass(seconds: 1)
        }
        return seen
    }

    /// What every sequence begins with: brought about by people who may, once, and then copied.
    private struct Stage: Sendable {
        var actors: [Actor]
        var contents: InMemoryStore.Contents

        func copied() async throws -> IdentityWorld {
            let world = IdentityWorld()
            await world.store.take(contents)
            try await world.store.createRun("run-1", change: "change-1", at: world.now)
            try await world.store.quarantine(
                QuarantineEntry(
                    resource: "dev-1", run: "run-1", reason: "r", owner: "o", since: world.now, deadline: world.now,
                    obligations: []))
            return world
        }
    }

    private static let stage = Task { () async throws -> Stage in
        let world = IdentityWorld()
        let actors = try await Self.actors(in: world)
        try await Self.keepPlans(in: world)
        let admin = try #require(actors.first { $0.name == "adam" }).access
        _ = try await world.trust(admin).accept(Self.content, by: "adam")
        try await Scene(world: world, actors: actors).prepare()
        return Stage(actors: actors, contents: await world.store.contents)
    }

    private struct Scene {
        let world: IdentityWorld
        let actors: [Actor]
        private let approvals = Approvals()

        /// Of votes that were taken of somebody who may, as this test sees it.
        private actor Approvals {
            var all: Set<Approval> = []
            func add(_ approval: Approval) { all.insert(approval) }
        }

        init(world: IdentityWorld, actors: [Actor]) {
            self.world = world
            self.actors = actors
        }

        private func access(_ name: Person) -> Access { actors.first { $0.name == name }?.access ?? .local }

        func begin() async {
            await approvals.add(Approval(change: "change-1", person: "pit"))
            await approvals.add(Approval(change: "change-2", person: "paul"))
        }

        func prepare() async throws {
            let change = try await world.changes(access("olga")).submit(
                plan: "plan-1", kind: .normal, reason: "r", by: "olga", policy: policy)
            _ = try await world.changes(access("pit")).vote(
                on: change.id, by: "pit", approves: true, digest: change.plan.digest, note: "")
            _ = try await RunService(store: world.store, tools: world.tools, access: access("otto")).create(
                for: change.id, by: "otto")
            let second = try await world.changes(access("both")).submit(
                plan: "plan-2", kind: .normal, reason: "r", by: "both", policy: policy)
            _ = try await world.changes(access("paul")).vote(
                on: second.id, by: "paul", approves: true, digest: second.plan.digest, note: "")
            let set = PatchSet(
                id: "patchset-1", title: "t", madeBy: "olga", madeAt: world.now, plans: [], platforms: [])
            try await StageKeeper(store: world.store).keep(set, as: .patchset, id: "patchset-1", at: world.now)
            _ = try await waivers(access("paul")).grant(request("dev"), by: "paul", policy: policy)
            try await ImageCalls(world: world, stages: .standard(for: fleet)).prepare(access("adam"), access("olga"))
        }

        private func waivers(_ access: Access) -> WaiverService {
            WaiverService(store: world.store, access: access) { [world] in world.now }
        }

        private func request(_ environment: String) -> WaiverService.Request {
            WaiverService.Request(
                scope: WaiverScope(.source("openssl"), environments: [environment]), kind: .accepted, reason: "r",
                owner: "o", expiresAt: world.now.adding(seconds: 86_400))
        }

        /// Whether this person may, by this test's own account; and the call.
        func call(
            _ name: String, _ actor: Actor, by person: Person, _ random: inout SplitMix
        ) -> (Bool, () async throws -> Void) {
            let isProduction = Bool.random(using: &random)
            let environment = isProduction ? "production" : "dev"
            let change: ChangeID = isProduction ? "change-2" : "change-1"
            let approves = Int.random(in: 0..<6, using: &random) > 0
            let (world, access) = (world, actor.access)
            let changes = world.changes(access)
            let runs = RunService(store: world.store, tools: world.tools, access: access)
            switch name {
            case "submit":
                let plan: PlanID = isProduction ? "plan-4" : "plan-3"
                return (
                    actor.may("operator", in: environment),
                    { _ = try await changes.submit(plan: plan, kind: .normal, reason: "r", by: person, policy: policy) }
                )
            case "vote":
                return (
                    actor.may("approver", in: environment),
                    { [approvals] in
                        let digest = try await changes.change(change).plan.digest
                        _ = try await changes.vote(on: change, by: person, approves: approves, digest: digest, note: "")
                        if approves { await approvals.add(Approval(change: change, person: person)) }
                    }
                )
            case "withdraw":
                return (actor.may("operator", in: environment), { _ = try await changes.withdraw(change, by: person) })
            case "schedule":
                let window = TimeWindow(opensAt: world.now, closesAt: world.now.adding(seconds: 900))
                return (
                    actor.may("operator", in: environment),
                    { _ = try await changes.schedule(change, for: window, by: person) }
                )
            case "review":
                return (
                    actor.may("approver", in: environment),
                    { _ = try await changes.review(change, text: "t", by: person) }
                )
            case "create":
                return (actor.may("operator", in: environment), { _ = try await runs.create(for: change, by: person) })
            case "ask":
                return (
                    actor.may("operator", in: "dev"),
                    { try await runs.ask(.pause(by: person, reason: "r"), of: "run-1") }
                )
            case "answer":
                return (
                    actor.may("operator", in: "dev") || actor.may("approver", in: "dev"),
                    { try await runs.ask(.answer(step: "s", by: person, verdict: .pass, reason: "r"), of: "run-1") }
                )
            default: return administration(name, actor, by: person, environment)
            }
        }

        private func administration(
            _ name: String, _ actor: Actor, by person: Person, _ environment: String
        ) -> (Bool, () async throws -> Void) {
            let (world, access, tools) = (world, actor.access, world.tools)
            let waivers = waivers(access)
            let request = request(environment)
            switch name {
            case "waive":
                return (
                    actor.may("approver", in: environment),
                    { _ = try await waivers.grant(request, by: person, policy: policy) }
                )
            case "endWaiver":
                return (
                    actor.may("approver", in: "dev"), { _ = try await waivers.end("waiver-1", by: person, reason: "r") }
                )
            case "setGrants":
                return (
                    actor.may("admin"),
                    { _ = try await world.users(access).setGrants([Grant(.viewer)], of: "vera", by: person) }
                )
            case "addUser":
                return (
                    actor.may("admin"),
                    { _ = try await world.users(access).add("new", grants: [Grant(.admin)], by: person) }
                )
            case "enrol":
                return (actor.may("admin"), { _ = try await world.tokens(access).enrol("new", by: person) })
            case "enrolLost":
                return (
                    actor.may("admin"), { _ = try await world.tokens(access).enrol("vera", by: person, isLost: true) }
                )
            case "accept":
                // The same once more: what holds for the rest of the sequence stays.
                return (
                    actor.may("admin"), { _ = try await world.trust(access).accept(content, by: person) }
                )
            case "endToken":
                // The first enrolment, used long ago: nobody's own but the first admin's.
                return (actor.may("admin"), { _ = try await world.tokens(access).end("token-1", by: person) })
            case "settle":
                let quarantine = QuarantineService(store: world.store, tools: tools, access: access)
                return (
                    actor.may("operator"),
                    { _ = try await quarantine.settle("dev-1", by: person, note: "", isRemoved: true) }
                )
            case _ where ImageCalls.calls.contains(name):
                let calls = ImageCalls(world: world, stages: .standard(for: fleet))
                let allowed = name == "imageAdd" ? actor.may("admin") : actor.may("operator", in: environment)
                return (allowed, calls.call(name, access, by: person, environment))
            case _ where ForeignFolder.calls.contains(name):
                return (false, ForeignFolder(world: world, fleet: fleet, policy: policy).call(name, access, by: person))
            default: return looks(name, actor, by: person, environment)
            }
        }

        private func looks(
            _ name: String, _ actor: Actor, by person: Person, _ environment: String
        ) -> (Bool, () async throws -> Void) {
            let (world, access, tools) = (world, actor.access, world.tools)
            let promotions = PromotionService(store: world.store, tools: tools, access: access)
            switch name {
            case "scan":
                let scans = ScanService(store: world.store, tools: tools, access: access)
                let hosts = fleet.resources.filter { $0.environment.rawValue == environment }
                // It is done in nobody's name: only what they show counts.
                let isOwn = person == actor.name
                return (
                    actor.may("operator", in: environment) && isOwn,
                    {
                        guard isOwn else { throw ControlError(.blocked, "not asked") }
                        _ = try await scans.scan(hosts, fleet: fleet, policy: policy, feeds: .none)
                    }
                )
            case "plan":
                let plans = PlanService(store: world.store, tools: tools, access: access)
                let filter = PatchFilter(environments: [EnvironmentID(environment)])
                let isOwn = person == actor.name
                return (
                    actor.may("operator", in: environment) && isOwn,
                    {
                        guard isOwn else { throw ControlError(.blocked, "not asked") }
                        _ = try await plans.make(filter: filter, fleet: fleet, policy: policy)
                    }
                )
            case "makeSet":
                return (
                    actor.may("operator"), { _ = try await promotions.make(from: ["plan-1"], title: "t", by: person) }
                )
            case "note":
                let stages = PromotionPolicy.standard(for: fleet)
                return (
                    actor.may("operator") || actor.may("approver"),
                    {
                        _ = try await promotions.note(
                            on: "patchset-1", kind: .regression, passes: false, stage: nil, text: "t", by: person,
                            policy: stages)
                    }
                )
            case "statement":
                let governance = GovernanceService(store: world.store, tools: tools, access: access)
                return (
                    actor.may("operator"),
                    {
                        _ = try await governance.add(
                            .providerStatement, for: "x", note: "", by: person, fleet: fleet, policy: policy)
                    }
                )
            case "anchor":
                let log = LogService(store: world.store, access: access)
                return (
                    actor.may("auditor"),
                    {
                        let link = Digest(rawValue: String(repeating: "a", count: 64))
                        let head = try SignedHead(sequence: 1, link: link, key: SigningKey())
                        try await log.anchored(head, at: "file", by: person)
                    }
                )
            default:
                let bundles = BundleService(store: world.store, access: access)
                return (
                    actor.may("auditor"),
                    { _ = try await bundles.export("run-1", by: person, key: SigningKey(), secrets: SecretMask()) }
                )
            }
        }

        /// Counted anew from what this test has seen: each run's change has its quorum, of people who might.
        func judge(_ seed: UInt64) async throws {
            let seen = await approvals.all
            for summary in try await world.store.runs(limit: .max) {
                let change = try await world.changes().change(summary.change)
                let isProduction = change.plan.id == "plan-2"
                let people = seen.filter { $0.change == change.id && $0.person != change.requestedBy }.map(\.person)
                #expect(
                    people.count >= (isProduction ? 2 : 1), "seed \(seed): \(summary.run) of \(change.id) by \(people)")
                let isAllowed = people.allSatisfy { person in
                    cast.contains { name, roles, places in
                        name == person.rawValue && roles.contains("approver")
                            && places.contains(isProduction ? "production" : "dev") && name != "gone"
                    }
                }
                #expect(isAllowed, "seed \(seed): \(people)")
            }
        }
    }
}

extension InMemoryStore {
    /// With the log as it is: a change counts only as the log tells of it.
    fileprivate struct Contents: Sendable {
        var documents: [DocumentKey: StoredDocument]
        var waivers: [WaiverEvent]
        var log: [LogRecord]
    }

    fileprivate var contents: Contents {
        Contents(documents: storedDocuments, waivers: waiverLog, log: logRecords)
    }

    fileprivate func take(_ contents: Contents) {
        storedDocuments = contents.documents
        waiverLog = contents.waivers
        logRecords = contents.log
    }
}
