/// What is set once for all package steps.
public struct PackageDriverSettings: Sendable {
    public var clock: DriverClock
    /// How long apt waits for its locks when somebody took one after the step was found ready, in seconds. It stands in the
    /// `sudo` rules: print them again after a change.
    public var lockSeconds: Int

    public init(clock: DriverClock = DriverClock(), lockSeconds: Int = 60) {
        self.clock = clock
        self.lockSeconds = lockSeconds
    }
}
