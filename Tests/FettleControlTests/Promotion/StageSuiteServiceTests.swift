import FettleModel
import FettleStore
import Foundation
import Testing

@testable import FettleControl

/// A stage's own suite, asked and heard by the service.
extension PromotionServiceTests {
    static var suitePolicy: Policy {
        var policy = policy
        policy.promotion?.stages[0].tests = .webhook(
            receiver: receiver, answerSeconds: 660, answeredBy: "suite")
        policy.promotion?.stages[1].after.signOffs = [.tests]
        return policy
    }

    private static let receiver = MessageReceiver(
        name: "s", kind: .webhook, address: .text("https://suite.example"), secret: .environment("S"))

    private static func stages(_ suite: StageTests) -> PromotionPolicy {
        var stages = Self.stages
        stages.stages[0].tests = suite
        return stages
    }

    private static var stages: PromotionPolicy { suitePolicy.promotion ?? PromotionPolicy(stages: []) }

    /// From now on users are kept, and this folder is accepted.
    ///
    /// - Returns: how alice signs in; she operates everything.
    func accept(_ policy: Policy, suites: [StageID: Digest]? = nil) async throws -> Access {
        let local = UserService(store: store)
        _ = try await local.add("root-admin", grants: [Grant(.admin)], by: "root")
        func letIn(_ name: UserID, by person: Person, _ access: Access) async throws -> Access {
            let enrolment = try await TokenService(store: store, access: access).enrol(name, by: person)
            let made = try await TokenService(store: store, access: .token(enrolment.text))
                .make(title: "", limits: nil, days: 90)
            return .token(made.text)
        }
        let admin = try await letIn("root-admin", by: "root", .local)
        _ = try await UserService(store: store, access: admin)
            .add("alice", grants: [Grant(.operator)], by: "root-admin")
        _ = try await TrustService(store: store, access: admin).accept(
            TrustContent(policy: policy, fleet: Self.fleet, keys: nil, suites: suites), by: "root-admin")
        return try await letIn("alice", by: "root-admin", admin)
    }

    private func promotions(after seconds: Int) -> PromotionService {
        var later = tools
        later.now = { Timestamp.now().adding(seconds: seconds) }
        return PromotionService(store: store, tools: later)
    }

    /// Brought to dev, and asked about.
    private func asked() async throws -> (set: PatchSetID, digest: FettleModel.Digest, request: PatchSetNote) {
        try await scan()
        let set = try await made()
        try await carryOut(try await promote(set, to: "dev"))
        let request = try await promotions.ask(set, in: "dev", by: "alice", policy: Self.stages)
        return (set, try await promotions.set(set).digest, request)
    }

    private func waits(_ set: PatchSetID) async throws -> [String] {
        let row = try await promotions.pipeline(fleet: Self.fleet, policy: Self.suitePolicy, only: set).rows[0]
        return row.waitsFor.map(\.words)
    }

    @Test func theSuitesAnswerIsTheSignOffAndBoundToTheDigest() async throws {
        let (set, digest, request) = try await asked()
        #expect(request.kind == .asked && request.request?.runs == ["run-1"])
        #expect(request.request?.environments == ["dev"] && request.set.digest == digest)
        #expect(try await waits(set).contains { $0.contains("no answer yet") })
        let note = try await promotions.answer(
            request.id, on: set, digest: digest, passes: true, text: "412 passed", by: "suite", policy: Self.stages)
        #expect(note.kind == .tests && note.answers == request.id && note.set.digest == digest)
        #expect(try await waits(set) == [])
    }

    @Test func anAnswerThatIsWrongRepeatedOrLateChangesNothing() async throws {
        let (set, digest, request) = try await asked()
        func answer(
            _ name: String, digest told: FettleModel.Digest? = nil, set other: PatchSetID? = nil, passes: Bool = true,
            after seconds: Int = 0
        ) async -> ControlError? {
            await refused {
                _ = try await promotions(after: seconds).answer(
                    name, on: other ?? set, digest: told ?? digest, passes: passes, text: "seen", by: "suite",
                    policy: Self.stages)
            }
        }
        let other = try await made()
        let before = try await store.documents(.note, limit: 99).count
        #expect(await answer("note-99")?.code == .invalid)
        #expect(await answer("-x\n; rm")?.code == .invalid)
        #expect(await answer(request.id, digest: Digest(rawValue: String(repeating: "f", count: 64)))?.code == .invalid)
        #expect(await answer(request.id, set: other)?.code == .invalid)
        let late = await answer(request.id, after: 700)
        #expect(late?.code == .blocked && late?.message.contains("late") == true)
        #expect(try await store.documents(.note, limit: 99).count == before)
        #expect(try await !waits(set).isEmpty)
        _ = try await promotions.answer(
            request.id, on: set, digest: digest, passes: true, text: "seen", by: "suite", policy: Self.stages)
        #expect(await answer(request.id)?.code == .conflict)
        #expect(try await store.documents(.note, limit: 99).count == before + 1)
        #expect(try await waits(set) == [])
        // A verdict against it is heard after a pass as well.
        _ = try await promotions(after: 100_000).answer(
            request.id, on: set, digest: digest, passes: false, text: "it was wrong", by: "quinn", policy: Self.stages)
        #expect(try await waits(set).contains { $0.contains("refused by quinn") })
    }

    @Test func whatSpeaksAgainstASetIsHeardHoweverLate() async throws {
        let (set, digest, request) = try await asked()
        _ = try await promotions(after: 100_000).answer(
            request.id, on: set, digest: digest, passes: false, text: "3 failed", by: "suite", policy: Self.stages)
        #expect(try await waits(set).contains { $0.contains("refused") })
    }

