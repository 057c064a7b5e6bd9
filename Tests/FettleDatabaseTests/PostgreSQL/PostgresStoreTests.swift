import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDatabase

extension Trait where Self == ConditionTrait {
    /// In CI the absence of Debian's `postgresql` package is a failure; elsewhere these tests are skipped, and say so.
    static var needsPostgres: Self {
        .enabled(
            if: PostgresServer.shared != nil || ProcessInfo.processInfo.environment["CI"] == "true",
            "PostgreSQL is not installed: apt-get install postgresql")
    }
}

@Suite(.needsPostgres) struct PostgresStoreTests {
    private let server: PostgresServer

    init() throws { server = try PostgresServer.required() }

    /// One after the other in the same database, emptied before each: making one takes longer than a check.
    @Test(.serialized, arguments: StoreConformance.checks)
    func keepsEveryPromiseOfAStore(check: StoreConformance.Check) async throws {
        try await check.run(PostgresStore(try server.emptiedDatabase()))
    }

    // MARK: Several machines

    /// `count` stores over one new database, as `count` processes would have them; none has connected yet.
    private func stores(_ count: Int) throws -> [PostgresStore] {
        let address = try server.newDatabase()
        return (0..<count).map { _ in PostgresStore(address) }
    }

    @Test func manyThatOpenAnEmptyDatabaseAtOnceMakeItsTablesOnce() async throws {
        let stores = try stores(8)
        let failures = await withTaskGroup(of: String?.self) { group in
            for store in stores {
                group.addTask {
                    do throws(StoreError) {
                        _ = try await store.runs(limit: 1)
                        return nil
                    } catch { return error.message }
                }
            }
            return await group.reduce(into: [String]()) { if let failure = $1 { $0.append(failure) } }
        }
        #expect(failures.isEmpty)
    }

    @Test("a database from before there were waivers keeps what it has and gets the new tables")
    func olderDatabase() async throws {
        let address = try server.newDatabase()
        let connection = try PostgresConnection(address.settings)
        try connection.executeScript(
            """
            CREATE SCHEMA fettle;
            CREATE TABLE fettle.migration (version bigint PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
            INSERT INTO fettle.migration (version) VALUES (1);
            """ + PostgresSchema.migrations[0]
                + "INSERT INTO fettle.run (id, change, created_at) VALUES ('run-1', 'change-1', 1);")
        let store = PostgresStore(address)
        #expect(try await store.runs(limit: 10).map(\.run) == ["run-1"])
        #expect(try await store.waiverEvents().isEmpty)
        #expect(try await store.sightings().isEmpty)
    }

