import FettleModel
import Foundation
import Testing

@testable import FettleControl
@testable import FettleStore

/// Who may speak for a set, and that what was said of it is what the log tells.
extension PromotionServiceTests {
    private var stages: PromotionPolicy { Self.policy.promotion ?? .init(stages: []) }

    private func sign(
        _ set: PatchSetID, _ kind: PatchSetNote.Kind, passes: Bool = true, _ text: String = "seen", by person: Person
    ) async throws -> PatchSetNote {
        try await promotions.note(
            on: set, kind: kind, passes: passes, stage: "dev", text: text, by: person, policy: stages)
    }

    @Test(arguments: PatchSetNote.Kind.signOffs)
    func whoMadeASetDoesNotSignItOff(kind: PatchSetNote.Kind) async throws {
        try await scan()
        let set = try await made()
        let own = await refused { _ = try await sign(set, kind, by: "alice") }
        #expect(own?.code == .blocked && own?.hint.contains("fettle patchset sign") == true, "\(own as Any)")
        #expect(try await sign(set, kind, by: "bob").passes)
        // Against it everybody is heard.
        #expect(try await sign(set, kind, passes: false, by: "alice").passes == false)
    }

    @Test(arguments: PatchSetNote.Kind.signOffs + [.regression])
    func whatIsSaidOfASetIsSaidInWords(kind: PatchSetNote.Kind) async throws {
        try await scan()
        let set = try await made()
        for text in ["", "  "] {
            let error = await refused { _ = try await sign(set, kind, passes: kind != .regression, text, by: "bob") }
            #expect(error?.code == .invalid && error?.hint.contains("--note") == true, "\(error as Any)")
        }
    }

    private static var demanding: Policy {
        var policy = Self.policy
        policy.promotion?.stages[0].after.signOffs = [.vendor]
        return policy
    }

    /// With the right digest, by somebody who can write to the tables: the log tells of no such note.
    @Test func aSignOffThatTheLogDoesNotTellOfPromotesNothing() async throws {
        try await scan()
        let set = try await made()
        try await carryOut(try await promote(set, to: "dev"))
        let reference = StageReference(id: set.rawValue, digest: try await promotions.set(set).digest)
        let forged = PatchSetNote(
            id: "note-1", set: reference, kind: .vendor, passes: true, stage: "dev", text: "fine", by: "bob",
            at: .now())
        try await store.alterPastTheLog(forged, .note, "note-1")
        #expect(try await promotions.notes(on: set).isEmpty, "it is not heard")
        #expect(try await promotions.doubts(on: try await promotions.set(set).set).count == 1)
        let error = await refused { _ = try await promote(set, to: "staging", under: Self.demanding) }
        #expect(error?.code == .blocked && error?.message.contains("note-1") == true, "\(error as Any)")
        let row = try await promotions.pipeline(fleet: Self.fleet, policy: Self.demanding).rows[0]
        #expect(row.waitsFor.contains { $0.words.contains("note-1") }, "\(row.waitsFor)")
    }

    @Test func aRefusalThatIsGoneIsMissed() async throws {
        try await scan()
        let set = try await made()
        try await carryOut(try await promote(set, to: "dev"))
        _ = try await sign(set, .vendor, passes: false, by: "bob")
        await store.forget(.note, "note-1")
        let error = await refused { _ = try await promote(set, to: "staging") }
        #expect(error?.code == .blocked && error?.message.contains("note-1") == true, "\(error as Any)")
        let row = try await promotions.pipeline(fleet: Self.fleet, policy: Self.policy).rows[0]
        #expect(row.waitsFor.contains { $0.words.contains("note-1") }, "\(row.waitsFor)")
    }

    /// A set that is everywhere can still turn out to be bad.
    @Test func aRegressionOfASetThatIsEverywhereIsTold() async throws {
        try await scan()
        let set = try await made()
        for stage in ["dev", "staging", "production"] as [StageID] {
            try await carryOut(try await promote(set, to: stage))
        }
        _ = try await sign(set, .regression, passes: false, "slow", by: "quinn")
        _ = try await sign(set, .vendor, passes: false, "never tried", by: "bob")
        let row = try await promotions.pipeline(fleet: Self.fleet, policy: Self.policy).rows[0]
        #expect(row.next == nil)
        #expect(row.waitsFor.map(\.name) == [.regressions, .signOffs], "\(row.waitsFor)")
    }

    /// What is altered of one set, or of no set, is in no other set's way.
    @Test func anAlteredChangeStandsInTheWayOfItsOwnSetAlone() async throws {
        try await scan()
        let first = try await made()
        let second = try await made()
        let change = try await promote(first, to: "dev")
        await store.spoil(.change, change.id.rawValue, legibly: false)
        try await carryOut(try await promote(second, to: "dev"))
        let rows = try await promotions.pipeline(fleet: Self.fleet, policy: Self.policy).rows
        #expect(rows.map(\.set) == [second, first])
        #expect(rows[0].places[0].state == .there)
        #expect(rows[1].waitsFor.contains { $0.words.contains("cannot be read") }, "\(rows[1])")
        let error = await refused { _ = try await promote(first, to: "dev") }
        #expect(error?.code == .blocked && error?.message.contains("cannot be read") == true, "\(error as Any)")
    }

    @Test func anAlteredSetIsToldBesideTheOthers() async throws {
        try await scan()
        let first = try await made()
        let second = try await made()
        await store.spoil(.patchset, first.rawValue, legibly: true)
        let rows = try await promotions.pipeline(fleet: Self.fleet, policy: Self.policy).rows
        #expect(rows.map(\.set) == [second])
        _ = try await promote(second, to: "dev")
        #expect(await refused { _ = try await promote(first, to: "dev") }?.code == .drift)
    }

    @Test func aStageThatThereIsNotIsAMistakeAndNoDelay() async throws {
        try await scan()
        let set = try await made()
        let error = await refused { _ = try await promote(set, to: "nowhere") }
        #expect(error?.code == .invalid && error?.message.contains("nowhere") == true, "\(error as Any)")
        #expect(error?.hint.contains("dev, staging, production") == true, "\(error as Any)")
    }
}
