public import FettleStore

/// A PostgreSQL database that several machines share. It keeps every promise that the SQLite store keeps, by row locks and, for
/// reservations, one lock for the whole ledger.
///
/// One connection for each store, opened when it is first used. Durability is the server's: `synchronous_commit` is on for
/// every write; a fail-over to a standby that lags behind would lose what was acknowledged.
public final class PostgresStore: Store {
    let session: PostgresSession

    public convenience init(_ address: PostgresAddress) { self.init(address, limits: .init()) }

    init(_ address: PostgresAddress, limits: PostgresSession.Limits) {
        session = PostgresSession(address, limits: limits)
    }
}
