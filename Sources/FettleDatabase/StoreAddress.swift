public import FettleStore

/// Where a store is: `postgresql://...` for a PostgreSQL database, or the path of a SQLite file.
public enum StoreAddress: Sendable, CustomStringConvertible {
    case sqlite(path: String)
    case postgres(PostgresAddress)

    /// - Throws: `StoreAddressError` if the text is neither, or holds a password.
    public init(_ text: String) throws(StoreAddressError) {
        if PostgresAddress.isMeant(by: text) {
            self = .postgres(try PostgresAddress(text))
            return
        }
        // Whatever stands before "://" may be a password's neighbour: it is not repeated.
        guard !text.isEmpty, !text.contains("://"), !text.utf8.contains(0) else {
            throw StoreAddressError(
                "a store is the path of a SQLite file or a PostgreSQL address such as "
                    + "postgresql://fettle@db.example/fettle")
        }
        self = .sqlite(path: text)
    }

    /// Opens it. A SQLite file is made with the first write where there is none; PostgreSQL is first asked when something is first read or written.
    public func open() throws(StoreError) -> any Store {
        switch self {
        case .sqlite(let path): try SQLiteStore(path: path, making: .withTheFirstWrite)
        case .postgres(let address): PostgresStore(address)
        }
    }

    public var description: String {
        switch self {
        case .sqlite(let path): path
        case .postgres(let address): address.description
        }
    }
}

/// Why a text names no store. Never quotes it: it may hold a password.
public struct StoreAddressError: Error, Sendable, Equatable, CustomStringConvertible {
    public var message: String

    init(_ message: String) { self.message = message }

    public var description: String { message }
}
