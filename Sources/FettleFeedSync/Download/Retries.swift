internal import FettleModel
internal import Foundation
internal import Logging

extension FeedDownloader {
    /// Tries again what may pass by itself: a few times without progress, with growing pauses or as the server asks.
    func retrying<Value>(
        _ address: FeedAddress, deadline: ContinuousClock.Instant, source: FeedSourceID,
        _ body: () async throws -> Value
    ) async throws -> Value {
        var failures = 0
        while true {
            try Task.checkCancellation()
            do {
                return try await body()
            } catch let passing as Passing {
                failures = passing.hasProgressed ? 1 : failures + 1
                let pause = try Self.pause(after: passing, failures: failures, options)
                guard ContinuousClock.now + pause < deadline else { throw passing.error }
                options.logger?.info(
                    "feed tried again",
                    metadata: [
                        "source": "\(source)", "address": "\(address.shown)", "reason": "\(passing.error.message)",
                        "pauseSeconds": "\(pause.components.seconds)",
                    ])
                try await Task.sleep(for: pause)
            }
        }
    }

    /// - Throws: the failure itself, if there is to be no other try.
    static func pause(after passing: Passing, failures: Int, _ options: FeedSyncOptions) throws -> Duration {
        guard failures < options.attempts else { throw passing.error }
        if let asked = passing.afterSeconds {
            guard asked <= options.longestRetryAfterSeconds else {
                var error = passing.error
                error.message += ", and asks to come back in \(asked) seconds"
                throw error
            }
            return .seconds(asked)
        }
        let doubled = options.firstRetryMilliseconds << min(failures - 1, 10)
        return .milliseconds(min(doubled, 30_000))
    }
}
