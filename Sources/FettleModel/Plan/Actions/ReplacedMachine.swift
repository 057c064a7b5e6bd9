/// The virtual machine that a resource is, and what is made in its place: the same machine with another disk, while it is kept,
/// shut off and under another name, to go back to.
public struct ReplacedMachine: Codable, Sendable, Equatable {
    /// The name of the driver, such as `libvirt`.
    public var driver: String
    /// On which it runs, and how that is reached.
    public var hypervisor: ResourceID
    public var address: ResourceAddress
    /// As the hypervisor names it: the new one has the same name.
    public var name: String
    /// What the hypervisor knew it by when the plan was made: another machine of its name is left alone.
    public var uuid: String
    /// The directory in which the hypervisor sees the images.
    public var images: String
    /// The version of the image that the new one is made from, and its SHA-256.
    public var version: String
    public var digest: Digest
    /// SHA-256 of the kernel and of the first RAM disk that belong to the image, for a machine that boots these from outside of its
    /// disk. Left out where it does not: then none is taken.
    public var kernel: Digest?
    public var initrd: Digest?
    /// Where else the machine could be by now, sorted by name: these are asked before its disk or its twin is touched.
    public var neighbours: [HypervisorAddress]

    public init(
        driver: String, hypervisor: ResourceID, address: ResourceAddress, name: String, uuid: String, images: String,
        version: String, digest: Digest, kernel: Digest? = nil, initrd: Digest? = nil,
        neighbours: [HypervisorAddress] = []
    ) {
        self.driver = driver
        self.hypervisor = hypervisor
        self.address = address
        self.name = name
        self.uuid = uuid
        self.images = images
        self.version = version
        self.digest = digest
        self.kernel = kernel
        self.initrd = initrd
        self.neighbours = neighbours
    }

    /// Under which name the machine is kept while a run has another one in its place.
    public func keptName(in run: RunID) -> String { "\(name).before-\(run)" }

    /// The file of the new machine's disk, beside the kept one's. It has a part of the kept machine's UUID in it, so that runs of two
    /// stores which have the same name cannot mean the same file.
    public func diskName(in run: RunID) -> String { "\(name).\(run)-\(uuid.prefix(8)).qcow2" }
}

extension StepAction {
    /// The virtual machine that is made anew, taken back or removed by it; nil: none.
    public var remadeMachine: ReplacedMachine? {
        switch self {
        case .replaceImage(let replacement): replacement.machine
        case .discardKept(let machine): machine
        default: nil
        }
    }
}

/// A hypervisor, and how it is reached.
public struct HypervisorAddress: Codable, Sendable, Equatable {
    public var id: ResourceID
    public var address: ResourceAddress

    public init(id: ResourceID, address: ResourceAddress) {
        self.id = id
        self.address = address
    }
}
