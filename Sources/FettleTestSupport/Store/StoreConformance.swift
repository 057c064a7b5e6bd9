import FettleModel
public import FettleStore

/// What every store must keep to, whichever it is: one check for each promise, against a fresh and empty store.
///
///     @Test(arguments: StoreConformance.checks)
///     func keepsItsPromises(check: StoreConformance.Check) async throws { try await check.run(makeStore()) }
public enum StoreConformance {
    public struct Check: Sendable, CustomStringConvertible {
        public var name: String
        /// - Throws: `ConformanceFailure`, or whatever the store threw where it should not have.
        public var run: @Sendable (any Store) async throws -> Void

        public init(_ name: String, run: @escaping @Sendable (any Store) async throws -> Void) {
            self.name = name
            self.run = run
        }

        public var description: String { name }
    }

    public static let checks: [Check] =
        documents + journals + leases + reservations + ledgers + supersessions + waivers + sightings + logs
        + messages
}

/// A promise that was not kept.
public struct ConformanceFailure: Error, CustomStringConvertible {
    public var message: String
    public var line: UInt
    public var description: String { "\(message) (line \(line))" }
}

extension StoreConformance {
    static let alice: Person = "alice"

    static func expect(_ condition: Bool, _ message: String, line: UInt = #line) throws {
        if !condition { throw ConformanceFailure(message: message, line: line) }
    }

    static func expectRefusal(
        _ code: StoreError.Code, _ message: String, line: UInt = #line, _ body: () async throws(StoreError) -> Void
    ) async throws {
        do throws(StoreError) {
            try await body()
        } catch {
            try expect(error.code == code, "\(message): \(error.code) instead of \(code): \(error.message)", line: line)
            try expect(!error.message.isEmpty, "\(message): it should say why", line: line)
            return
        }
        throw ConformanceFailure(message: "\(message): nothing was refused", line: line)
    }

    static func time(_ seconds: Int) -> Timestamp {
        Timestamp(milliseconds: 1_800_000_000_000).adding(seconds: seconds)
    }

    static func record(_ sequence: Int, epoch: Int, _ event: RunEvent? = nil) -> JournalRecord {
        JournalRecord(
            sequence: sequence, epoch: epoch, at: time(sequence),
            event: event ?? .awaitingHuman(reason: "line \(sequence): \u{1F600} \"quoted\" \u{0000} end"))
    }

    /// A run that is held, with its claim.
    static func heldRun(_ run: RunID, in store: any Store) async throws -> RunClaim {
        try await store.createRun(run, change: "change-1", at: time(0))
        return try await store.claim(run, executor: "one", at: .now(), leaseSeconds: 60, takeOver: false)
    }
}
