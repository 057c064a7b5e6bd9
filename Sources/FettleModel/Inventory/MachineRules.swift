/// What a pool of hypervisors allows to be done with the machines on its members, and how they are moved.
public struct MachineRules: Codable, Sendable, Hashable {
    /// The name of the driver, such as `libvirt`.
    public var driver: String
    /// How one hypervisor reaches another's management; `{host}` stands for the other's host. It goes to the driver as it is.
    public var destination: String
    /// Directories that all members see alike. A disk elsewhere is taken for one hypervisor's own unless the hypervisor itself knows
    /// better, and a machine with such a disk is not moved. Sorted.
    public var sharedDirectories: [String]
    /// What one move may take of the network, in MiB a second; 0: no limit.
    public var bandwidthMebibytes: Int
    /// How long one move may take, in seconds, before `whenTooSlow` is done.
    public var timeLimitSeconds: Int
    public var whenTooSlow: TooSlow
    /// Whether the memory of a machine that is moved crosses the network encrypted.
    public var isEncrypted: Bool
    /// Virtual processors that a hypervisor may give out for each of its own.
    public var processorsPerCore: Int
    /// Memory of each hypervisor that no machine may have, in MiB.
    public var reservedMebibytes: Int
    /// The most memory that all machines on one hypervisor may have together, in MiB; nil: all but what is reserved.
    public var mostMebibytes: Int?
    /// Machines, by name, that may stay on a hypervisor that goes out, and go down with it, where they cannot be moved. Sorted.
    public var mayStay: [String]
    /// Sets of machines, by name, no two of which may be on one hypervisor. Each sorted.
    public var apart: [[String]]
    /// How the product is asked, where that is by an API of its own; nil: it is asked on the hypervisors themselves.
    public var api: MachineAPI?

    /// What becomes of a move that takes longer than allowed.
    public enum TooSlow: String, Codable, Sendable, CaseIterable {
        /// It is called off: the machine stays where it is, and so the hypervisor is not emptied.
        case abort
        /// The machine goes on at the destination at once, and its memory follows. It is lost if either of the two fails meanwhile.
        case postCopy
    }

    public init(
        driver: String, destination: String = "qemu+tls://{host}/system", sharedDirectories: [String] = [],
        bandwidthMebibytes: Int = 0, timeLimitSeconds: Int = 600, whenTooSlow: TooSlow = .abort,
        isEncrypted: Bool = true, processorsPerCore: Int = 4, reservedMebibytes: Int = 1_024,
        mostMebibytes: Int? = nil, mayStay: [String] = [], apart: [[String]] = [],
        api: MachineAPI? = nil
    ) {
        self.driver = driver
        self.destination = destination
        self.sharedDirectories = sharedDirectories
        self.bandwidthMebibytes = bandwidthMebibytes
        self.timeLimitSeconds = timeLimitSeconds
        self.whenTooSlow = whenTooSlow
        self.isEncrypted = isEncrypted
        self.processorsPerCore = processorsPerCore
        self.reservedMebibytes = reservedMebibytes
        self.mostMebibytes = mostMebibytes
        self.mayStay = mayStay
        self.apart = apart
        self.api = api
    }

    /// Whether all members see a file alike; a path that leads out of a directory by `..` is seen by none.
    public func isShared(_ path: String) -> Bool {
        guard !path.split(separator: "/").contains("..") else { return false }
        return sharedDirectories.contains { directory in
            path.hasPrefix(directory.hasSuffix("/") ? directory : directory + "/")
        }
    }
}

/// The API of what manages a pool's hypervisors.
public struct MachineAPI: Codable, Sendable, Hashable {
    /// Where it is: `https`, a host and a port, no path. `{host}` stands for that of a member, each of which answers for all.
    public var url: String
    /// What lets one in, as the product wants it.
    public var token: SecretSource
    /// A file in PEM form on the controller: the authorities whose certificates count there, and no others; nil: the system's.
    public var certificateAuthorities: String?

    public init(url: String, token: SecretSource, certificateAuthorities: String? = nil) {
        self.url = url
        self.token = token
        self.certificateAuthorities = certificateAuthorities
    }
}

extension HypervisorFacts {
    /// What the hypervisor may carry, and what can be moved, by rules: of facts that tell what it has and what its machines need.
    ///
    /// - Parameter rules: of the hypervisor's pool; nil: nothing is said, so that nothing is shared and all may be given out.
    public func ruled(by rules: MachineRules?) -> HypervisorFacts {
        var facts = self
        if let rules {
            let (processors, isTooMany) = processors.multipliedReportingOverflow(by: max(1, rules.processorsPerCore))
            facts.processors = isTooMany ? self.processors : processors
            let memory = max(0, memoryMebibytes) - min(max(0, rules.reservedMebibytes), max(0, memoryMebibytes))
            facts.memoryMebibytes = min(memory, rules.mostMebibytes ?? memory)
        }
        for place in facts.residents.indices {
            let machine = residents[place]
            if machine.isBoundBecause == nil,
                let path = machine.sharedPaths?.first(where: { rules?.isShared($0) != true })
            {
                facts.residents[place].isBoundBecause = "\(path) is on this hypervisor only, as far as the fleet says"
            }
            facts.residents[place].sharedPaths = nil
            let others = (rules?.apart ?? []).filter { $0.contains(machine.name) }.joined().filter {
                $0 != machine.name
            }
            if !others.isEmpty { facts.residents[place].apartFrom = Set(machine.apartFrom + others).sorted() }
        }
        return facts
    }
}
