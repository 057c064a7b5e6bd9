import FettleAssessment
import FettleModel
import Testing

@Suite struct ContinuityTests {
    private let first = DriftTests.now
    private var later: Timestamp { first.adding(seconds: 10 * 86_400) }
    private let facts = FactSet(
        id: "facts-1", observedAt: DriftTests.now,
        hosts: ["a", "b"].map { DriftTests.host($0, [DriftTests.package("openssl", "1")]) })

    private func finding(_ resource: ResourceID, fixed: String, advisories: [AdvisoryID] = []) -> Finding {
        Finding(
            id: FindingID("\(resource)/openssl/\(fixed)"), resource: resource, source: "openssl", packages: ["openssl"],
            installed: "1", fixed: fixed, updateClass: .security, advisories: advisories.map { Advisory(id: $0) },
            state: .missing, owner: .us, outcome: .outOfCycle, dueAt: nil, explanation: [], isOffered: true,
            isHeld: false)
    }

    private func set(_ findings: [Finding], at time: Timestamp) -> FindingSet {
        FindingSet(
            id: "findings-1", facts: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), assessedAt: time,
            feeds: .none, findings: findings, notJudged: [])
    }

    @Test func aFixIsAsOldAsItsFirstLook() {
        let one = set([finding("a", fixed: "2")], at: first).continuing(nil, facts: facts)
        let two = set([finding("a", fixed: "2")], at: later).continuing(one, facts: facts)
        #expect(two.findings[0].fixSeenAt == first)
    }

    @Test func aNewerFixIsYoung() {
        let one = set([finding("a", fixed: "2", advisories: ["CVE-2026-1"])], at: first)
            .continuing(nil, facts: facts)
        let two = set([finding("a", fixed: "3", advisories: ["CVE-2026-1"])], at: later)
            .continuing(one, facts: facts)
        #expect(two.findings[0].fixSeenAt == later)
    }

    /// Age and due date are the ledger's: one that is not in it is new, whatever an earlier set said.
    @Test func theLedgerAloneSaysHowOldAFindingIs() {
        var one = set([finding("a", fixed: "2", advisories: ["CVE-2026-1"])], at: first)
        one.findings[0].firstSeenAt = first.adding(seconds: -86_400)
        let two = set([finding("a", fixed: "3", advisories: ["CVE-2026-1"])], at: later).continuing(one, facts: facts)
        #expect(two.findings[0].firstSeenAt == nil && two.findings[0].dueAt == nil)
        let aged = FindingAges([]).applied(to: two, policy: Policy())
        #expect(aged.findings[0].firstSeenAt == later)
    }

    @Test func aVersionIsAsOldAsOnTheFirstHostThatShowedIt() {
        let one = set([finding("a", fixed: "2")], at: first).continuing(nil, facts: facts)
        let two = set([finding("b", fixed: "2")], at: later).continuing(one, facts: facts)
        #expect(two.findings[0].fixSeenAt == first)
    }

    @Test func findingsOfBeforeDatesWereKeptCountFromTheirAssessment() {
        let two = set([finding("a", fixed: "2")], at: later)
            .continuing(set([finding("a", fixed: "2")], at: first), facts: facts)
        #expect(two.findings[0].fixSeenAt == first)
    }

    @Test func aHostThatDoesNotAnswerOnceDoesNotMakeItsFindingsNew() {
        let silent = FactSet(
            id: "facts-2", observedAt: first, hosts: [DriftTests.host("a", [], reason: "no route")])
        var one = set([finding("a", fixed: "2")], at: first).continuing(nil, facts: observed)
        #expect(one.remembered == nil)
        for day in 1..<4 {
            one = set([], at: first.adding(seconds: day * 86_400)).continuing(one, facts: silent)
            #expect(one.remembered?.count == 1)
        }
        let back = set([finding("a", fixed: "2")], at: later).continuing(one, facts: observed)
        #expect(back.findings[0].fixSeenAt == first)
        #expect(back.remembered == nil)
    }

    private var observed: FactSet {
        var facts = facts
        for place in facts.hosts.indices { facts.hosts[place].updates = .observed([]) }
        return facts
    }
}
