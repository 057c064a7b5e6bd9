/// A disk that a machine can write to, as libvirt describes it of this moment.
struct DomainDisk: Sendable, Equatable {
    /// As the machine's description calls it, such as `vda`.
    let device: String
    /// nil: it is none.
    let file: String?
    /// How it is written, such as `qcow2`.
    let format: String?
    /// What is being done with it beside the machine's own work; nil: nothing.
    let job: Job?
    /// Why no snapshot is taken of it; nil: nothing is known that speaks against it.
    let obstacle: String?

    enum Job: Sendable, Equatable {
        /// What was written since a snapshot is being made a part of what lies below; ready: the machine can go on with that.
        case commit(isReady: Bool)
        case other
    }

    /// - Parameter disk: one for which `DomainDescription.isWritableDisk` holds.
    init(_ disk: XMLElement) {
        let device = disk.first("target")?.attributes["dev"] ?? ""
        let isNamed = !device.isEmpty && device.utf8.count <= 16 && device.utf8.allSatisfy(Self.isLetterOrDigit)
        self.device = isNamed ? device : ""
        file = disk.attributes["type"] == "file" ? disk.first("source")?.attributes["file"] : nil
        format = disk.first("driver")?.attributes["type"]
        job = disk.first("mirror").map { mirror in
            mirror.attributes["job"] == "active-commit" ? .commit(isReady: mirror.attributes["ready"] == "yes") : .other
        }
        let words = FactText.excerpt(device, limit: 40)
        obstacle =
            if !isNamed {
                "one of its disks has no plain name"
            } else if file.map(NewMachine.isPlain) != true {
                "its disk \(words) is no file with a plain absolute path"
            } else if !["qcow2", "raw"].contains(format) {
                "its disk \(words) is neither qcow2 nor raw"
            } else if disk.first("encryption") != nil || disk.first("source")?.first("encryption") != nil {
                "its disk \(words) is encrypted by the hypervisor"
            } else if disk.first("shareable") != nil || disk.first("transient") != nil {
                "its disk \(words) is shared with others, or is not kept"
            } else {
                nil
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
