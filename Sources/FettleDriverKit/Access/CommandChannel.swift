public import FettleModel

/// A way to run commands on one target. Commands on one channel run one after the other, in the order they were asked.
public protocol CommandChannel: Sendable {
    /// Runs the command and waits for its end, at most for its `timeout`. Connects first where there is no connection.
    ///
    /// Never retries: after an error whose `nothingRan` is false the command may have run, wholly or in part. When the
    /// surrounding task is cancelled the command is stopped, and the call returns at once with `cancelled`.
    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult

    /// Hangs up, and stops what still runs. The next `run` connects anew.
    func close() async
}

/// Finds the channel to a target.
public protocol ChannelProvider: Sendable {
    /// A channel that is connected: callers of the same address share one.
    ///
    /// - Throws: every `AccessError.Code` whose `nothingRan` is true, and `protocolViolation`, `cancelled`.
    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel
}