    @Test func whatIsOpenIsAskedInTheSameWordsAndAnewWhenItIsOver() async throws {
        let (set, digest, request) = try await asked()
        #expect(try await promotions.ask(set, in: "dev", by: "bob", policy: Self.stages) == request)
        let anew = try await promotions(after: 700).ask(set, in: "dev", by: "bob", policy: Self.stages)
        #expect(anew.id != request.id)
        let error = await refused {
            _ = try await promotions.answer(
                request.id, on: set, digest: digest, passes: true, text: "seen", by: "suite", policy: Self.stages)
        }
        #expect(error?.code == .conflict && error?.message.contains(anew.id) == true)
    }

    @Test func aPassIsTheNamedIdentitysWordAndNeitherTheAskersNorTheMakers() async throws {
        let (set, digest, request) = try await asked()
        for name in ["alice", "bob", "quinn", "suite2", ""] as [Person] {
            let error = await refused {
                _ = try await promotions.answer(
                    request.id, on: set, digest: digest, passes: true, text: "seen", by: name, policy: Self.stages)
            }
            #expect(error?.code == .blocked && error?.message.contains("only suite says") == true, "\(name)")
        }
        #expect(
            await refused { _ = try await promotions.ask(set, in: "dev", by: "suite", policy: Self.stages) }?.code
                == .blocked)
        // Alice made the set.
        let hers = Self.stages(.webhook(receiver: Self.receiver, answerSeconds: 660, answeredBy: "alice"))
        #expect(
            await refused { _ = try await promotions.ask(set, in: "dev", by: "bob", policy: hers) }?.code == .blocked)
        #expect(try await !waits(set).isEmpty)
    }

    @Test func aProgramAnswersByItsEndAlone() async throws {
        let (set, digest, _) = try await asked()
        let stages = Self.stages(.command(words: ["./suite"], seconds: 60))
        let program = Digest(rawValue: String(repeating: "a", count: 64))
        func ask() async throws -> PatchSetNote {
            try await promotions.ask(set, in: "dev", program: program, by: "alice", policy: stages)
        }
        #expect(
            await refused { _ = try await promotions.ask(set, in: "dev", by: "alice", policy: stages) }?.code
                == .invalid
        )
        let first = try await ask()
        // A program starts anew, and so does its request.
        let request = try await ask()
        #expect(first.id != request.id)
        for name in ["alice", "quinn", "suite"] as [Person] {
            let error = await refused {
                _ = try await promotions.answer(
                    request.id, on: set, digest: digest, passes: true, text: "seen", by: name, policy: stages)
            }
            #expect(error?.code == .blocked && error?.message.contains("nobody in its place") == true)
        }
        let result = SiteTestResult(program: "suite", ending: .exited(code: 0), seconds: 1, bytes: 0, digest: program)
        let note = try await promotions.signOff(
            set, in: "dev", by: result, answering: request, for: "alice", policy: stages)
        #expect(note.passes && note.answers == request.id)
    }

    @Test func whatWasAskedOfAnotherSuiteIsAskedAnew() async throws {
        let (set, digest, request) = try await asked()
        let other = Self.stages(.webhook(receiver: Self.receiver, answerSeconds: 60, answeredBy: "suite"))
        let error = await refused {
            _ = try await promotions.answer(
                request.id, on: set, digest: digest, passes: true, text: "seen", by: "suite", policy: other)
        }
        #expect(error?.code == .blocked && error?.message.contains("another suite") == true)
        #expect(try await promotions.ask(set, in: "dev", by: "bob", policy: other).id != request.id)
    }

    /// As the issuer's keys are: what an admin has accepted is what runs.
    @Test func onlyTheAcceptedBytesOfAProgramAreAsked() async throws {
        let (set, _, _) = try await asked()
        let stages = Self.stages(.command(words: ["./suite"], seconds: 60))
        var policy = Self.policy
        policy.promotion = stages
        let good = Digest(rawValue: String(repeating: "a", count: 64))
        let token = try await accept(policy, suites: ["dev": good])
        let alice = PromotionService(store: store, tools: tools, access: token)
        for program in [Digest(rawValue: String(repeating: "b", count: 64)), Digest(rawValue: "")] {
            let error = await refused {
                _ = try await alice.ask(set, in: "dev", program: program, by: "alice", policy: stages)
            }
            #expect(error?.code == .blocked && error?.message.contains("the program") == true, "\(error as Any)")
        }
        _ = try await alice.ask(set, in: "dev", program: good, by: "alice", policy: stages)
    }

    @Test func nobodySignsOffInTheSuitesPlace() async throws {
        let (set, _, _) = try await asked()
        func sign(_ kind: PatchSetNote.Kind, passes: Bool) async throws {
            _ = try await promotions.note(
                on: set, kind: kind, passes: passes, stage: "dev", text: "seen", by: "quinn", policy: Self.stages)
        }
        #expect(await refused { try await sign(.tests, passes: true) }?.code == .blocked)
        #expect(await refused { try await sign(.asked, passes: true) }?.code == .invalid)
        try await sign(.vendor, passes: true)
        try await sign(.tests, passes: false)
        #expect(try await waits(set).contains { $0.contains("refused by quinn") })
    }

    @Test func whereNothingIsOrNoSuiteIsNamedNobodyIsAsked() async throws {
        try await scan()
        let set = try await made()
        let early = await refused { _ = try await promotions.ask(set, in: "dev", by: "alice", policy: Self.stages) }
        #expect(early?.code == .blocked && early?.message.contains("no run has brought") == true)
        try await carryOut(try await promote(set, to: "dev"))
        let plain = try #require(Self.policy.promotion)
        #expect(
            await refused { _ = try await promotions.ask(set, in: "dev", by: "alice", policy: plain) }?.code == .invalid
        )
    }
}
