import FettleModel
import FettleStore
import Foundation
import Testing

@testable import FettleDatabase

@Suite(.needsPostgres) struct PostgresFaultTests {
    private let server: PostgresServer

    init() throws { server = try PostgresServer.required() }

    /// A store behind a relay, with run-1 held, and short limits.
    private func relayedStore(patienceSeconds: Int = 10) async throws -> (PostgresStore, CuttingRelay, RunClaim) {
        let relay = try CuttingRelay(to: server)
        let direct = try server.newDatabase()
        let name = direct.settings.first { $0.keyword == "dbname" }?.value ?? ""
        let address = try PostgresAddress("postgresql://fettle@/\(name)?host=\(relay.directory)", environment: [:])
        let store = PostgresStore(address, limits: .init(patienceSeconds: patienceSeconds, answerSeconds: 2))
        try await store.createRun("run-1", change: "change-1", at: .now())
        let claim = try await store.claim("run-1", executor: "a", at: .now(), leaseSeconds: 60, takeOver: false)
        return (store, relay, claim)
    }

    private func record(_ claim: RunClaim) -> JournalRecord {
        JournalRecord(
            sequence: 1, epoch: claim.epoch, at: Timestamp(milliseconds: 1), event: .claimed(executor: "a"))
    }

    @Test(arguments: [
        (CuttingRelay.Moment.before, "BEGIN"), (.after, "INSERT"), (.before, "COMMIT"), (.after, "COMMIT"),
        (.mute, "INSERT"), (.mute, "COMMIT"),
    ])
    func whereverTheConnectionBreaksALineIsWrittenOnce(moment: CuttingRelay.Moment, word: String) async throws {
        let (store, relay, claim) = try await relayedStore()
        defer { relay.end() }
        relay.cut(moment, word)
        try await store.append([record(claim)], to: "run-1")
        #expect(relay.connections >= 2)
        #expect(try await store.records(of: "run-1", after: 0) == [record(claim)])
    }

    @Test func aRequestWhoseCommitWasNotAnsweredIsThereOnce() async throws {
        let (store, relay, _) = try await relayedStore()
        defer { relay.end() }
        relay.cut(.after, "COMMIT")
        try await store.submit(.retry(by: "alice"), to: "run-1")
        #expect(try await store.requests(to: "run-1").count == 1)
        relay.cut(.before, "COMMIT")
        try await store.submit(.resume(by: "alice"), to: "run-1")
        #expect(try await store.requests(to: "run-1").map(\.request) == [.retry(by: "alice"), .resume(by: "alice")])
    }

    @Test func aConnectionThatTheServerEndedIsMadeAgain() async throws {
        let address = try server.newDatabase()
        let store = PostgresStore(address)
        try await store.createRun("run-1", change: "change-1", at: .now())
        try PostgresConnection(address.settings).execute(
            """
            SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
            WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
            """)
        #expect(try await store.runs(limit: 1).count == 1)
    }

    @Test(.timeLimit(.minutes(10))) func aServerThatIsGoneIsToldOfInTime() async throws {
        let (store, relay, claim) = try await relayedStore(patienceSeconds: 1)
        relay.cut(.before, "BEGIN")
        relay.end()
        let error = await #expect(throws: StoreError.self) { try await store.append([record(claim)], to: "run-1") }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains(relay.directory) == true)
    }

