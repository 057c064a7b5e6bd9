/// What is set once for all package steps.
public struct PackageDriverSettings: Sendable {
    public var clock: DriverClock
    /// How long apt waits for its locks when somebody took one after the step was found ready, in seconds. It stands in the
    /// `sudo` rules: print them again after a change.
    public var lockSeconds: Int
    /// How long a change can be taken back by the versions that a host kept for it, in days. After that an archive stays only
    /// as long as what is in it is installed, or is wanted by the change that is staged.
    public var retentionDays: Int
    /// Shared by all drivers that get these settings.
    let memory = PackageMemory()
    let rpmNotes = RpmNotes()
    let looks = RecentLooks<PackageSnapshot>()
    let ahead = LooksAhead<PackageSnapshot>()

    public init(clock: DriverClock = DriverClock(), lockSeconds: Int = 60, retentionDays: Int = 30) {
        self.clock = clock
        self.lockSeconds = lockSeconds
        self.retentionDays = retentionDays
    }
}
