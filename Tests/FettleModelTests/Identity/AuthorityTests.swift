import FettleModel
import Testing

/// Separation of duties: every act, every role, in and out of scope, against a table that is written by hand.
@Suite struct AuthorityTests {
    /// v o p a u: viewer, operator, approver, admin, auditor; a dot where that role may not.
    private static let table: [Act: String] = [
        .read: "vopau",
        .readIdentities: "...au",
        .scan: ".o...",
        .plan: ".o...",
        .submit: ".o...",
        .vote: "..p..",
        .review: "..p..",
        .run: ".o...",
        .steer: ".o...",
        .answerGate: ".op..",
        .waive: "..p..",
        .makePatchSet: ".o...",
        .notePatchSet: ".op..",
        .settleQuarantine: ".o...",
        .recordStatement: ".o...",
        .message: ".o...",
        .exportEvidence: "....u",
        .makeSigningKey: "...a.",
        .administrate: "...a.",
        .acceptPolicy: "...a.",
        .makeOwnToken: "vopau",
    ]
    private static let letters: [Role: Character] = [
        .viewer: "v", .operator: "o", .approver: "p", .admin: "a", .auditor: "u",
    ]

    private static func may(_ act: Act, on scope: ActScope, _ grants: Grant..., limits: [Grant]? = nil) -> Bool {
        Authority.refusal(of: act, on: scope, by: Principal("alice", grants: grants, limits: limits)) == nil
    }

    private static let dev = ActPlace(environment: "dev", groups: ["web"])
    private static let production = ActPlace(environment: "production", groups: ["web"])

    @Test(arguments: Act.allCases, Role.allCases)
    func anActIsDoneByItsRolesAloneAndOnlyInTheirScope(act: Act, role: Role) throws {
        let letter = try #require(Self.letters[role])
        let holds = try #require(Self.table[act]).contains(letter)
        let here = Grant(role, environments: ["dev"], groups: ["web"])
        for (scope, whole, part) in [
            (ActScope.nowhere, true, true), (.places([Self.dev]), true, true),
            (.places([Self.production]), true, false),
            (.places([Self.dev, Self.production]), true, false), (.everywhere, true, false), (.places([]), true, true),
        ] {
            #expect(Self.may(act, on: scope, Grant(role)) == (holds && whole), "\(act) by \(role) on \(scope)")
            #expect(Self.may(act, on: scope, here) == (holds && part), "\(act) by \(here) on \(scope)")
            #expect(!Self.may(act, on: scope), "\(act) by nobody")
            // A token's limits take away and never give.
            #expect(Self.may(act, on: scope, Grant(role), limits: [here]) == (holds && part))
            #expect(Self.may(act, on: scope, here, limits: [Grant(role)]) == (holds && part))
            #expect(!Self.may(act, on: scope, Grant(role), limits: []))
        }
    }

    /// What a token is good for is the least of both, whichever of the two is more: for every pair of roles.
    @Test(arguments: Act.allCases, Role.allCases)
    func aTokensRoleGivesNothingThatItsOwnersDoesNot(act: Act, role: Role) throws {
        let row = try #require(Self.table[act])
        let holds = try #require(Self.letters[role].map(row.contains))
        for limit in Role.allCases {
            let isInBoth = try holds && #require(Self.letters[limit].map(row.contains))
            let (dev, production) = (Grant(limit, environments: ["dev"]), Grant(limit, environments: ["production"]))
            for scope in [ActScope.nowhere, .places([Self.dev]), .places([Self.production]), .everywhere] {
                #expect(Self.may(act, on: scope, Grant(role), limits: [Grant(limit)]) == isInBoth)
                let isHere = scope == .nowhere || scope == .places([Self.dev])
                #expect(Self.may(act, on: scope, Grant(role), limits: [dev]) == (isInBoth && isHere))
                // In one place by the role, in another by the token: in none.
                let apart = Self.may(act, on: scope, Grant(role, environments: ["dev"]), limits: [production])
                #expect(apart == (isInBoth && scope == .nowhere), "\(act) by \(role) limited to \(limit) on \(scope)")
            }
        }
    }

