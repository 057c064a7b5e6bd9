import FettleModel
import Testing

@testable import FettleMessaging

@Suite struct ServiceNowTests {
    private let double = ServiceNowDouble()
    private let template = "0123456789abcdef0123456789abcdef"

    private func deliver(
        _ event: MessageEvent, _ server: WebServer, reference: String? = nil, seconds: Int = 60
    ) async -> DeliveryOutcome {
        let settings = MessageReceiver.ServiceNowSettings(
            templates: ["weekly": template], fields: ["assignment_group": "Linux"])
        return await Sample.deliver(
            event, to: Sample.receiver(.serviceNow(settings), server.address, user: "fettle"),
            secret: "secret password",
            reference: reference,
            by: MessageDelivery(version: "0", limits: .init(connectSeconds: 60, totalSeconds: seconds)))
    }

    @Test(arguments: [
        (Change.Kind.normal, "normal", [-5, -4, -3, -2, -1, 0, 3]),
        (.emergency, "emergency", [-5, -3, -2, -1, 0, 3]), (.standard, "standard", [-5, -2, -1, 0, 3]),
    ])
    func aRecordGoesTheWayOfItsKindToTheEnd(kind: Change.Kind, type: String, states: [Int]) async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        var reference: String?
        let succeeded = MessageEvent.RunFacts(id: "run-1", outcome: .succeeded)
        let steps: [(MessageKind, ChangePhase, MessageEvent.RunFacts?)] = [
            (.changeSubmitted, .authorise, nil), (.changeApproved, .scheduled, nil), (.runStarted, .implement, nil),
            (.runSucceeded, .review, succeeded), (.changeReviewed, .closed, succeeded),
        ]
        for (event, phase, run) in steps {
            let facts = Sample.change(phase, kind: kind, template: kind == .standard ? "weekly" : nil)
            let outcome = await deliver(Sample.event(event, facts, run: run), server, reference: reference)
            guard case .delivered(let id?) = outcome.kind else {
                Issue.record("\(event): \(outcome.note)")
                continue
            }
            #expect(reference == nil || reference == id)
            reference = id
        }
        let record = try #require(double.records.first)
        #expect(double.records.count == 1 && record.type == type && record.passed == states)
        #expect(record.fields["correlation_id"] == "change-1-0123456789ab")
        #expect(record.fields["assignment_group"] == "Linux")
        #expect(record.fields["close_code"] == "successful")
        #expect(record.fields["close_notes"]?.contains("run-1") == true)
        #expect(record.notes.count == steps.count)
        let paths = server.requests.filter { $0.method == "POST" }.map(\.target)
        let end = kind == .standard ? "standard/\(template)" : type
        #expect(paths == ["/api/sn_chg_rest/change/\(end)"])
        await server.stop()
    }

    @Test func whatEndedOtherwiseIsClosedAsUnsuccessfulWithTheReason() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        let run = MessageEvent.RunFacts(id: "run-1", outcome: .rolledBack, reason: "web-2's gate failed")
        _ = await deliver(Sample.event(.runRolledBack, Sample.change(.closed), run: run), server)
        let record = try #require(double.records.first)
        #expect(record.state == 3 && record.fields["close_code"] == "unsuccessful")
        #expect(record.fields["close_notes"]?.contains("web-2's gate failed") == true)
        await server.stop()
    }

    @Test func aChangeThatIsGivenUpIsCancelledThere() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        _ = await deliver(Sample.event(), server)
        let outcome = await deliver(Sample.event(.changeRejected, Sample.change(.cancelled)), server)
        #expect(outcome.isDelivered && double.records.map(\.state) == [4])
        // Nobody reopens it, and a message that comes late is no failure.
        #expect(await deliver(Sample.event(), server).isDelivered)
        #expect(double.records.map(\.state) == [4])
        await server.stop()
    }

    @Test func aTryThatDiedAfterMakingTheRecordMakesNoSecond() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        double.loseAnswers(1)
        #expect(await deliver(Sample.event(), server, seconds: 1).isFailed)
        #expect(double.records.count == 1)
        #expect(await deliver(Sample.event(), server).isDelivered)
        #expect(double.records.count == 1 && double.records[0].state == -3)
        await server.stop()
    }

    @Test func anApprovalThatIsMissingThereIsAFailureThatMayPass() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        double.close([-2])
        let event = Sample.event(.changeApproved, Sample.change(.scheduled))
        let outcome = await deliver(event, server)
        #expect(outcome.isFailed && outcome.note.contains("stays Authorize"), "\(outcome.note)")
        double.close([])
        #expect(await deliver(event, server).isDelivered)
        #expect(double.records.map(\.state) == [-2])
        await server.stop()
    }

    @Test func theTimeOfTheChangeIsWrittenInUTC() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        let window = TimeWindow(
            opensAt: try #require(Timestamp("2026-11-28T22:00:00Z")),
            closesAt: try #require(Timestamp("2026-11-29T02:00:00Z")))
        _ = await deliver(Sample.event(.changeSubmitted, Sample.change(window: window)), server)
        #expect(double.records.first?.fields["start_date"] == "2026-11-28 22:00:00")
        #expect(double.records.first?.fields["end_date"] == "2026-11-29 02:00:00")
        await server.stop()
    }

    /// Asked for first and given a time later, which is how `change submit` and `change schedule` go.
    @Test func aTimeThatIsSaidOrTakenBackLaterIsWrittenToo() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        func dates() -> [String?] { ["start_date", "end_date"].map { double.records.first?.fields[$0] } }
        _ = try await tell(.changeSubmitted, nil, server)
        #expect(dates() == [nil, nil])
        let first = try await tell(.changeScheduled, ("2026-11-28T22:00:00Z", "2026-11-29T02:00:00Z"), server)
        #expect(dates() == ["2026-11-28 22:00:00", "2026-11-29 02:00:00"])
        _ = try await tell(.changeScheduled, ("2026-11-30T22:00:00Z", "2026-12-01T02:00:00Z"), server)
        #expect(dates() == ["2026-11-30 22:00:00", "2026-12-01 02:00:00"])
        _ = try await tell(.changeScheduled, nil, server)
        #expect(dates() == ["", ""])
        // A record that is as it should be is left alone.
        let before = server.requests.count { $0.json["start_date"] != nil }
        _ = try await tell(.changeApproved, nil, server)
        #expect(server.requests.count { $0.json["start_date"] != nil } == before)
        #expect(first.isDelivered && double.records.count == 1)
        await server.stop()
    }

    private func tell(
        _ kind: MessageKind, _ time: (String, String)?, _ server: WebServer
    ) async throws -> DeliveryOutcome {
        var window: TimeWindow?
        if let time {
            window = TimeWindow(
                opensAt: try #require(Timestamp(time.0)), closesAt: try #require(Timestamp(time.1)))
        }
        return await deliver(Sample.event(kind, Sample.change(window: window)), server)
    }

    @Test func aTestWritesNothing() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        #expect(await deliver(Sample.event(.test, nil), server).isDelivered)
        #expect(double.records.isEmpty && server.requests.allSatisfy { $0.method == "GET" })
        await server.stop()
    }
}

