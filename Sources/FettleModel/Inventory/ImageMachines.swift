/// How virtual machines are made anew from an image of the catalogue, in the place of those that run: as their hypervisor describes
/// them, with a new disk.
public struct ImageMachines: Codable, Sendable, Hashable {
    /// The name of the driver, such as `libvirt`.
    public var driver: String
    /// The directory in which hypervisors see the images, each as its SHA-256 with `.qcow2` or `.raw` behind it.
    public var images: String
    /// How long the first member is watched before the next one goes, in seconds; 0: it is not.
    public var bakeSeconds: Int
    /// How long the machines that were replaced are kept after the last one, to go back to, in seconds.
    public var keepSeconds: Int

    public init(driver: String, images: String, bakeSeconds: Int, keepSeconds: Int) {
        self.driver = driver
        self.images = images
        self.bakeSeconds = bakeSeconds
        self.keepSeconds = keepSeconds
    }
}