    /// A limit is one only if its owner may do all of it.
    @Test(arguments: Role.allCases, Role.allCases) func aLimitBeyondTheRolesIsFound(role: Role, limit: Role) throws {
        let (own, asked) = (try #require(Self.letters[role]), try #require(Self.letters[limit]))
        let isMore = Self.table.values.contains { $0.contains(asked) && !$0.contains(own) }
        #expect((Authority.beyond([Grant(limit)], of: [Grant(role)]) != nil) == isMore, "\(limit) of \(role)")
        #expect(isMore == (limit != role && limit != .viewer))
        let here = [Grant(role, environments: ["dev", "qa"], groups: ["web*"])]
        guard !isMore else { return }
        for grant in [
            Grant(limit), Grant(limit, environments: ["dev"], groups: ["web-1", "web*"]),
            Grant(limit, environments: ["qa", "dev"], groups: ["web-1"]),
        ] {
            #expect(Authority.beyond([grant], of: here) == nil, "\(grant)")
        }
        for grant in [
            Grant(limit, environments: ["dev"]), Grant(limit, groups: ["web-1"]),
            Grant(limit, environments: ["dev", "production"], groups: ["web-1"]),
            Grant(limit, environments: ["d*"], groups: ["web-1"]), Grant(limit, environments: ["dev"], groups: ["w*"]),
            Grant(limit, environments: ["dev"], groups: ["web-1", "db"]),
        ] {
            #expect(Authority.beyond([Grant(limit), grant], of: here) == grant, "\(grant)")
        }
    }

    @Test func aLimitIsCoveredByAllRolesTogether() {
        let roles = [Grant(.operator, environments: ["dev"]), Grant(.operator, environments: ["qa"], groups: ["web"])]
        #expect(Authority.beyond([Grant(.operator, environments: ["dev", "qa"], groups: ["web"])], of: roles) == nil)
        #expect(Authority.beyond([Grant(.operator, environments: ["dev", "qa"])], of: roles) != nil)
        #expect(Authority.beyond([], of: roles) == nil)
        #expect(Authority.beyond([Grant(.viewer)], of: []) != nil)
    }

    /// All roles but those of the act together do not do it either.
    @Test(arguments: Act.allCases) func noOtherRolesAddUpToTheRightOne(act: Act) throws {
        let row = try #require(Self.table[act])
        let others = Role.allCases.filter { role in Self.letters[role].map { !row.contains($0) } ?? false }
        let principal = Principal("alice", grants: others.map { Grant($0) })
        #expect(Authority.refusal(of: act, on: .nowhere, by: principal) != nil)
    }

    @Test func grantsOfSeveralPlacesAddUpAndCrossOverNowhere() {
        let both = ActScope.places([Self.dev, Self.production])
        #expect(
            Self.may(.run, on: both, Grant(.operator, environments: ["dev"]), Grant(.operator, environments: ["prod*"]))
        )
        #expect(!Self.may(.run, on: both, Grant(.operator, environments: ["dev"]), Grant(.approver)))
        // In a group by one grant and in the environment by another is in neither place.
        #expect(
            !Self.may(
                .run, on: .places([Self.production]), Grant(.operator, environments: ["production"], groups: ["db"]),
                Grant(.operator, environments: ["dev"], groups: ["web"])))
    }

    @Test func everyGroupOfAHostCounts() {
        let place = ActScope.places([ActPlace(environment: "dev", groups: ["db", "web"])])
        #expect(!Self.may(.run, on: place, Grant(.operator, groups: ["web"])))
        #expect(Self.may(.run, on: place, Grant(.operator, groups: ["web", "d*"])))
        #expect(!Self.may(.run, on: .places([ActPlace(environment: "dev")]), Grant(.operator, groups: ["w*"])))
        #expect(Self.may(.run, on: .places([ActPlace(environment: "dev")]), Grant(.operator, groups: ["*"])))
    }

    @Test func anUnknownEnvironmentIsCoveredByNoGlobButEverything() {
        let unknown = ActScope.places([ActPlace(environment: nil, groups: ["web"])])
        #expect(!Self.may(.run, on: unknown, Grant(.operator, environments: ["?*"])))
        #expect(Self.may(.run, on: unknown, Grant(.operator)))
    }

    /// A waiver for `prod?` must not pass for one for `prod*`: a pattern is covered by itself alone.
    @Test func aPatternIsCoveredByItselfOrEverything() {
        let scope = ActScope(WaiverScope(.source("openssl"), environments: ["prod*"]))
        #expect(Self.may(.waive, on: scope, Grant(.approver, environments: ["prod*"])))
        #expect(Self.may(.waive, on: scope, Grant(.approver)))
        for glob in ["prod?", "production", "p*", "prod", "??????*"] {
            #expect(!Self.may(.waive, on: scope, Grant(.approver, environments: [glob])), "\(glob)")
        }
        #expect(ActScope(WaiverScope(.source("openssl"), groups: ["web"])) == .everywhere)
    }

    @Test func aRefusalTellsWhatWouldBeRight() {
        let principal = Principal("alice", grants: [Grant(.operator, environments: ["dev"])])
        let role = Authority.refusal(of: .vote, on: .nowhere, by: principal)
        #expect(role?.message.contains("approver") == true && role?.message.contains("operator:dev") == true)
        let place = Authority.refusal(of: .run, on: .places([Self.production]), by: principal)
        #expect(
            place?.message.contains("production (web)") == true && place?.hint.contains("fettle user roles") == true)
    }

    @Test(arguments: [
        Grant(.viewer), Grant(.operator, environments: ["dev", "qa*"]), Grant(.approver, groups: ["web-?"]),
        Grant(.admin, environments: ["a_b.c-d"], groups: ["x", "y*"]),
    ])
    func aGrantIsReadAsItIsWritten(grant: Grant) { #expect(Grant(grant.description) == grant) }

    @Test(arguments: [
        "", "root", "operator:", "operator:/", "operator:dev/", "operator:,", "operator:dev,,qa", "Operator",
        "operator ",
        "operator:a b", "operator:a\nb", "operator:$(x)", "operator:dev/web/db", "operator:a:b", "viewer:\u{430}",
        "operator:" + String(repeating: "a", count: 65),
    ])
    func whatIsNoGrantIsNone(text: String) { #expect(Grant(text) == nil) }

    @Test func aPlansScopeIsItsHostsWithTheirGroupsAndWhatGoesDownWithThem() {
        let host = PlanTarget(resource: "hv-1", address: .local, environment: "dev", carries: ["vm-1", "vm-2"])
        let group = PlannedGroup(
            id: "web", members: ["vm-1"], minimumAvailable: 0, maximumOut: 1, traffic: nil, probes: [])
        let plan = Plan(
            id: "plan-1", title: "", selection: StageReference(id: "s", digest: Digest(rawValue: "0")),
            createdAt: Timestamp(milliseconds: 0), environments: ["dev"], targets: [host], groups: [group], steps: [],
            rollback: [], order: [], limits: PlanLimits())
        let fleet = Fleet(
            environments: [], resources: [Resource(id: "vm-1", address: .local, environment: "production")], groups: [])
        #expect(
            ActScope(plan, fleet: fleet)
                == .places([
                    ActPlace(environment: nil), ActPlace(environment: "dev"),
                    ActPlace(environment: "production", groups: ["web"]),
                ]))
        #expect(ActScope(plan, only: ["hv-1"]) == .places([ActPlace(environment: "dev")]))
    }

    @Test func oneLoginBehindTwoNamesIsTold() {
        func change(_ by: Person, _ votes: Person...) -> Change {
            var change = Change(
                id: "c", plan: StageReference(id: "p", digest: Digest(rawValue: "0")), kind: .normal, reason: "",
                requestedBy: by, requestedAt: Timestamp(milliseconds: 0),
                rule: ApprovalRule(approvals: 1, requesterMayApprove: false))
            change.votes = votes.map {
                .init(
                    person: $0, approves: true, digest: Digest(rawValue: "0"), at: Timestamp(milliseconds: 0), note: "",
                    isOwnChange: false)
            }
            return change
        }
        #expect(change("alice (signed in as root)", "bob (signed in as root)").sharedLogins == ["root"])
        #expect(change("root", "bob (signed in as root)").sharedLogins == ["root"])
        #expect(change("alice", "bob (signed in as carol)", "dora (signed in as carol)").sharedLogins == ["carol"])
        #expect(change("alice", "bob").sharedLoginWords == nil)
        #expect(change("alice", "alice").sharedLogins.isEmpty)
    }
}