    @Test(.timeLimit(.minutes(10))) func aWrongAddressIsToldAtOnceWithItsPlaceAndARemedy() async throws {
        // With so much patience, trying again would not end here.
        let limits = PostgresSession.Limits(patienceSeconds: 600)
        let nowhere = try PostgresAddress("postgresql://fettle@/x?host=/nonexistent", environment: [:])
        let error = await #expect(throws: StoreError.self) {
            _ = try await PostgresStore(nowhere, limits: limits).runs(limit: 1)
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("/nonexistent") == true && error?.message.contains("psql") == true)
        let missing = try server.address(of: "no_such_database")
        let second = await #expect(throws: StoreError.self) {
            _ = try await PostgresStore(missing, limits: limits).runs(limit: 1)
        }
        #expect(second?.message.contains("no_such_database") == true)
    }

    @Test func aPasswordComesFromAPasswordFileAndIsNeverShown() async throws {
        let address = try server.newDatabase()
        let name = address.settings.first { $0.keyword == "dbname" }?.value ?? ""
        let role = try server.connection()
        try role.executeScript(
            """
            DO $$ BEGIN CREATE ROLE asking LOGIN PASSWORD 's3cret'; EXCEPTION WHEN duplicate_object THEN END $$;
            GRANT CREATE ON DATABASE \(name) TO asking
            """)
        let file = "\(server.directory)-pass-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        func store() throws -> PostgresStore {
            PostgresStore(
                try PostgresAddress(
                    "postgresql://asking@/\(name)?host=\(server.directory)&passfile=\(file)", environment: [:]))
        }
        func write(_ password: String) throws {
            try Data("*:*:*:asking:\(password)\n".utf8).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        }
        let missing = await #expect(throws: StoreError.self) { _ = try await store().runs(limit: 1) }
        #expect(missing?.message.contains("~/.pgpass") == true)
        try write("wr0ng")
        let wrong = await #expect(throws: StoreError.self) { _ = try await store().runs(limit: 1) }
        #expect(wrong?.message.contains("not the right one") == true && wrong?.message.contains("wr0ng") == false)
        try write("s3cret")
        #expect(try await store().runs(limit: 1).isEmpty)
    }

    @Test func whoMayNotMakeTablesIsToldWhatToGrant() async throws {
        let address = try server.newDatabase()
        let name = address.settings.first { $0.keyword == "dbname" }?.value ?? ""
        try server.connection().executeScript(
            "DO $$ BEGIN CREATE ROLE visitor LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        let visitor = PostgresStore(try server.address(of: name, user: "visitor"))
        let error = await #expect(throws: StoreError.self) { _ = try await visitor.runs(limit: 1) }
        #expect(error?.message.contains("CREATE SCHEMA fettle AUTHORIZATION") == true)
        try PostgresConnection(address.settings).execute("CREATE SCHEMA fettle AUTHORIZATION visitor")
        #expect(try await visitor.runs(limit: 1).isEmpty)
    }

    @Test(.timeLimit(.minutes(10))) func anotherTransactionsLockIsNotWaitedForWithoutEnd() async throws {
        let address = try server.newDatabase()
        let store = PostgresStore(
            address, limits: .init(patienceSeconds: 1, statementSeconds: 600, answerSeconds: 600, lockSeconds: 1))
        try await store.createRun("run-1", change: "change-1", at: .now())
        let other = try PostgresConnection(address.settings)
        try other.executeScript("BEGIN; SELECT * FROM fettle.run FOR UPDATE")
        let error = await #expect(throws: StoreError.self) {
            _ = try await store.claim("run-1", executor: "a", at: .now(), leaseSeconds: 60, takeOver: false)
        }
        #expect(error?.message.contains("pg_stat_activity") == true)
        try other.executeScript("ROLLBACK")
        _ = try await store.claim("run-1", executor: "a", at: .now(), leaseSeconds: 60, takeOver: false)
    }

    @Test func aMachineWhoseClockIsWrongTakesNoPart() async throws {
        // Any difference is too much for a limit below zero.
        let store = PostgresStore(try server.newDatabase(), limits: .init(clockSeconds: -1))
        let error = await #expect(throws: StoreError.self) { _ = try await store.runs(limit: 1) }
        #expect(error?.message.contains("NTP") == true)
    }

    @Test func noticesDoNotReachStandardError() throws {
        let connection = try server.connection()
        let notice = "DO $$ BEGIN RAISE WARNING 'a-notice-for-nobody'; END $$"
        let saved = dup(2)
        let file = "\(server.directory)-errors-\(UUID().uuidString)"
        let sink = open(file, O_CREAT | O_RDWR, 0o600)
        dup2(sink, 2)
        defer {
            close(sink)
            try? FileManager.default.removeItem(atPath: file)
        }
        do {
            defer {
                dup2(saved, 2)
                close(saved)
            }
            try connection.execute(notice)
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("a-notice") == false)
    }
}
