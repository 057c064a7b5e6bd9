import FettleStore
import Testing

@testable import FettleDatabase

@Suite struct PostgresAddressTests {
    private func address(_ text: String, _ environment: [String: String] = [:]) throws -> [String: String] {
        let settings = try PostgresAddress(text, environment: environment).settings
        return Dictionary(settings.map { ($0.keyword, $0.value) }) { first, _ in first }
    }

    @Test(arguments: [
        "postgresql://fettle:s3cret@db.example/fettle", "postgres://:s3cret@/fettle",
        "postgresql://db.example/fettle?password=s3cret", "postgresql://db.example/fettle?sslpassword=s3cret",
        "postgresql://fettle:%73%33cret@db.example/fettle", "postgresql://fettle:s3cret@db.example:port/fettle",
        "postgresql://fettle:s3cret%zz@db.example/fettle", "postgresql://fettle:s3cret@[::1/fettle",
        "postgresql://fettle:s3cret@h/d?nonsense=1", "mysql://fettle:s3cret@db.example/fettle", "s3cret://",
        "postgresql://fettle:s3cret@db.example/fet\u{0}tle",
    ])
    func aPasswordIsRefusedAndNeverRepeated(text: String) {
        let error = #expect(throws: StoreAddressError.self) { _ = try StoreAddress(text) }
        #expect(error?.message.contains("cret") == false)
        #expect(error?.message.contains("postgresql") == true || error?.message.contains("pgpass") == true)
    }

    @Test func anAddressIsShownWithoutItsOptions() throws {
        let text = "postgresql://fettle@db-1,db-2:5433/fettle?sslmode=verify-full&sslkey=/etc/key"
        #expect(try PostgresAddress(text, environment: [:]).description == "postgresql://fettle@db-1,db-2:,5433/fettle")
        let socket = "postgresql:///fettle?host=/run/postgresql"
        #expect(
            try PostgresAddress(socket, environment: [:]).description == "postgresql:///fettle?host=/run/postgresql")
        let hostile = "postgresql://%1b%5b2Jdb/fettle"
        #expect(try PostgresAddress(hostile, environment: [:]).description == "postgresql://[2Jdb/fettle")
    }

    @Test func everythingElseIsAFile() throws {
        for path in ["/srv/fettle.db", "fettle.db", "postgresql.db", "./a b"] {
            guard case .sqlite(path) = try StoreAddress(path) else { throw TestSetupFailure(message: "\(path)?") }
        }
        #expect(throws: StoreAddressError.self) { _ = try StoreAddress("") }
    }

    @Test func overANetworkTLSIsAskedForUnlessSaidOtherwise() throws {
        #expect(try address("postgresql://db.example/fettle")["sslmode"] == "require")
        #expect(try address("postgresql://127.0.0.1,db.example/fettle")["sslmode"] == "require")
        #expect(try address("postgresql:///fettle", ["PGHOST": "db.example"])["sslmode"] == "require")
        #expect(try address("postgresql://db.example/fettle?sslmode=disable")["sslmode"] == "disable")
        #expect(try address("postgresql://db.example/fettle", ["PGSSLMODE": "verify-full"])["sslmode"] == nil)
        #expect(try address("postgresql:///fettle?service=mine")["sslmode"] == nil)
        for local in [
            "postgresql:///f", "postgresql://localhost/f", "postgresql://[::1]/f", "postgresql:///f?host=/run",
        ] {
            #expect(try address(local)["sslmode"] == nil)
        }
    }

    @Test func everyWaitHasALimitThatAnAddressMayChange() throws {
        let plain = try address("postgresql://db.example/fettle")
        #expect(plain["connect_timeout"] == "10")
        #expect(plain["tcp_user_timeout"] == "20000")
        #expect(plain["target_session_attrs"] == "read-write")
        #expect(try address("postgresql://db.example/fettle?connect_timeout=3")["connect_timeout"] == "3")
        #expect(try address("postgresql://db.example/fettle", ["PGCONNECT_TIMEOUT": "4"])["connect_timeout"] == "4")
    }
}