@Suite struct JiraTests {
    private let double = JiraDouble()

    private func deliver(_ event: MessageEvent, _ server: WebServer, reference: String? = nil) async -> DeliveryOutcome
    {
        let settings = MessageReceiver.JiraSettings(
            project: "OPS", transitions: [.implement: "in progress", .closed: "Done", .cancelled: "Cancelled"])
        return await Sample.deliver(
            event, to: Sample.receiver(.jira(settings), server.address, user: "ops@example.org"), reference: reference)
    }

    @Test func anIssueIsMadeBroughtOnAndCommentedOn() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        let succeeded = MessageEvent.RunFacts(id: "run-1", outcome: .succeeded)
        let steps: [(MessageKind, ChangePhase, String)] = [
            (.changeSubmitted, .authorise, "To Do"), (.changeApproved, .scheduled, "To Do"),
            (.runStarted, .implement, "In Progress"), (.runPaused, .implement, "In Progress"),
            (.runSucceeded, .closed, "Done"),
        ]
        var reference: String?
        for (event, phase, status) in steps {
            let outcome = await deliver(
                Sample.event(event, Sample.change(phase), run: succeeded), server, reference: reference)
            #expect(outcome.kind == .delivered(reference: "OPS-1"), "\(event): \(outcome.note)")
            #expect(double.issues.first?.status == status)
            reference = "OPS-1"
        }
        #expect(double.issues.count == 1 && double.issues[0].comments.count == steps.count)
        #expect(double.issues[0].labels == ["fettle", "fettle-change-1-0123456789ab"])
        await server.stop()
    }

    @Test func anIssueIsFoundAgainByItsLabelAlone() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        for reference in [nil, "OPS-99", "../../x", nil] {
            #expect(await deliver(Sample.event(), server, reference: reference).isDelivered)
        }
        #expect(double.issues.count == 1)
        #expect(server.requests.allSatisfy { !$0.target.contains("..") })
        await server.stop()
    }

    @Test func aTryThatBreaksOffSaysNothingTwice() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        double.loseComments(true)
        let event = Sample.event(.runStarted, Sample.change(.implement))
        #expect(await deliver(event, server).isFailed)
        double.loseComments(false)
        #expect(await deliver(event, server).isDelivered)
        #expect(double.issues.map(\.status) == ["In Progress"] && double.issues.map(\.comments.count) == [1])
        await server.stop()
    }

    @Test func aStatusThatNoTransitionLeadsToIsToldAndMayPass() async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        let outcome = await deliver(Sample.event(.runSucceeded, Sample.change(.closed)), server)
        #expect(outcome.isFailed && outcome.note.contains("no transition leads OPS-1 to 'Done'"), "\(outcome.note)")
        await server.stop()
    }

    @Test(arguments: Sample.hostile)
    func whatAPersonWroteIsOnlyText(reason: String) async throws {
        let server = try await WebServer { [double] in double.answer($0) }
        let outcome = await deliver(Sample.event(.changeSubmitted, Sample.change(reason: reason)), server)
        #expect(outcome.isDelivered, "\(outcome.note)")
        #expect((double.issues.first?.summary.count ?? .max) <= 255)
        await server.stop()
    }
}
