/// What a host showed of itself at one moment. nil is "not known", never zero; `unknown` says why.
public struct Pulse: Codable, Sendable, Equatable {
    /// Seconds since the watch began.
    public var at: Double
    /// Seconds since 1970 by the host's own clock, when the pulse was begun.
    public var hostClock: Int64?
    /// Another one is another boot.
    public var bootID: String?
    public var uptimeSeconds: Double?
    /// Those that run.
    public var services: [ServicePulse]?
    /// Counted since boot, on the whole host; in a container those of the machine that carries it.
    public var outOfMemoryKills: Int?
    /// What crashed since the watch began, by signature (the program and its signal), and how often.
    public var crashes: [String: Int]?
    /// Oops, warning and lockup messages of the kernel since the watch began, by their first words.
    public var kernelTroubles: [String: Int]?
    /// The kernel's own flags of what has gone wrong since boot, without those that only name the origin of a module.
    public var kernelTaint: Int?
    /// Microseconds in which somebody stood still for want of it (`some`), since boot: `cpu`, `memory`, `io`.
    public var stalls: [String: Int]?
    /// Processor time that the hypervisor gave to others, and all of it, in ticks since boot.
    public var steal: Share?
    public var disks: [DiskPulse]?
    public var memoryBytes: Int64?
    /// What could not be read, and why.
    public var unknown: [String: String]

    public struct Share: Codable, Sendable, Equatable {
        public var part: Int
        public var whole: Int

        public init(part: Int, whole: Int) {
            self.part = part
            self.whole = whole
        }
    }

    public init(
        at: Double, hostClock: Int64? = nil, bootID: String? = nil, uptimeSeconds: Double? = nil,
        services: [ServicePulse]? = nil,
        outOfMemoryKills: Int? = nil, crashes: [String: Int]? = nil, kernelTroubles: [String: Int]? = nil,
        kernelTaint: Int? = nil,
        stalls: [String: Int]? = nil, steal: Share? = nil, disks: [DiskPulse]? = nil, memoryBytes: Int64? = nil,
        unknown: [String: String] = [:]
    ) {
        self.at = at
        self.hostClock = hostClock
        self.bootID = bootID
        self.uptimeSeconds = uptimeSeconds
        self.services = services
        self.outOfMemoryKills = outOfMemoryKills
        self.crashes = crashes
        self.kernelTroubles = kernelTroubles
        self.kernelTaint = kernelTaint
        self.stalls = stalls
        self.steal = steal
        self.disks = disks
        self.memoryBytes = memoryBytes
        self.unknown = unknown
    }
}

/// A service that runs, by systemd and by the processes of its control group.
public struct ServicePulse: Codable, Sendable, Equatable {
    public var unit: String
    /// How often systemd has started it anew by itself.
    public var restarts: Int
    /// 0: it has failed, and waits to be started anew.
    public var mainProcess: Int
    /// When it became active, in microseconds since boot: another moment is another start, whoever asked for it.
    public var activeSince: Int64
    /// Resident memory of its processes in bytes; what they share is counted once.
    public var memoryBytes: Int64?
    /// Of the process that has the most of them; its limit is that process's.
    public var descriptors: Int?
    public var threads: Int?
    /// What it may have at most; nil: not known, or no limit.
    public var memoryLimit: Int64?
    public var descriptorLimit: Int?
    public var threadLimit: Int?
    /// Of its control group, since it was made.
    public var outOfMemoryKills: Int?

    public init(
        unit: String, restarts: Int = 0, mainProcess: Int, activeSince: Int64 = 0, memoryBytes: Int64? = nil,
        descriptors: Int? = nil, threads: Int? = nil, memoryLimit: Int64? = nil, descriptorLimit: Int? = nil,
        threadLimit: Int? = nil, outOfMemoryKills: Int? = nil
    ) {
        self.unit = unit
        self.restarts = restarts
        self.mainProcess = mainProcess
        self.activeSince = activeSince
        self.memoryBytes = memoryBytes
        self.descriptors = descriptors
        self.threads = threads
        self.memoryLimit = memoryLimit
        self.descriptorLimit = descriptorLimit
        self.threadLimit = threadLimit
        self.outOfMemoryKills = outOfMemoryKills
    }

    var isRunning: Bool { mainProcess > 0 }
}

public struct DiskPulse: Codable, Sendable, Equatable {
    public var mountPoint: String
    public var usedBytes: Int64
    /// Used and available: what the service can fill.
    public var sizeBytes: Int64

    public init(mountPoint: String, usedBytes: Int64, sizeBytes: Int64) {
        self.mountPoint = mountPoint
        self.usedBytes = usedBytes
        self.sizeBytes = sizeBytes
    }
}
