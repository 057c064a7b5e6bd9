import Foundation
import Testing

/// A run that goes from one process to another, through the real program.
@Suite(.serialized) struct HandOverTests {
    private func run(_ words: [String], in folder: TestFolder, exits: Int32 = 0) async throws -> [String: Any] {
        let program = try Program(words + ["-o", "json"], in: folder)
        let status = try await program.end()
        #expect(status == exits, "\(words): \(program.output)\(program.error)")
        return try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any] ?? [:]
    }

    @Test func anotherProcessGoesOnAtOnceAndNothingIsDoneTwice() async throws {
        let folder = try TestFolder()
        let fleet = LocalFleet(gateSeconds: 3)
        try await fleet.keep(in: folder)
        try await fleet.approve(in: folder)
        let first = try Program(["run", "start", "change-1", "--no-verify"], in: folder)
        try await first.wait("the gate's sleep") {
            first.descendants().contains {
                (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8)) == "sleep\n"
            }
        }
        let owed = try await run(["run", "obligations", "run-1"], in: folder)["owed"] as? [[String: Any]] ?? []
        #expect(owed.compactMap { $0["kind"] as? String } == ["takeOut", "reservation"])
        #expect(owed.allSatisfy { $0["resource"] as? String == "here" && $0["isQuarantined"] as? Bool == false })
        #expect(owed.first?["compensation"] as? String == "here/bring-back")

        let answer = try await run(["run", "handover", "run-1", "--reason", "an upgrade"], in: folder)
        #expect(answer["isHandedOver"] as? Bool == true)
        #expect(try await first.end() == 4, "\(first.output)\(first.error)")
        #expect(first.output.contains("run-1 is handed over, nothing is under way"))

        // It is out, and nobody has it: the ledger says so, and what to do.
        let between = try await run(["run", "obligations"], in: folder)["owed"] as? [[String: Any]] ?? []
        #expect(between.count == 2 && between.allSatisfy { $0["remedy"] as? String == "fettle run resume run-1" })
        let again = try Program(["run", "handover", "run-1"], in: folder)
        #expect(try await again.end() == 1)
        #expect(again.error.contains("nothing to hand over") && again.error.contains("fettle run resume run-1"))

        let second = try Program(["run", "resume", "run-1", "--no-verify"], in: folder)
        #expect(try await second.end() == 0, "\(second.output)\(second.error)")
        let journal = try Program(["run", "show", "run-1", "-o", "json"], in: folder)
        #expect(try await journal.end() == 0)
        let lines = try JSONSerialization.jsonObject(with: Data(journal.output.utf8)) as? [[String: Any]] ?? []
        let intended = lines.compactMap { line in
            ((line["event"] as? [String: Any])?["stepIntended"] as? [String: Any])?["step"] as? String
        }
        let steps = ["here", "there"].flatMap { host in ["take-out", "gate", "bring-back"].map { "\(host)/\($0)" } }
        #expect(intended == steps)
        let epochs = Set(lines.compactMap { $0["epoch"] as? Int })
        #expect(epochs == [1, 2])
        let end = try await run(["run", "obligations"], in: folder)["owed"] as? [Any]
        #expect(end?.isEmpty == true)
    }
}
