import FettleModel

/// What speaks against moving a server while it runs, as far as Nova tells it of the server itself. What its destination lacks, such as
/// its processor's model, Nova says when it is asked for the move.
enum ServerObstacle {
    /// Where libvirt's driver keeps what is a server's own: its disks but volumes, and its configuration drive. On Ceph there is no such
    /// directory, and Nova does not tell; the fleet says by it that all members see them alike.
    static let ownFiles = "/var/lib/nova/instances"

    /// - Returns: why it cannot be moved, in words; nil: nothing is known.
    static func bound(_ server: NovaRecord.Server) -> String? {
        if let task = server.taskState { return "something is being done with it (\(word(task)))" }
        switch server.vmState {
        case "active": break
        case "paused": return "it is paused"
        case let other: return "its state is \(word(other)), and not active"
        }
        return device(server.flavor.specifications) ?? placement(server.flavor.specifications)
    }

    private static func device(_ specifications: [String: String]) -> String? {
        for (key, value) in specifications.sorted(by: { $0.key < $1.key }) {
            // `resources1:VGPU` is a group of its own.
            let isResource = key.hasPrefix("resources")
            let resource = isResource ? key.split(separator: ":").last.map(String.init) ?? "" : ""
            if key == "pci_passthrough:alias" || key == "accel:device_profile" || resource == "VGPU"
                || resource == "PCI_DEVICE" || resource.hasPrefix("CUSTOM_") || resource == "SRIOV_NET_VF"
            {
                return "a device of the hypervisor is given to it (\(word("\(key)=\(value)")))"
            }
            if key == "hw:mem_encryption", isYes(value) { return "its memory is encrypted (\(word(key)))" }
            if key == "hw:tpm_version" { return "it has a virtual TPM (\(word(key)))" }
            if key == "hw:pmem" || key.hasPrefix("hw:pci_numa") { return "it is tied to the hypervisor (\(word(key)))" }
        }
        return nil
    }

    /// Room for these is counted in whole processors and pages, which Nova's API does not tell of a destination.
    private static func placement(_ specifications: [String: String]) -> String? {
        if let policy = specifications["hw:cpu_policy"], policy != "shared" {
            return "processors of the hypervisor are its own (hw:cpu_policy=\(word(policy)))"
        }
        if let size = specifications["hw:mem_page_size"], size != "small", size != "any" {
            return "it has huge pages of the hypervisor (hw:mem_page_size=\(word(size)))"
        }
        if specifications.keys.contains("resources:PCPU") {
            return "processors of the hypervisor are its own (resources:PCPU)"
        }
        return nil
    }

    private static func isYes(_ text: String) -> Bool {
        ["1", "t", "true", "on", "y", "yes"].contains(text.lowercased())
    }

    private static func word(_ text: String) -> String {
        FactText.excerpt(FactText.decode(text.utf8), limit: 120)
    }
}
