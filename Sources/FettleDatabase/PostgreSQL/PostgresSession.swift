import FettleStore
import Foundation

/// The one connection of a store: opened when it is first needed, opened again when it was lost.
///
/// The body of a transaction is plain synchronous code: nothing else can come in between, and no transaction stays open across
/// a suspension. All that a transaction decides it reads within itself, so it may be done again from the start.
actor PostgresSession {
    private let address: PostgresAddress
    private let limits: Limits
    private let queue: QueueExecutor
    private var connection: PostgresConnection?
    private var hasEverConnected = false

    struct Limits: Sendable {
        /// How long a lost connection or another one's transaction is borne, in seconds. Below the length of a run's lease.
        var patienceSeconds = 20
        /// How long one statement may take on the server.
        var statementSeconds = 15
        /// How long its answer may take to come here.
        var answerSeconds = 20
        /// How long it may wait there for another transaction's lock.
        var lockSeconds = 10
        /// How far this machine's clock may be from the server's: leases of several machines are judged by it.
        var clockSeconds = 5
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    init(_ address: PostgresAddress, limits: Limits = Limits()) {
        self.address = address
        self.limits = limits
        queue = QueueExecutor(label: "fettle.postgresql")
    }

    // MARK: Reading and writing

    /// Runs statements that only read; each sees what was committed before it.
    func read<Value: Sendable>(
        _ body: @Sendable (PostgresConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        try await retrying { connection in
            try body(connection)
        }
    }

    /// Runs `body` in one transaction: all of it or nothing, durable when this returns.
    ///
    /// If the connection breaks just when the transaction is committed, the server is asked afterwards what became of it:
    /// nothing is written twice, and nothing that was written is reported as failed.
    func write<Value: Sendable>(
        _ body: @Sendable (PostgresConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        var doubt: (transaction: String, value: Value)?
        do throws(StoreError) {
            return try await retrying { connection in try attempt(body, on: connection, doubt: &doubt) }
        } catch {
            guard doubt != nil, error.code == .unavailable else { throw error }
            throw StoreError(
                .unavailable,
                "\(error.message)\n  it broke at a commit: whether that last write was kept shows when it is back")
        }
    }

    private func attempt<Value: Sendable>(
        _ body: @Sendable (PostgresConnection) throws -> Value, on connection: PostgresConnection,
        doubt: inout (transaction: String, value: Value)?
    ) throws -> Value {
        if let open = doubt {
            switch try Self.fate(of: open.transaction, on: connection) {
            case .committed: return open.value
            case .aborted: doubt = nil
            case .underWay:
                throw PostgresFailure(.silent, "the server has not yet noticed that the connection broke")
            }
        }
        let begin = try connection.begin()
        let value: Value
        do {
            value = try body(connection)
        } catch {
            if connection.isUsable { try? connection.rollBack() }
            throw error
        }
        do {
            try connection.commit()
        } catch let failure as PostgresFailure where failure.needsNewConnection {
            doubt = (begin, value)
            throw failure
        }
        return value
    }

    private enum Fate { case committed, aborted, underWay }

    private static func fate(of transaction: String, on connection: PostgresConnection) throws -> Fate {
        let answer = try connection.execute(
            "SELECT pg_catalog.pg_xact_status($1::text::xid8)", [.text(transaction)])
        switch try answer.optionalText(0, 0) {
        case "committed": return .committed
        case "aborted": return .aborted
        case "in progress": return .underWay
        default:
            throw StoreError(
                .unavailable, "the connection broke at a commit, and the server no longer knows that transaction")
        }
    }

    /// Tries until it succeeds, fails for good, or the patience is over.
    private func retrying<Value: Sendable>(
        _ attempt: (PostgresConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        let deadline = ContinuousClock.now + .seconds(limits.patienceSeconds)
        var pause = Duration.milliseconds(20)
        while true {
            do {
                return try attempt(try openConnection())
            } catch {
                guard let failure = error as? PostgresFailure else { throw address.words(for: error) }
                if failure.needsNewConnection || connection?.isUsable != true { connection = nil }
                // Nobody waits 20 seconds to be told of a wrong name.
                let isWorthIt = failure.isRace || (failure.needsNewConnection && hasEverConnected)
                guard isWorthIt, ContinuousClock.now + pause < deadline,
                    (try? await Task.sleep(for: pause * Double.random(in: 0.5...1))) != nil
                else { throw address.words(for: failure) }
                pause = min(pause * 2, .seconds(2))
            }
        }
    }

    // MARK: The connection

    private func openConnection() throws -> PostgresConnection {
        if let connection, connection.isUsable { return connection }
        let opened = try PostgresConnection(address.settings)
        try prepare(opened)
        try PostgresSchema.bringUpToDate(opened, address: address.description)
        connection = opened
        hasEverConnected = true
        return opened
    }

    private func prepare(_ opened: PostgresConnection) throws {
        guard opened.serverVersion >= 130_000 else {
            throw StoreError(
                .unavailable, "\(address): its server is older than PostgreSQL 13, the oldest that Fettle works with")
        }
        guard opened.parameter("server_encoding") == "UTF8" else {
            throw StoreError(
                .unavailable,
                "\(address): the database's encoding is not UTF8\n  "
                    + "`createdb --encoding UTF8 --template template0 NAME` makes one that is")
        }
        opened.answerSeconds = limits.answerSeconds
        try opened.executeScript(
            """
            SET statement_timeout = '\(limits.statementSeconds)s'; SET lock_timeout = '\(limits.lockSeconds)s';
            SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = error;
            SET default_transaction_isolation = 'read committed'; SET standard_conforming_strings = on;
            SELECT pg_catalog.set_config('synchronous_commit', 'on', false)
                WHERE pg_catalog.current_setting('synchronous_commit') = 'off'
            """)
        try requireSameTime(opened)
    }

    private func requireSameTime(_ opened: PostgresConnection) throws {
        let before = Date().timeIntervalSince1970
        let answer = try opened.execute(
            "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint")
        let after = Date().timeIntervalSince1970
        let server = Double(try answer.integer(0, 0)) / 1000
        let difference = server < before ? before - server : max(0, server - after)
        guard difference <= Double(limits.clockSeconds) else {
            throw StoreError(
                .unavailable,
                "\(address): its clock and this machine's are \(Int(difference)) s apart, and leases of runs go by them\n  "
                    + "set both by NTP")
        }
    }
}

extension PostgresConnection {
    /// Begins a transaction.
    /// - Returns: its number, by which the server knows it later.
    func begin() throws -> String {
        try execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        do {
            return try execute("SELECT pg_catalog.pg_current_xact_id()::text").text(0, 0)
        } catch {
            if isUsable { try? rollBack() }
            throw error
        }
    }

    func commit() throws {
        let done = try execute("COMMIT")
        // A transaction in which a statement failed is rolled back by COMMIT without an error.
        guard done.tag == "COMMIT" else {
            throw PostgresFailure(.malformed, "the server answered COMMIT with \(done.tag)")
        }
    }

    func rollBack() throws { try execute("ROLLBACK") }
}
