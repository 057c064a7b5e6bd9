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

    public init(
        driver: String, hypervisor: ResourceID, address: ResourceAddress, name: String, uuid: String, images: String,
        version: String, digest: Digest
    ) {
        self.driver = driver
        self.hypervisor = hypervisor
        self.address = address
        self.name = name
        self.uuid = uuid
        self.images = images
        self.version = version
        self.digest = digest
    }

    /// Under which name the machine is kept while a run has another one in its place.
    public func keptName(in run: RunID) -> String { "\(name).before-\(run)" }

    /// The file of the new machine's disk, beside the kept one's. It has a part of the kept machine's UUID in it, so that runs of two
    /// stores which have the same name cannot mean the same file.
    public func diskName(in run: RunID) -> String { "\(name).\(run)-\(uuid.prefix(8)).qcow2" }
}
