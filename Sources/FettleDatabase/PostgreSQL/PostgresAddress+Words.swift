import FettleStore

extension PostgresAddress {
    /// What went wrong, where, and what to do about it.
    func words(for error: any Error) -> StoreError {
        if let error = error as? StoreError { return error }
        guard let failure = error as? PostgresFailure else {
            return StoreError(
                .unavailable, "what is kept in \(self) cannot be read: \(PostgresFailure.tidy("\(error)"))")
        }
        switch failure.kind {
        case .unreachable(let access):
            return StoreError(.unavailable, "cannot connect to \(self): \(failure.message)\n  \(Self.advice(access))")
        case .lost, .silent:
            return StoreError(
                .unavailable,
                "the connection to \(self) was lost: \(failure.message)\n  "
                    + "nothing is half written; the same command goes on once the server is there again")
        case .malformed: return StoreError(.unavailable, "\(self): \(failure.message)")
        case .server(let state): return refusal(state, failure.message)
        }
    }

    private static func advice(_ access: PostgresFailure.Access) -> String {
        switch access {
        case .passwordMissing:
            "it asks for a password: put it into ~/.pgpass (mode 600) as host:port:database:user:password"
        case .passwordRefused: "the password that ~/.pgpass, PGPASSFILE or PGPASSWORD gives for it is not the right one"
        case .other:
            "if psql with the same address reaches it, so does Fettle; TLS is asked for unless sslmode says otherwise"
        }
    }

    private func refusal(_ state: String, _ message: String) -> StoreError {
        switch state {
        case "53100":
            StoreError(.unavailable, "the disk that holds \(self) is full; nothing was written")
        case "53300":
            StoreError(.unavailable, "\(self) takes no more connections: \(message)")
        case "42501":
            StoreError(
                .unavailable,
                "\(self): \(message)\n  as its administrator: CREATE SCHEMA fettle AUTHORIZATION the_user")
        case "42P07":
            StoreError(.unavailable, "the schema \"fettle\" in \(self) holds tables that are not Fettle's: \(message)")
        case "57014", "55P03":
            StoreError(
                .unavailable,
                "\(self) took too long: \(message)\n  pg_stat_activity shows who holds it up; nothing was written")
        case "25006":
            StoreError(.unavailable, "\(self) takes no writes: \(message); name its primary, or both hosts")
        case "40001", "40P01":
            StoreError(.unavailable, "\(self) is too busy: \(message); nothing was written, try again")
        case _ where state.hasPrefix("23"):
            StoreError(.conflict, "\(self) refused the write: \(message)")
        case _ where state.hasPrefix("57P") || state.hasPrefix("08"):
            StoreError(
                .unavailable, "\(self) hung up: \(message)\n  nothing is half written; try again once it is there")
        default:
            StoreError(.unavailable, "\(self): \(message) (SQLSTATE \(state))")
        }
    }
}
