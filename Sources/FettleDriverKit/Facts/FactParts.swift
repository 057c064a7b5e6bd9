/// Parts of a host's facts, for a look that needs only some of them: pending updates cost the host more than all the rest.
public struct FactParts: OptionSet, Sendable, Hashable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let platform = FactParts(rawValue: 1 << 0)
    public static let boot = FactParts(rawValue: 1 << 1)
    /// Installed packages, and those between installed and removed.
    public static let packages = FactParts(rawValue: 1 << 2)
    public static let updates = FactParts(rawValue: 1 << 3)
    public static let kernels = FactParts(rawValue: 1 << 4)
    public static let rebootRequired = FactParts(rawValue: 1 << 5)
    /// Services that run replaced code.
    public static let services = FactParts(rawValue: 1 << 6)
    public static let fileSystems = FactParts(rawValue: 1 << 7)
    public static let packageLocks = FactParts(rawValue: 1 << 8)
    /// The states of all services, and how often each was restarted: systemd is asked for each of them.
    public static let units = FactParts(rawValue: 1 << 9)

    /// Virtual machines, on a hypervisor.
    public static let machines = FactParts(rawValue: 1 << 10)

    public static let all: FactParts = [
        .platform, .boot, .packages, .updates, .kernels, .rebootRequired, .services, .fileSystems, .packageLocks,
        .units, .machines,
    ]
}
