import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import GRDB
import Testing

@testable import FettleDatabase

/// I11: a full disk never stops a run from bringing back what it took out and recording its end.
@Suite(.needsRoot) struct DiskReserveTests {
    private let disk: SmallDisk
    private let path: String

    init() throws {
        disk = try SmallDisk(megabytes: 64)
        path = "\(disk.directory)/.fettle/fettle.db"
    }

    private func demand(_ run: RunID, _ resource: ResourceID) -> ReservationRequest {
        ReservationRequest(
            run: run, resource: resource, at: .now(),
            demands: [
                .init(
                    group: "web", members: ["web-1", "web-2"], minimumAvailable: 0, unavailable: [], maximumOut: 2)
            ])
    }

    private func event(_ number: Int, _ claim: RunClaim, _ event: RunEvent? = nil) -> JournalRecord {
        JournalRecord(
            sequence: number, epoch: claim.epoch, at: Timestamp(milliseconds: Int64(number)),
            event: event ?? .awaitingHuman(reason: String(repeating: "x", count: 4096)))
    }

    private func plan(_ id: String) -> StoredDocument {
        let bytes = [UInt8](repeating: 1, count: 100_000)
        return StoredDocument(kind: .plan, id: id, digest: Digest(rawValue: id), createdAt: .now(), bytes: bytes)
    }

    @Test func aRunOnAFullDiskGetsBackAndRecordsItsEndAndNothingNewBegins() async throws {
        let store = try SQLiteStore(path: path)
        try await store.createRun("run-1", change: "change-1", at: .now())
        let claim = try await store.claim("run-1", executor: "a", at: .now(), leaseSeconds: 60, takeOver: false)
        #expect(try await store.reserve(demand("run-1", "web-1")) == .granted)
        try disk.fill()

        // What is under way goes on, each event synced on its own.
        for number in 1...200 { try await store.append([event(number, claim)], to: "run-1") }
        try await store.renew(claim, at: .now(), leaseSeconds: 60)
        try await store.submit(.abort(by: "alice", reason: "full"), to: "run-1")
        #expect(try await store.reserve(demand("run-1", "web-1")) == .granted)
        // Nothing more is taken out, and nothing else takes the room.
        guard case .refused(let reason) = try await store.reserve(demand("run-1", "web-2")) else {
            throw TestSetupFailure(message: "a host was taken out though the disk is full")
        }
        #expect(reason.contains(path) && reason.contains("32 MiB"))
        let full = await #expect(throws: StoreError.self) { try await store.put(plan("plan-1")) }
        #expect(full?.message == reason)
        let second = await #expect(throws: StoreError.self) {
            try await store.createRun("run-2", change: "change-2", at: .now())
        }
        #expect(second?.message == reason)

        try await store.release("web-1", by: "run-1")
        try await store.append([event(201, claim, .ended(outcome: .failed(reason: "full")))], to: "run-1")
        try await store.release(claim)

        try disk.makeRoom()
        try await store.createRun("run-2", change: "change-2", at: .now())
        #expect(try await store.reserve(demand("run-2", "web-2")) == .granted)
        try await store.put(plan("plan-1"))
        #expect(try await store.records(of: "run-1", after: 0).count == 201)
    }

    @Test func aRunIsResumedOnADiskThatIsFullWhenItsProcessIsGone() async throws {
        var claim = RunClaim(run: "run-1", executor: "a", epoch: 0)
        do {
            let store = try SQLiteStore(path: path)
            try await store.createRun("run-1", change: "change-1", at: .now())
            claim = try await store.claim("run-1", executor: "a", at: .now(), leaseSeconds: 60, takeOver: false)
            try await store.append([event(1, claim)], to: "run-1")
            try store.database.close()
        }
        try disk.fill()
        let store = try SQLiteStore(path: path)
        let second = try await store.claim("run-1", executor: "b", at: .now(), leaseSeconds: 60, takeOver: true)
        try await store.append([event(2, second, .ended(outcome: .failed(reason: "full")))], to: "run-1")
        #expect(try await store.records(of: "run-1", after: 0).count == 2)
    }

    @Test func withoutAnyReserveAFullDiskIsToldInWords() async throws {
        try disk.fill()
        let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path) }
        #expect(error?.message.contains("is full") == true || error?.message.contains("No space") == true)
    }

    @Test func whatIsNotAPlainFileIsNoReserve() throws {
        let other = "\(disk.directory)/other"
        try Data("precious".utf8).write(to: URL(fileURLWithPath: other))
        try FileManager.default.createSymbolicLink(atPath: "\(disk.directory)/db-reserve", withDestinationPath: other)
        let reserve = DiskReserve(database: "\(disk.directory)/db")
        #expect(reserve.refill())
        #expect(!reserve.giveUpPiece())
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "precious")
    }
}
