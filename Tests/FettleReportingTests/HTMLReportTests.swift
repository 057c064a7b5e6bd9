import FettleModel
import FettleReporting
import FettleTestSupport
import Foundation
import Testing

@Suite struct HTMLReportTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func evidence(output: String = "", events: [RunEvent]) -> Evidence {
        let plan = RollingPlan.plan(size: 2, lanes: 1)
        let digest = Digest(rawValue: String(repeating: "a", count: 64))
        let reference = StageReference(id: plan.id.rawValue, digest: digest)
        let change = Change(
            id: "change-1", plan: reference, kind: .normal, reason: "patches", requestedBy: "alice", requestedAt: start,
            rule: ApprovalRule(approvals: 1, requesterMayApprove: false),
            votes: [.init(person: "bob", approves: true, digest: digest, at: start, note: "", isOwnChange: false)])
        let facts = FactSet(id: "facts-1", observedAt: start, hosts: [])
        let findings = FindingSet(
            id: "findings-1", facts: reference, assessedAt: start, feeds: .none, findings: [], notJudged: [])
        let journal = events.enumerated().map { index, event in
            JournalRecord(sequence: index + 1, epoch: 1, at: start.adding(seconds: index), event: event)
        }
        return Evidence(
            run: "run-1", change: change, plan: plan, before: facts, after: nil, findingsBefore: findings,
            findingsAfter: nil, journal: journal)
    }

    private func events(output: String) -> [RunEvent] {
        [
            .started(
                change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "a")), by: "alice"),
            .stepIntended(step: "web-1/patch", attempt: 1, prior: nil),
            .stepFailed(
                step: "web-1/patch", attempt: 1,
                failure: StepFailure(code: .packageManager, message: "dpkg <failed>", output: output)),
            .rollbackRequested(by: nil, reason: "web-1 failed"),
            .ended(outcome: .rolledBack(reason: "web-1 failed")),
        ]
    }

    @Test func oneLoginBehindTwoNamesIsSaidInTheReport() {
        var evidence = evidence(events: events(output: ""))
        #expect(!HTMLReport.page(RunReport(evidence)).contains("stands behind"))
        evidence.change.requestedBy = "alice (signed in as root)"
        evidence.change.votes[0].person = "bob (signed in as root)"
        #expect(HTMLReport.page(RunReport(evidence)).contains("root stands behind more than one name"))
    }

    /// A feed that names no advisories is one all the same.
    @Test func whatWasNotCheckedIsSaidWithTheTrueReason() {
        var evidence = evidence(events: events(output: ""))
        let none = HTMLReport.page(RunReport(evidence))
        #expect(none.contains("<b>not checked</b>: no feed was given."))
        evidence.findingsBefore.feeds = FeedCoverage(feeds: [
            .init(name: "KEV", kind: .exploited, publishedAt: nil, records: 7)
        ])
        let list = HTMLReport.page(RunReport(evidence))
        #expect(list.contains("<b>not checked</b>: no feed that was given has any.") && list.contains("KEV: 7 records"))
        evidence.findingsBefore.feeds.feeds.append(
            .init(name: "Debian", kind: .advisories, publishedAt: nil, records: 9))
        #expect(!HTMLReport.page(RunReport(evidence)).contains("<b>not checked</b>"))
    }

    @Test func whatAHostSaidCannotBecomePartOfThePage() {
        let hostile = "</pre><script>alert(1)</script>\u{1b}[31m\u{0}"
        let page = HTMLReport.page(RunReport(evidence(events: events(output: hostile))))
        #expect(!page.contains("<script"))
        #expect(page.contains("&lt;script&gt;"))
        #expect(!page.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
    }

    @Test func whatACanaryWasComparedWithIsOneTableAndNoHostCanWriteIntoIt() {
        let row = JudgementRow(
            subject: "<b>orders.service</b>: memory", patched: "9 KiB/min", control: "0 KiB/min",
            figure: "lower | bound",
            verdict: "fail")
        let failure = StepFailure(code: .unhealthy, message: "leaks", output: JudgementRow.text(of: [row]))
        var evidence = evidence(events: [
            .stepIntended(step: "web-1/patch", attempt: 1, prior: nil),
            .stepFailed(step: "web-1/patch", attempt: 1, failure: failure),
        ])
        bake("web-1/patch", in: &evidence.plan)
        let page = HTMLReport.page(RunReport(evidence))
        #expect(page.contains("What the canary showed"))
        #expect(
            page.contains("&lt;b&gt;orders.service") && page.contains("9 KiB/min") && page.contains("lower   bound"))
        #expect(!page.contains("what the host said"), "the table is told once")
    }

    /// A maintainer script prints what it likes, and observations hold what hosts said.
    @Test func onlyABakeShowsATable() throws {
        let forged = JudgementRow.text(of: [
            JudgementRow(subject: "everything", patched: "well", control: "well", figure: "sure", verdict: "pass")
        ])
        let page = HTMLReport.page(RunReport(evidence(events: events(output: forged))))
        #expect(!page.contains("What the canary showed"))
        #expect(page.contains("what the host said") && page.contains("everything | well"))

        var seen = Observation(verdict: .pass, summary: "done", observedAt: start)
        seen.details[JudgementRow.detailsKey] = forged
        let failure = StepFailure(code: .unhealthy, message: "worse", output: forged)
        for end in [
            RunEvent.stepDone(step: "web-1/patch", attempt: 1, observation: seen),
            .stepFailed(step: "web-1/patch", attempt: 1, failure: failure),
        ] {
            var evidence = evidence(events: [.stepIntended(step: "web-1/patch", attempt: 1, prior: nil), end])
            #expect(RunStory(plan: evidence.plan, journal: evidence.journal).steps.map(\.judgement) == [nil])
            bake("web-1/patch", in: &evidence.plan)
            let story = RunStory(plan: evidence.plan, journal: evidence.journal)
            #expect(story.steps.map { $0.judgement?.map(\.subject) } == [["everything"]])
        }
    }

    /// Makes a bake of the step.
    private func bake(_ id: StepID, in plan: inout Plan) {
        for index in plan.steps.indices where plan.steps[index].id == id {
            plan.steps[index].action = .bake(seconds: 60, resources: ["web-1"], probes: [])
        }
    }

    @Test func nothingIsLoadedFromAnywhere() {
        let page = HTMLReport.page(RunReport(evidence(events: events(output: ""))))
        for word in ["http://", "https://", "src=", "@import", "url("] { #expect(!page.contains(word)) }
    }

    @Test func whatWentWrongComesFirst() throws {
        let page = HTMLReport.page(RunReport(evidence(events: events(output: "x"))))
        let trouble = try #require(page.range(of: "What went other than planned"))
        let hosts = try #require(page.range(of: "Hosts, before and after"))
        #expect(trouble.lowerBound < hosts.lowerBound)
        #expect(page.contains("rolled back"))
    }

    @Test func withoutFactsAfterwardsNothingIsClaimed() {
        let report = RunReport(evidence(events: events(output: "")))
        #expect(report.hosts.allSatisfy { $0.verdict == .notObserved && $0.findingsAfter == nil })
        #expect(HTMLReport.page(report).contains("not checked"))
    }

    /// Nothing was found on a host that did not answer: that is no zero.
    @Test func ofAHostThatDidNotAnswerAfterwardsNoNumberIsClaimed() {
        var evidence = evidence(events: events(output: ""))
        evidence.after = FactSet(
            id: "facts-2", observedAt: start,
            hosts: [
                .nothingObserved(of: "web-1", at: start, reachability: .unreachable(reason: "gone"), reason: "gone")
            ])
        evidence.findingsAfter = evidence.findingsBefore
        let host = RunReport(evidence).hosts.first { $0.resource == "web-1" }
        #expect(host?.verdict == .unreachable && host?.findingsAfter == nil)
    }

    /// Both have the version from before: one was changed and put back, the other never touched.
    @Test func whatWasTakenBackIsToldFromWhatWasNotTouched() throws {
        var evidence = evidence(events: [])
        let back = try #require(
            evidence.plan.rollback.first { step in
                if step.resource == "web-1", case .changePackages = step.action { true } else { false }
            })
        let seen = Observation(verdict: .pass, summary: "back", observedAt: start)
        let record = JournalRecord(
            sequence: 1, epoch: 1, at: start, event: .stepDone(step: back.id, attempt: 1, observation: seen))
        evidence.journal = [record]
        let facts = FactSet(
            id: "facts-1", observedAt: start,
            hosts: evidence.plan.targets.map { target in
                FactSample.host(target.resource, packages: [FactSample.package("openssl", "1")], at: start)
            })
        evidence.before = facts
        evidence.after = facts
        #expect(RunReport(evidence).hosts.map(\.verdict) == [.takenBack, .unchanged])
    }

    /// Who was shut down for good is well when it does not answer, and is told where it does.
    @Test func whoWasShutDownIsToldFromWhoCannotBeReached() throws {
        var evidence = evidence(events: [])
        var step = try #require(evidence.plan.steps.first { $0.resource == "web-1" })
        (step.id, step.action) = ("web-1/retire", .retire)
        evidence.plan.steps = [step]
        let silent = HostFacts.nothingObserved(
            of: "web-1", at: start, reachability: .unreachable(reason: "gone"), reason: "gone")
        let seen = Observation(verdict: .pass, summary: "told to shut down", observedAt: start)
        let done = JournalRecord(
            sequence: 1, epoch: 1, at: start, event: .stepDone(step: step.id, attempt: 1, observation: seen))
        for (journal, host, verdict) in [
            ([done], silent, HostResult.Verdict.retired), ([done], FactSample.host("web-1", at: start), .returned),
            ([], silent, .unreachable), ([], FactSample.host("web-1", at: start), .unchanged),
        ] {
            evidence.journal = journal
            evidence.after = FactSet(id: "facts-2", observedAt: start, hosts: [host])
            #expect(RunReport(evidence).hosts.first { $0.resource == "web-1" }?.verdict == verdict)
            let shortfalls = RunReport.shortfalls(of: evidence, closing: [])
            #expect(shortfalls == (verdict == .returned ? ["web-1 was shut down for good, and answers again"] : []))
        }
    }

    /// No step names the packages that an image brings: what the plan asks of the host afterwards does, and one that was taken back is
    /// not called patched.
    @Test func aHostThatWasReplacedIsJudgedByWhatThePlanAsksOfIt() {
        for (version, verdicts) in [("2", [HostResult.Verdict.patched, .patched]), ("1", [.takenBack, .unchanged])] {
            var evidence = evidence(events: [])
            let there = ImageReplacement(image: "base", from: "1", to: "2")
            evidence.plan = evidence.plan.replacing(by: there)
            let seen = Observation(verdict: .pass, summary: "back", observedAt: start)
            let steps: [StepID] =
                version == "2"
                ? evidence.plan.steps.filter { if case .replaceImage = $0.action { true } else { false } }.map(\.id)
                : ["web-1/rollback/return"]
            evidence.journal = steps.enumerated().map { number, step in
                JournalRecord(
                    sequence: number + 1, epoch: 1, at: start,
                    event: .stepDone(step: step, attempt: 1, observation: seen))
            }
            func facts(_ version: String) -> FactSet {
                FactSet(
                    id: "facts-1", observedAt: start,
                    hosts: evidence.plan.targets.map { target in
                        FactSample.host(target.resource, packages: [FactSample.package("openssl", version)], at: start)
                    })
            }
            evidence.before = facts("1")
            evidence.after = facts(version)
            let hosts = RunReport(evidence).hosts
            #expect(hosts.map(\.verdict) == verdicts)
            #expect(hosts.allSatisfy { $0.changes.map(\.planned.to) == ["2"] })
        }
    }

    @Test func theStoryTellsAttemptsAndDecisions() throws {
        let story = RunStory(
            plan: RollingPlan.plan(size: 2, lanes: 1), journal: evidence(events: events(output: "")).journal)
        let step = try #require(story.steps.first)
        #expect(step.step == "web-1/patch")
        #expect(step.failure?.code == .packageManager)
        #expect(story.outcome == .rolledBack(reason: "web-1 failed"))
        #expect(story.moments.contains { $0.text.contains("failure budget") })
    }

    /// A host that was put back for a pause was not out all the while.
    /// The machine writes the answer and no failure, and the gate that stopped everything stood in no table.
    @Test func aGateThatAPersonRefusedIsOneThatFailed() throws {
        let events: [RunEvent] = [
            .started(
                change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "a")), by: "alice"),
            .gateAnswered(step: "web-1/gate", by: "bob", verdict: .fail, reason: "it looks wrong"),
        ]
        let story = RunStory(plan: RollingPlan.plan(size: 2, lanes: 1), journal: evidence(events: events).journal)
        let gate = try #require(story.steps.first)
        #expect(gate.step == "web-1/gate" && gate.failure?.message == "bob answered no: it looks wrong")
        #expect(gate.observation == nil && gate.endedAt != nil)
    }

    @Test func aStepThatIsTakenAnewAfterAPauseHasTwoTimes() {
        let seen = Observation(verdict: .pass, summary: "out", observedAt: start)
        let events: [RunEvent] = [
            .stepIntended(step: "web-1/drain", attempt: 1, prior: nil),
            .stepDone(step: "web-1/drain", attempt: 1, observation: seen),
            .paused(by: "alice", reason: "lunch"), .resumed(by: "alice"),
            .stepIntended(step: "web-1/drain", attempt: 2, prior: nil),
            .stepDone(step: "web-1/drain", attempt: 2, observation: seen),
        ]
        let story = RunStory(plan: RollingPlan.plan(size: 2, lanes: 1), journal: evidence(events: events).journal)
        #expect(story.steps.map(\.startedAt) == [start, start.adding(seconds: 4)])
        #expect(story.steps.map(\.endedAt) == [start.adding(seconds: 1), start.adding(seconds: 5)])
    }
}

extension Plan {
    /// The same with an image in the place of every change of packages, and openssl 2 proven afterwards.
    fileprivate func replacing(by there: ImageReplacement) -> Plan {
        func replaced(_ steps: [Step], _ action: ImageReplacement) -> [Step] {
            steps.map { step in
                var step = step
                switch step.action {
                case .changePackages: step.action = .replaceImage(replacement: action)
                case .gate:
                    step.action = .verify(
                        expectation: HostExpectation(
                            packages: [PackageVersion(name: "openssl", architecture: "amd64", version: "2")]))
                default: break
                }
                return step
            }
        }
        var plan = self
        plan.steps = replaced(steps, there)
        plan.rollback = replaced(rollback, there.reversed)
        return plan
    }
}
