import FettleExecution
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import GRDB
import Testing

@testable import FettleDatabase

/// The journal's form over the years, and what is left of it when a machine dies while it is written.
@Suite struct JournalFormTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/fettle.db"
    }

    /// A line as it lies in the database.
    private struct Line: Codable {
        var sequence: Int
        var epoch: Int
        var at: Int64
        var schema: Int
        var event: String
    }

    private struct Fixture: Codable {
        var plan: Plan
        var lines: [Line]
    }

    private static var fixture: Fixture {
        get throws {
            let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appending(path: "Fixtures/journal-1.json")
            return try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
        }
    }

    private func store(_ lines: [Line]) async throws -> SQLiteStore {
        let store = try SQLiteStore(path: path)
        try await store.createRun("run-1", change: "change-1", at: Timestamp(milliseconds: 0))
        try await store.database.write { database in
            for line in lines {
                try database.execute(
                    sql: "INSERT INTO journal (run, sequence, epoch, at, schema, event) VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: ["run-1", line.sequence, line.epoch, line.at, line.schema, Data(line.event.utf8)])
            }
        }
        return store
    }

    /// Written by a run of the version that knew form 1 alone: a failed host, its way back, a pause, a crash and a second executor.
    @Test func aJournalOfTheFirstFormIsReplayed() async throws {
        let fixture = try Self.fixture
        #expect(fixture.lines.allSatisfy { $0.schema == 1 } && fixture.lines.count > 60)
        let records = try await store(fixture.lines).records(of: "run-1", after: 0)
        #expect(records.map(\.sequence) == fixture.lines.map(\.sequence))
        let state = try RunState(replaying: records, plan: fixture.plan, run: "run-1")
        guard case .failed(let reason)? = state.outcome else {
            Issue.record("it ended as \(String(describing: state.outcome))")
            return
        }
        #expect(reason.contains("web-2"))
        #expect(state.out == ["web-2"] && state.quarantined.map(\.resource) == ["web-2"])
        #expect(state.owed.map(\.kind) == [.drain] && state.owed.allSatisfy(\.isQuarantined))
        // Written again today it is the same, in the same form.
        for (record, line) in zip(records, fixture.lines) {
            #expect(record.event.schema == 1)
            let written = try JSONSerialization.jsonObject(with: JSONEncoder().encode(record.event)) as? NSDictionary
            let kept = try JSONSerialization.jsonObject(with: Data(line.event.utf8)) as? NSDictionary
            #expect(written == kept, "line \(line.sequence)")
        }
    }

    @Test func whatANewerFettleHasWrittenIsRefusedWithWhatToDo() async throws {
        var lines = Array(try Self.fixture.lines.prefix(5))
        lines[4].schema = JournalRecord.currentSchema + 1
        lines[4].event = #"{"teleported":{}}"#
        let store = try await store(lines)
        let error = await #expect(throws: StoreError.self) { try await store.records(of: "run-1", after: 0) }
        #expect(error?.code == .tooNew)
        #expect(error?.message.contains("run-1") == true)
        #expect(error?.message.contains("newer Fettle; use that one") == true)
    }

    /// A line bears the form that can say it: a run without what came later is read by an older Fettle.
    @Test func aLineBearsTheOldestFormThatCanSayIt() async throws {
        let store = try SQLiteStore(path: path)
        try await store.createRun("run-1", change: "change-1", at: .now())
        let claim = try await store.claim("run-1", executor: "x", at: .now(), leaseSeconds: 9, takeOver: false)
        let events: [RunEvent] = [.claimed(executor: "x"), .handOverRequested(by: "a", reason: "r"), .resumed(by: "a")]
        try await store.append(
            events.enumerated().map {
                JournalRecord(sequence: $0.offset + 1, epoch: claim.epoch, at: .now(), event: $0.element)
            }, to: "run-1")
        let forms = try await store.database.read {
            try Int.fetchAll($0, sql: "SELECT schema FROM journal ORDER BY sequence")
        }
        #expect(forms == [1, 2, 1])
    }

    /// A power cut while the last line is written: whatever part of it reached the disk, the journal is the whole one or the one
    /// before it, and goes on.
    @Test func aTornTailAtAnyByteLeavesTheJournalWithOrWithoutItsLastLine() async throws {
        let (original, before, after) = try await tail()
        let wal = "\(path)-wal"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: wal))
        #expect(before < after && after == bytes.count)
        let database = try Data(contentsOf: URL(fileURLWithPath: path))
        // Open until here: closing folds the log into the file.
        try original.database.close()
        let torn = try TemporaryFolder()
        let copy = "\(torn.path)/fettle.db"
        var whole = 0
        var cut = 0
        for length in stride(from: before, through: after, by: TestScale.isLong ? 1 : 61) {
            for name in ["-shm", "-wal"] { try? FileManager.default.removeItem(atPath: copy + name) }
            try database.write(to: URL(fileURLWithPath: copy))
            try bytes.prefix(length).write(to: URL(fileURLWithPath: copy + "-wal"))
            let store = try SQLiteStore(path: copy)
            let records = try await store.records(of: "run-1", after: 0)
            try #require([19, 20].contains(records.count), "cut at byte \(length): \(records.count) lines")
            if records.count == 20 { whole += 1 } else { cut += 1 }
            // The next executor writes on.
            let claim = try await store.claim("run-1", executor: "y", at: .now(), leaseSeconds: 9, takeOver: true)
            try await store.append(
                [
                    JournalRecord(
                        sequence: records.count + 1, epoch: claim.epoch, at: .now(), event: .claimed(executor: "y"))
                ], to: "run-1")
            #expect(try await store.records(of: "run-1", after: records.count).count == 1)
            try store.database.close()
        }
        #expect(cut > 10 && whole < cut)
    }

    /// A journal of 20 lines, each written by itself, all still in the log.
    /// - Returns: the store, and how long its log was before and after the last one.
    private func tail() async throws -> (store: SQLiteStore, before: Int, after: Int) {
        let store = try SQLiteStore(path: path)
        try await store.createRun("run-1", change: "change-1", at: .now())
        let claim = try await store.claim("run-1", executor: "x", at: .now(), leaseSeconds: 9, takeOver: false)
        func length() throws -> Int { try Data(contentsOf: URL(fileURLWithPath: "\(path)-wal")).count }
        var before = 0
        for number in 1...20 {
            before = try length()
            try await store.append(
                [
                    JournalRecord(
                        sequence: number, epoch: claim.epoch, at: .now(),
                        event: .awaitingHuman(reason: "line \(number)"))
                ], to: "run-1")
        }
        return (store, before, try length())
    }
}
