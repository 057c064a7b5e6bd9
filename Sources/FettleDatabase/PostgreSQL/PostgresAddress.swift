import CLibPQ
import Foundation

/// A PostgreSQL database, as libpq's connection URLs name it
/// (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING). What the URL leaves open comes from the `PG...`
/// variables and the service file, as with psql. It never holds a password: libpq takes that from `~/.pgpass`, `PGPASSFILE`,
/// `PGPASSWORD` or the service file.
public struct PostgresAddress: Sendable, CustomStringConvertible {
    struct Setting: Sendable, Equatable {
        var keyword: String
        var value: String
    }

    /// What the URL says, then what Fettle adds where nobody said anything.
    let settings: [Setting]

    /// The address without its options: for messages.
    public let description: String

    static func isMeant(by text: String) -> Bool {
        text.hasPrefix("postgresql://") || text.hasPrefix("postgres://")
    }

    /// - Throws: `StoreAddressError` if it is no such URL or holds a password.
    public init(_ text: String) throws(StoreAddressError) {
        try self.init(text, environment: ProcessInfo.processInfo.environment)
    }

    init(_ text: String, environment: [String: String]) throws(StoreAddressError) {
        guard Self.isMeant(by: text), text.utf8.count <= 4096, !text.utf8.contains(0) else { throw Self.malformed }
        let given = try Self.parse(text)
        guard !given.contains(where: { $0.keyword == "password" || $0.keyword == "sslpassword" }) else {
            throw StoreAddressError(
                """
                the store's address holds a password, and arguments and settings can be read by others (ps, /proc)
                  leave it out of the address, and put it into ~/.pgpass (mode 600) as host:port:database:user:password
                  PGPASSFILE, PGPASSWORD and PGSERVICEFILE work as with psql
                """)
        }
        var settings = given
        for addition in Self.additions(to: given, environment: environment)
        where !given.contains(where: { $0.keyword == addition.keyword }) {
            settings.append(addition)
        }
        self.settings = settings
        description = Self.describe(given)
    }

    private static var malformed: StoreAddressError {
        StoreAddressError(
            "the store's address is no PostgreSQL address; postgresql://user@host:5432/database would be one, or "
                + "postgresql:///database?host=/run/postgresql for a socket")
    }

    private static func parse(_ text: String) throws(StoreAddressError) -> [Setting] {
        if let problem = load_libpq() {
            throw StoreAddressError("PostgreSQL needs libpq: \(String(cString: problem))")
        }
        var reason: UnsafeMutablePointer<CChar>?
        // The reason quotes the URL, a password included: it is not shown.
        defer { PQfreemem(reason) }
        guard let options = PQconninfoParse(text, &reason) else { throw malformed }
        defer { PQconninfoFree(options) }
        var settings: [Setting] = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val, value.pointee != 0 {
                settings.append(Setting(keyword: String(cString: keyword), value: String(cString: value)))
            }
            option += 1
        }
        return settings
    }

    private static func additions(to given: [Setting], environment: [String: String]) -> [Setting] {
        var additions = [
            Setting(keyword: "application_name", value: environment["PGAPPNAME"] ?? "fettle"),
            Setting(keyword: "client_encoding", value: "UTF8"),
            // Seconds for each host that is tried.
            Setting(keyword: "connect_timeout", value: environment["PGCONNECT_TIMEOUT"] ?? "10"),
            Setting(keyword: "keepalives_idle", value: "10"),
            Setting(keyword: "keepalives_interval", value: "5"),
            Setting(keyword: "keepalives_count", value: "3"),
            // Milliseconds that sent data may go unacknowledged: a lost peer is noticed within a lease.
            Setting(keyword: "tcp_user_timeout", value: "20000"),
            // A standby can neither be written nor trusted to be up to date.
            Setting(
                keyword: "target_session_attrs", value: environment["PGTARGETSESSIONATTRS"] ?? "read-write"),
        ]
        // libpq's own default falls back to plain text in silence.
        if environment["PGSSLMODE"] == nil, environment["PGSERVICE"] == nil,
            !given.contains(where: { $0.keyword == "service" }), !isLocal(given, environment: environment)
        {
            additions.append(Setting(keyword: "sslmode", value: "require"))
        }
        return additions
    }

    /// Whether every host is this machine.
    private static func isLocal(_ given: [Setting], environment: [String: String]) -> Bool {
        func values(_ keyword: String, _ variable: String) -> [Substring] {
            let value = given.first { $0.keyword == keyword }?.value ?? environment[variable] ?? ""
            return value.split(separator: ",")
        }
        let hosts = values("hostaddr", "PGHOSTADDR") + values("host", "PGHOST")
        return hosts.allSatisfy {
            $0.hasPrefix("/") || $0.hasPrefix("@") || $0 == "localhost" || $0.hasPrefix("127.") || $0 == "::1"
        }
    }

    private static func describe(_ given: [Setting]) -> String {
        func value(_ keyword: String) -> String? { given.first { $0.keyword == keyword }?.value }
        let user = value("user").map { "\($0)@" } ?? ""
        let port = value("port").map { ":\($0)" } ?? ""
        let service = value("service").map { " (service \($0))" } ?? ""
        let host = value("host") ?? value("hostaddr") ?? ""
        let database = value("dbname") ?? ""
        let text =
            host.hasPrefix("/")
            ? "postgresql://\(user)/\(database)?host=\(host)" : "postgresql://\(user)\(host)\(port)/\(database)"
        return PostgresFailure.tidy(text + service)
    }
}
