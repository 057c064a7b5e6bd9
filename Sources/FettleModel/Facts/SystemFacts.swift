/// The operating system as `/etc/os-release` and `uname` name it.
public struct Platform: Codable, Sendable, Equatable {
    /// `ID` of os-release, such as `debian`.
    public var distribution: String
    /// `VERSION_ID`, such as `12`; empty on rolling distributions.
    public var version: String
    /// `VERSION_CODENAME`, such as `bookworm`; empty where there is none.
    public var codename: String
    public var prettyName: String
    /// As the package manager names it, such as `amd64`; the kernel's name where it has none.
    public var architecture: String

    public init(distribution: String, version: String, codename: String, prettyName: String, architecture: String) {
        self.distribution = distribution
        self.version = version
        self.codename = codename
        self.prettyName = prettyName
        self.architecture = architecture
    }
}

/// Which boot this is. A reboot happened when a non-empty boot id was read and differs (I9).
public struct BootFacts: Codable, Sendable, Equatable {
    /// `/proc/sys/kernel/random/boot_id`.
    public var bootID: String
    public var uptimeSeconds: Int
    /// `/etc/machine-id`, 32 hexadecimal digits; nil where there is none, as in many containers.
    public var machineID: String?

    public init(bootID: String, uptimeSeconds: Int, machineID: String? = nil) {
        self.bootID = bootID
        self.uptimeSeconds = uptimeSeconds
        self.machineID = machineID
    }
}

/// Of several installed kernels the running one counts now; the newest decides after a reboot.
public struct KernelFacts: Codable, Sendable, Equatable {
    /// `uname -r`.
    public var running: String
    /// Releases under `/boot` or `/lib/modules` that could be booted, oldest first; empty in containers.
    public var installed: [String]

    public init(running: String, installed: [String]) {
        self.running = running
        self.installed = installed
    }
}

public struct RebootRequirement: Codable, Sendable, Equatable {
    public var isRequired: Bool
    /// Packages that asked for it, sorted.
    public var packages: [String]

    public init(isRequired: Bool, packages: [String] = []) {
        self.isRequired = isRequired
        self.packages = packages
    }
}

/// A service that runs code which is no longer what lies on disk: installed, pending a restart.
public struct StaleService: Codable, Sendable, Equatable {
    /// The systemd unit, such as `nginx.service`; empty if the process belongs to none.
    public var unit: String
    /// Sorted.
    public var processIDs: [Int]
    /// Deleted files still mapped, sorted; at most 20 are kept.
    public var files: [String]

    public init(unit: String, processIDs: [Int], files: [String]) {
        self.unit = unit
        self.processIDs = processIDs
        self.files = files
    }
}

/// A systemd unit as `systemctl show` tells it.
public struct UnitFacts: Codable, Sendable, Equatable {
    public var name: String
    /// `active`, `failed`, `inactive`, `activating` ...
    public var activeState: String
    public var subState: String
    /// `NRestarts`: how often systemd restarted it by itself.
    public var restarts: Int

    public init(name: String, activeState: String, subState: String, restarts: Int) {
        self.name = name
        self.activeState = activeState
        self.subState = subState
        self.restarts = restarts
    }
}

public struct FileSystemFacts: Codable, Sendable, Equatable {
    public var mountPoint: String
    public var totalBytes: Int64
    public var availableBytes: Int64

    public init(mountPoint: String, totalBytes: Int64, availableBytes: Int64) {
        self.mountPoint = mountPoint
        self.totalBytes = totalBytes
        self.availableBytes = availableBytes
    }
}

/// Somebody who holds a lock of the package manager.
public struct PackageLock: Codable, Sendable, Equatable {
    public var path: String
    public var processID: Int
    public var command: String

    public init(path: String, processID: Int, command: String) {
        self.path = path
        self.processID = processID
        self.command = command
    }
}
