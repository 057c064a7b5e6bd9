public import Foundation
public import Logging

/// How feeds are fetched.
public struct FeedSyncOptions: Sendable {
    /// Of this program: what servers are told, as `fettle/<version>`.
    public var version: String
    public var connectSeconds = 15
    /// How long a server may say nothing.
    public var idleSeconds = 60
    /// How long one file may take with all its retries: a large archive over a slow line.
    public var totalSeconds = 3_600
    /// A transfer that is slower than this for `idleSeconds` is broken off: a byte now and then keeps no feed waiting.
    public var minimumBytesPerSecond = 256
    /// Tries without a byte of progress, the first one counted.
    public var attempts = 4
    /// Before the second try; doubled each time, up to 30 seconds.
    public var firstRetryMilliseconds = 1_000
    /// A server that asks for a longer pause is not waited for.
    public var longestRetryAfterSeconds = 120
    /// Sources that are fetched at once. The files of one are fetched one after the other.
    public var parallelSources = 4
    /// Whether the sources that succeed are swapped in although others failed. Those keep what they had, and say so.
    public var keepsGoing = false
    /// Whether feeds of sources that are not asked for are taken away, with their downloads, instead of staying as they
    /// are.
    public var dropsOthers = false
    /// Where the proxy is looked up.
    public var environment: [String: String]
    public var logger: Logger?

    public init(
        version: String, environment: [String: String] = ProcessInfo.processInfo.environment, logger: Logger? = nil
    ) {
        self.version = version
        self.environment = environment
        self.logger = logger
    }
}

/// How far a file has come.
public struct FeedProgress: Sendable, Equatable {
    public var source: FeedSourceID
    public var file: String
    /// Of the file, with what was here already.
    public var received: Int64
    /// nil where the server does not tell.
    public var total: Int64?
    public var phase: Phase

    public enum Phase: String, Sendable {
        case receiving
        /// The server said that what is here is still the newest.
        case unchanged
        /// Whole and verified.
        case done
    }
}
