import FettleModel
import FettleStore
import Foundation
import Testing

@testable import FettleControl

/// A stage's own suite, asked and heard by the service.
extension PromotionServiceTests {
    static var suitePolicy: Policy {
        var policy = policy
        policy.promotion?.stages[0].tests = .command(words: ["./suite"], seconds: 60)
        policy.promotion?.stages[1].after.signOffs = [.tests]
        return policy
    }

    private static var stages: PromotionPolicy { suitePolicy.promotion ?? PromotionPolicy(stages: []) }

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
                    name, on: other ?? set, digest: told ?? digest, passes: passes, text: "", by: "suite",
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
            request.id, on: set, digest: digest, passes: true, text: "", by: "suite", policy: Self.stages)
        #expect(await answer(request.id)?.code == .conflict)
        #expect(await answer(request.id, passes: false)?.code == .conflict)
        #expect(try await store.documents(.note, limit: 99).count == before + 1)
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
                request.id, on: set, digest: digest, passes: true, text: "", by: "suite", policy: Self.stages)
        }
        #expect(error?.code == .conflict && error?.message.contains(anew.id) == true)
    }

    @Test func nobodySignsOffInTheSuitesPlace() async throws {
        let (set, _, _) = try await asked()
        func sign(_ kind: PatchSetNote.Kind, passes: Bool) async throws {
            _ = try await promotions.note(
                on: set, kind: kind, passes: passes, stage: "dev", text: "", by: "quinn", policy: Self.stages)
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
