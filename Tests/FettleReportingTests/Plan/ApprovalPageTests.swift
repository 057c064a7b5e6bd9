import FettleModel
import Testing

@testable import FettleReporting

/// What whoever is asked to agree sees: the change above the plan that it asks for.
@Suite struct ApprovalPageTests {
    private static let plan = StageReference(id: "plan-1", digest: Digest(rawValue: String(repeating: "ab", count: 32)))

    private static func change(_ text: String = "October's updates", person: Person = "alice") -> Change {
        var change = Change(
            id: "change-7", plan: plan, kind: .normal, reason: text, requestedBy: person,
            requestedAt: Timestamp(milliseconds: 1_795_424_400_000),
            rule: ApprovalRule(
                approvals: 3, requesterMayApprove: false,
                demands: [.init(what: "owner of web", people: ["dora"], askingAgrees: false)]))
        change.votes = [
            Change.Vote(
                person: "bob", approves: true, digest: plan.digest, at: Timestamp(milliseconds: 1_795_428_000_000),
                note: text, isOwnChange: false)
        ]
        change.schedule = TimeWindow(
            opensAt: Timestamp(milliseconds: 1_795_500_000_000), closesAt: Timestamp(milliseconds: 1_795_503_600_000))
        return change
    }

    private func page(_ change: (inout ApprovalPicture) -> Void = { _ in }) -> String {
        var approval = ApprovalPicture(change: Self.change(), phase: .authorise)
        change(&approval)
        return PlanPage.html(PlanSample.small.picture, for: approval)
    }

    @Test func itTellsWhatIsAskedOfWhomAndHowFarItIs() {
        let page = page()
        for words in [
            "change-7: October&#39;s updates", "awaiting approval", "1 of 3 approvals given, not by the requester",
            "2 approvals; one of dora (owner of web)", "alice at 2026-11-23 09:00 UTC",
            "2026-11-24 06:00 to 2026-11-24 07:00", "<td>bob</td>",
        ] {
            #expect(page.contains(words), "\(words)")
        }
    }

    @Test func moreApprovalsThanAreNeededAreNoShareOfThem() {
        var change = Self.change()
        func told(_ needed: Int, _ given: Int) -> String {
            change.rule.approvals = needed
            change.votes = (0..<given).map {
                Change.Vote(
                    person: Person("person-\($0)"), approves: true, digest: change.plan.digest, at: change.requestedAt,
                    note: "", isOwnChange: false)
            }
            return ApprovalWords.rule(change)
        }
        #expect(told(1, 0) == "0 of 1 approval given, not by the requester")
        #expect(told(2, 2) == "2 of 2 approvals given, not by the requester")
        #expect(told(2, 3) == "3 approvals given, 2 are needed, not by the requester")
        #expect(told(1, 2) == "2 approvals given, one is needed, not by the requester")
        #expect(told(0, 1) == "1 approval given, none is needed, not by the requester")
        #expect(told(0, 0) == "0 of 0 approvals given, not by the requester")
    }

    @Test func itTellsOfThePlanWhatAnApproverAnswersFor() {
        let picture = PlanSample.small.picture
        let page = page()
        for name in ["Blast radius", "Rollback class", "Point of no return", "Predicted time", "Both risks"] {
            #expect(page.contains("<th>\(name)</th>"), "\(name)")
        }
        #expect(page.contains(ApprovalWords.reach(BlastRadius(picture.plan))))
        #expect(page.contains(PlanWords.duration(picture.times.total.p95Seconds)))
        #expect(page.contains(picture.digest.rawValue))
        #expect(PlanPage.html(picture).contains("Blast radius") == false, "a plan alone asks nobody")
    }

    @Test func aPointOfNoReturnIsNamed() {
        var picture = PlanSample.small.picture
        picture.plan.pointOfNoReturn = "db-1/patch"
        let page = PlanPage.html(picture, for: ApprovalPicture(change: Self.change(), phase: .authorise))
        #expect(page.contains("db-1/patch: from there on not everything can be taken back"))
    }

    @Test func driftStandsAboveAllElseAndVoidsTheVotes() throws {
        let page = page {
            $0.phase = .scheduled
            $0.drift = ["group api now needs 4 in service, the plan keeps 3"]
        }
        let drift = try #require(page.firstRange(of: "group api now needs 4 in service"))
        let heading = try #require(page.firstRange(of: "<h2>change-7"))
        #expect(drift.lowerBound < heading.lowerBound)
        #expect(page.contains("The votes cast are void.") && page.contains("void: the world has changed"))
        #expect(!page.contains("\">approved</span></p>"), "it does not pass for approved")
    }

    @Test func conflictsAreTold() {
        #expect(
            page { $0.conflicts = ["change-7 and change-8 overlap: both change web-1"] }.contains("both change web-1"))
    }

    @Test func whatPeopleWriteCannotBecomePartOfThePage() {
        let hostile = "</p><script>alert(1)</script>\u{1b}[31m"
        let page = page {
            $0.change = Self.change(hostile, person: Person(hostile))
            $0.drift = [hostile]
            $0.conflicts = [hostile]
        }
        #expect(!page.contains("<script") && page.contains("&lt;script&gt;"))
        #expect(!page.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
    }

    @Test func nothingIsLoadedAndNothingRuns() {
        let page = page { $0.drift = ["x"] }
        for word in ["http://", "https://", "src=", "@import", "url(", "<script", "href=", "onload"] {
            #expect(!page.contains(word))
        }
    }
}
