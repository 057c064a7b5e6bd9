public import FettleModel
public import Foundation

/// An issuer's keys for a process that lives longer than they do: read anew when a token names one that is not among them.
///
/// Whoever may send a token may make key ids up: however many they are, the issuer is asked once a minute at most, and by one request at a
/// time. What a read that fails, or that brings no key set, leaves behind are the keys that were there.
public actor IssuerKeys {
    private var keys: Data
    private let read: @Sendable () async throws -> Data
    private let now: @Sendable () -> ContinuousClock.Instant
    private var readAt: ContinuousClock.Instant
    private var triedAt: ContinuousClock.Instant?
    private var reading: Task<Void, Never>?

    /// Between two reads.
    static let pause = Duration.seconds(60)
    /// A key that the issuer withdraws is good for no longer, as long as the issuer can be read.
    static let longestAge = Duration.seconds(3_600)

    /// - Parameters:
    ///   - keys: as they were read at first.
    ///   - read: reads them anew; bounded in time and size.
    ///   - now: nothing of it is compared with any other clock.
    public init(
        _ keys: Data, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        read: @escaping @Sendable () async throws -> Data
    ) {
        self.keys = keys
        self.now = now
        self.read = read
        readAt = now()
    }

    /// Who that is, and what they may; as ``IDTokenVerifier/verify(_:at:)`` with the keys as they are by now.
    public func verify(
        _ token: String, policy: IdentityPolicy, at time: Timestamp
    ) async throws(IDTokenError) -> Principal {
        if now() - readAt >= Self.longestAge { await renew() }
        let known = keys
        do throws(IDTokenError) {
            return try await IDTokenVerifier(policy: policy, keys: known).verify(token, at: time)
        } catch {
            guard error.code == .unknownKey else { throw error }
            await renew()
            // Another's token may have had them read meanwhile.
            guard keys != known else { throw error }
            return try await IDTokenVerifier(policy: policy, keys: keys).verify(token, at: time)
        }
    }

    private func renew() async {
        if let reading { return await reading.value }
        let time = now()
        if let triedAt, time - triedAt < Self.pause { return }
        triedAt = time
        let task = Task { await self.take(try? await self.read(), at: time) }
        reading = task
        await task.value
        reading = nil
    }

    private func take(_ bytes: Data?, at time: ContinuousClock.Instant) {
        guard let bytes, IDTokenVerifier.isKeySet(bytes) else { return }
        keys = bytes
        readAt = time
    }
}
