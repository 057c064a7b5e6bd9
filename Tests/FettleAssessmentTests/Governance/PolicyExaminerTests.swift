import FettleAssessment
import FettleModel
import Testing

@Suite struct PolicyExaminerTests {
    private let now = DriftTests.now

    private func fleet(owner: String? = "ops", group: Bool = true) -> Fleet {
        Fleet(
            environments: [
                Environment(id: "dev", isProtected: false), Environment(id: "production", isProtected: true),
            ],
            resources: [Resource(id: "web-1", address: .ssh("web-1"), environment: "production", owner: owner)],
            groups: group
                ? [
                    ResourceGroup(
                        id: "web", members: ["web-1"], minimumAvailable: .count(0),
                        probes: [Probe(name: "p", check: .tcp(port: 80))])
                ] : [])
    }

    private func examine(
        _ policy: Policy = Policy(), declared: Set<String> = [], fleet: Fleet? = nil,
        _ record: PolicyRecord = PolicyRecord()
    ) -> [String: PolicyAdherence.Rule] {
        let adherence = PolicyExaminer(
            policy: policy, declared: declared, fleet: fleet ?? self.fleet(), record: record, at: now
        ).examine()
        return adherence.rules.reduce(into: [:]) { $0[$1.topic] = $1 }
    }

    @Test func whatIsOnlyDefaultedIsNotDeveloped() {
        let defaulted = examine()
        for topic in ["approvals", "classes", "baselines", "due dates"] {
            #expect(defaulted[topic]?.developed == .no, "\(topic)")
        }
        let written = examine(declared: ["approvals", "classes", "baselines", "dueInDays"])
        for topic in ["approvals", "classes", "baselines", "due dates"] {
            #expect(written[topic]?.developed == .yes, "\(topic)")
        }
    }

    @Test func whereNobodyElseNeedAgreeIsAGap() {
        func gaps(_ edit: (inout Policy) -> Void) -> [String] {
            var policy = Policy()
            edit(&policy)
            return (examine(policy, declared: ["approvals"])["approvals"]?.gaps ?? []).map(\.what)
        }
        #expect(gaps { _ in } == [])
        #expect(
            gaps { $0.defaultApproval = ApprovalRule(approvals: 1, requesterMayApprove: true) } == [
                "production is protected, and who asks for a change may approve it"
            ])
        #expect(gaps { $0.defaultApproval = ApprovalRule(approvals: 2, requesterMayApprove: true) } == [])
        #expect(
            gaps { $0.changes.emergency.approvals = 0 } == [
                "an emergency needs no approval, in protected environments neither"
            ])
        #expect(gaps { $0.approvals["production"] = ApprovalRule(approvals: 0, requesterMayApprove: false) }.count == 1)
    }

    @Test func anEmergencyThatNobodyLookedAtInTimeIsAGap() {
        var record = PolicyRecord()
        record.overdueReviews = ["change-7"]
        let gaps = examine(declared: ["approvals"], record)["approvals"]?.gaps ?? []
        #expect(gaps.map(\.what) == ["the emergency change-7 was not reviewed in time, and the next one is not taken"])
        #expect(gaps.first?.remedy.contains("fettle change review change-7") == true)
    }

    @Test func windowsAndFreezesAreTold() {
        #expect(examine()["order"]?.statement.contains("there are no maintenance windows") == true)
        var policy = Policy()
        policy.windows = [MaintenanceWindow(id: "nights", events: [])]
        policy.freezes = [Freeze(id: "year-end", reason: "closing of the year", events: [])]
        let words = examine(policy)["order"]?.statement ?? ""
        #expect(words.contains("in the windows nights; what none of them is for, at any time."))
        #expect(words.contains("Frozen: year-end (closing of the year)."))
        policy.withoutWindow = .never
        #expect(examine(policy)["order"]?.statement.contains("what none of them is for, never.") == true)
    }

    @Test func whatTheFleetFileLacksIsNotImplemented() {
        #expect(examine()["owners"]?.implemented == .yes)
        let bare = examine(fleet: fleet(owner: nil, group: false))
        #expect(bare["owners"]?.implemented == .no)
        #expect(bare["order"]?.gaps.contains { $0.what.contains("in no group") } == true)
        var open = Policy()
        open.approvals = ["production": ApprovalRule(approvals: 0, requesterMayApprove: false)]
        #expect(examine(open)["approvals"]?.implemented == .partly)
    }

    @Test func whatTheStoreShowsIsWhatIsFollowed() {
        let nothing = examine()
        #expect(nothing["due dates"]?.followed == .unknown)
        #expect(nothing["scans"]?.followed == .no)
        var host = DriftTests.host("web-1", [])
        var record = PolicyRecord(
            facts: FactSet(id: "facts-1", observedAt: now, hosts: [host]),
            findings: findings(due: now.adding(seconds: 60)),
            lastRuns: ["production": now])
        #expect(examine(record)["scans"]?.followed == .yes)
        #expect(examine(record)["due dates"]?.followed == .yes)
        #expect(examine(record)["order"]?.followed == .yes)
        host.observedAt = now.adding(seconds: -8 * 86_400)
        record.facts?.hosts = [host]
        record.findings = findings(due: now.adding(seconds: -60))
        #expect(examine(record)["scans"]?.followed == .partly)
        let late = examine(record)["due dates"]
        #expect(late?.followed == .partly)
        #expect(late?.gaps.contains { $0.remedy == "fettle plan make --host web-1" } == true)
    }

    private func examine(_ record: PolicyRecord) -> [String: PolicyAdherence.Rule] {
        examine(Policy(), declared: [], fleet: nil, record)
    }

    @Test func aChangeWithoutItsApprovalsIsTold() {
        let rule = ApprovalRule(approvals: 1, requesterMayApprove: false)
        let change = Change(
            id: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "0")), kind: .normal,
            reason: "",
            requestedBy: "alice", requestedAt: now, rule: rule, run: "run-1")
        let gaps = examine(PolicyRecord(changes: [change]))["approvals"]?.gaps.map(\.what)
        #expect(gaps?.contains("change-1 was carried out without its approvals") == true)
    }

    private func findings(due: Timestamp) -> FindingSet {
        FindingSet(
            id: "findings-1", facts: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), assessedAt: now,
            feeds: .none,
            findings: [
                Finding(
                    id: "web-1/x/2", resource: "web-1", source: "x", packages: ["x"], installed: "1", fixed: "2",
                    updateClass: .security, advisories: [], state: .missing, owner: .us, outcome: .immediate,
                    dueAt: due,
                    explanation: [], isOffered: true, isHeld: false)
            ], notJudged: [])
    }
}