    @Test func reservationsOfManyMachinesKeepTheMinimum() async throws {
        let stores = try stores(12)
        let members = (1...12).map { ResourceID("node-\($0)") }
        let granted = await withTaskGroup(of: Bool.self) { group in
            for (store, member) in zip(stores, members) {
                group.addTask {
                    let demand = ReservationRequest.GroupDemand(
                        group: "nodes", members: members, minimumAvailable: 9, unavailable: [], maximumOut: 12)
                    let request = ReservationRequest(
                        run: RunID("run-\(member)"), resource: member, at: .now(), demands: [demand])
                    return (try? await store.reserve(request)) == .granted
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(granted == 3)
        #expect(try await stores[0].reservations().count == 3)
    }

    @Test func ofManyMachinesOneClaimsARunAndOneWritesALine() async throws {
        let stores = try stores(8)
        try await stores[0].createRun("run-1", change: "change-1", at: .now())
        let claims = await withTaskGroup(of: RunClaim?.self) { group in
            for (number, store) in stores.enumerated() {
                group.addTask {
                    try? await store.claim(
                        "run-1", executor: "machine-\(number)", at: .now(), leaseSeconds: 60, takeOver: false)
                }
            }
            return await group.reduce(into: [RunClaim]()) { if let claim = $1 { $0.append(claim) } }
        }
        #expect(claims.count == 1)
        let claim = try #require(claims.first)
        let writers = await withTaskGroup(of: Bool.self) { group in
            for (number, store) in stores.enumerated() {
                group.addTask {
                    let record = JournalRecord(
                        sequence: 1, epoch: claim.epoch, at: .now(), event: .awaitingHuman(reason: "\(number)"))
                    return (try? await store.append([record], to: "run-1")) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(writers == 1)
        #expect(try await stores[1].records(of: "run-1", after: 0).count == 1)
    }

    // MARK: Contents

    @Test func aLongJournalComesBackWhole() async throws {
        let store = try stores(1)[0]
        try await store.createRun("run-1", change: "change-1", at: .now())
        let claim = try await store.claim("run-1", executor: "a", at: .now(), leaseSeconds: 60, takeOver: false)
        let records = (1...PostgresStore.pageSize * 2).map { number in
            JournalRecord(
                sequence: number, epoch: claim.epoch, at: Timestamp(milliseconds: Int64(number)),
                event: .awaitingHuman(reason: "line \(number)"))
        }
        try await store.append(records, to: "run-1")
        #expect(try await store.records(of: "run-1", after: 0) == records)
        #expect(try await store.records(of: "run-1", after: 990).count == 10)
    }

    @Test func namesAreValuesAndNeverPartOfAStatement() async throws {
        let store = try stores(1)[0]
        let hostile: RunID = "'; DROP TABLE fettle.run; -- \u{1F600} \\ $1 %s \n \"x\""
        try await store.createRun(hostile, change: "change-1", at: .now())
        #expect(try await store.runs(limit: 2).map(\.run) == [hostile])
        // A C string would end at the NUL, and `run-1` would be another run's name.
        try await store.createRun("run-1", change: "change-1", at: .now())
        let error = await #expect(throws: StoreError.self) {
            try await store.createRun("run-1\u{0}x", change: "change-1", at: .now())
        }
        #expect(error?.code == .unavailable)
        #expect(try await store.summary(of: "run-1")?.change == "change-1")
    }

    // MARK: Schema

    @Test func tablesOfANewerFettleAreRefused() async throws {
        let address = try server.newDatabase()
        _ = try await PostgresStore(address).runs(limit: 1)
        try PostgresConnection(address.settings).execute("INSERT INTO fettle.migration (version) VALUES (999)")
        let error = await #expect(throws: StoreError.self) { _ = try await PostgresStore(address).runs(limit: 1) }
        #expect(error?.code == .tooNew)
        #expect(error?.message.contains("newer Fettle") == true)
    }

    @Test func tablesOfSomebodyElseAreLeftAlone() async throws {
        let address = try server.newDatabase()
        let other = try PostgresConnection(address.settings)
        try other.executeScript("CREATE SCHEMA fettle; CREATE TABLE fettle.run (name text)")
        let error = await #expect(throws: StoreError.self) { _ = try await PostgresStore(address).runs(limit: 1) }
        #expect(error?.message.contains("not Fettle's") == true)
        #expect(try other.execute("SELECT pg_catalog.to_regclass('fettle.migration') IS NULL").bool(0, 0))
    }

    @Test func aDatabaseInAnotherEncodingIsRefused() async throws {
        let address = try server.newDatabase("ENCODING 'LATIN1' TEMPLATE template0")
        let error = await #expect(throws: StoreError.self) { _ = try await PostgresStore(address).runs(limit: 1) }
        #expect(error?.message.contains("UTF8") == true)
    }

    @Test func aCommitWaitsForTheDiskWhateverTheServerHasAsItsDefault() async throws {
        let address = try server.newDatabase()
        let name = address.settings.first { $0.keyword == "dbname" }?.value ?? ""
        try server.connection().execute("ALTER DATABASE \(name) SET synchronous_commit = off")
        let setting = try await PostgresSession(address).read { database in
            try database.execute("SELECT pg_catalog.current_setting('synchronous_commit')").text(0, 0)
        }
        #expect(setting == "on")
    }
}

extension PostgresServer {
    static func required() throws -> PostgresServer {
        guard let shared else {
            throw TestSetupFailure(message: "PostgreSQL is not installed, and in CI it has to be")
        }
        return try shared.get()
    }
}
