/// That members of a group, which are virtual machines, have their disks kept as they are before they are patched, to go back to.
public struct SnapshotRules: Codable, Sendable, Hashable {
    /// The name of the driver, such as `libvirt`.
    public var driver: String
    /// What must be free on the file system of a machine's disks when its snapshot is taken: in MiB, or as a share of what the disks can
    /// hold, which is the most that can be written beside them.
    public var leastFree: Quantity
    /// How long all are watched behind the last one, before the snapshots are removed, in seconds.
    public var keepSeconds: Int
    /// How old a snapshot may become, in seconds.
    public var oldestSeconds: Int
    /// Whether no snapshot is taken of a machine whose guest agent does not hold its file systems still meanwhile.
    public var mustFreeze: Bool
    /// Members of clusters and the like may lose what was written since the snapshot.
    public var mayLoseWrites: Bool

    public init(
        driver: String, leastFree: Quantity = .percent(100), keepSeconds: Int = 3_600, oldestSeconds: Int = 86_400,
        mustFreeze: Bool = true, mayLoseWrites: Bool = false
    ) {
        self.driver = driver
        self.leastFree = leastFree
        self.keepSeconds = keepSeconds
        self.oldestSeconds = oldestSeconds
        self.mustFreeze = mustFreeze
        self.mayLoseWrites = mayLoseWrites
    }
}
