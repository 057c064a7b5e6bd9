import FettleModel

/// A virtual machine as libvirt describes it (<https://libvirt.org/formatdomain.html>): what decides where it can run.
struct DomainDescription: Sendable, Equatable {
    let name: String
    let uuid: String
    let memoryMebibytes: Int
    let processors: Int
    /// Why it cannot be moved while it runs, whatever is shared; nil: nothing of that kind.
    let obstacle: String?
    /// It has a Trusted Platform Module of its own, which keeps its secrets on the hypervisor.
    let hasTPM: Bool
    /// Its firmware keeps settings in a file of its own.
    let hasFirmwareMemory: Bool
    /// Directories of the hypervisor are given to it.
    let hasDirectories: Bool
    /// Why something beside its disk may keep what it has written; nil: nothing does, as far as is described.
    let keepsElsewhere: String?
    /// It runs, and a guest agent in it is connected: libvirt can ask the machine itself.
    let hasAgent: Bool
    /// It boots a kernel from outside of its disk.
    let bootsOutsideKernel: Bool
    /// Disks that it can write to, in order: the file, or nil for one that is none.
    let writableDisks: [String?]
    /// The same as they are written to at this moment.
    let disks: [DomainDisk]
    /// As the description calls them, those that are not written to among them.
    let diskNames: [String]
    /// What Fettle has written of it; nil: Fettle has not made it.
    let mark: ReplacementMark?
    /// Files and devices that a hypervisor must see alike; sorted.
    let sharedPaths: [String]
    /// The processor that it needs, as `hypervisor-cpu-compare` takes it; nil: none in particular.
    let processor: XMLElement?
    /// How it is carried out: `kvm` or `qemu` (emulated); nil: neither.
    let kind: String?

    /// - Throws: `FactError` for a description without a name, a UUID, memory or processors.
    init(_ domain: XMLElement) throws(FactError) {
        guard domain.name == "domain" else { throw FactError("what libvirt gave for a machine is no domain") }
        guard let name = domain.first("name")?.text, !name.isEmpty, name.utf8.count <= 1_024,
            !name.contains(where: \.isNewline)
        else { throw FactError("a machine has no name that could be told") }
        guard let uuid = domain.first("uuid")?.text, Self.isUUID(uuid) else {
            throw FactError("machine \(FactText.excerpt(name, limit: 80)) has no UUID")
        }
        guard let memory = domain.first("memory"), let kibibytes = FactText.number(memory.text, Int.self),
            memory.attributes["unit"] ?? "KiB" == "KiB", let processors = domain.first("vcpu"),
            let count = FactText.number(processors.text, Int.self)
        else { throw FactError("machine \(FactText.excerpt(name, limit: 80)) has no size") }
        guard Self.isSize(kibibytes: kibibytes, processors: count) else {
            throw FactError("machine \(FactText.excerpt(name, limit: 80)) is said to be of a size that none has")
        }
        self.name = name
        self.uuid = uuid
        memoryMebibytes = kibibytes / 1_024 + (kibibytes % 1_024 == 0 ? 0 : 1)
        self.processors = count
        let devices = domain.first("devices")?.children ?? []
        let disks = devices.filter { $0.name == "disk" }
        obstacle = Self.obstacle(domain, devices) ?? disks.lazy.compactMap(Self.obstacle).first
        hasTPM = devices.contains { $0.name == "tpm" }
        hasFirmwareMemory = domain.first("os")?.first("nvram") != nil
        hasDirectories = devices.contains { $0.name == "filesystem" }
        keepsElsewhere = Self.keepsElsewhere(devices)
        hasAgent = devices.contains(where: Self.isAgent)
        bootsOutsideKernel = domain.first("os").map { $0.first("kernel") != nil || $0.first("initrd") != nil } ?? false
        writableDisks = disks.filter(Self.isWritableDisk).map { $0.first("source")?.attributes["file"] }
        self.disks = disks.filter(Self.isWritableDisk).map(DomainDisk.init)
        diskNames = disks.compactMap { $0.first("target")?.attributes["dev"] }
        mark = ReplacementMark(domain)
        sharedPaths = Set(disks.flatMap(Self.paths)).sorted()
        kind = domain.attributes["type"].flatMap { VirshCommand.kinds.contains($0) ? $0 : nil }
        processor = domain.first("cpu").flatMap { $0.attributes["mode"] == "custom" ? $0 : nil }
    }

    /// Of a machine or a hypervisor: up to the planner's limits, so that no sum of them can overflow.
    static func isSize(kibibytes: Int, processors: Int) -> Bool {
        (0...1_000_000_000 * 1_024).contains(kibibytes) && (0...1_000_000).contains(processors)
    }

    /// As libvirt writes it: 36 characters, lower-case hexadecimal digits and `-` where it belongs.
    static func isUUID(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { place, byte in
            [8, 13, 18, 23].contains(place)
                ? byte == UInt8(ascii: "-") : (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
        }
    }

    private static func obstacle(_ domain: XMLElement, _ devices: [XMLElement]) -> String? {
        if let device = devices.first(where: { $0.name == "hostdev" }) {
            return "a device of the hypervisor is passed through to it (\(word(device.attributes["type"])))"
        }
        if let port = devices.first(where: {
            $0.name == "interface" && ["hostdev", "direct"].contains($0.attributes["type"])
        }) {
            return "a network port of the hypervisor is its own (\(word(port.attributes["type"])))"
        }
        if devices.contains(where: { $0.name == "filesystem" }) {
            return "a directory of the hypervisor is given to it"
        }
        if domain.first("cpu")?.attributes["mode"] == "host-passthrough" {
            return "its processor is exactly the hypervisor's (host-passthrough)"
        }
        if domain.first("launchSecurity") != nil { return "its memory is sealed by the processor" }
        return nil
    }

    private static func isAgent(_ device: XMLElement) -> Bool {
        let target = device.name == "channel" ? device.first("target")?.attributes : nil
        return target?["name"] == "org.qemu.guest_agent.0" && target?["state"] == "connected"
    }

    /// A device that is passed through can be a disk or a controller with disks; memory can be a file.
    private static func keepsElsewhere(_ devices: [XMLElement]) -> String? {
        if devices.contains(where: { $0.name == "hostdev" }) {
            return "a device of the hypervisor is passed through to it, which may hold what it has written"
        }
        if devices.contains(where: {
            $0.name == "memory" && ["nvdimm", "virtio-pmem"].contains($0.attributes["model"])
        }) {
            return "it has memory that keeps what is written to it (nvdimm or virtio-pmem)"
        }
        if devices.contains(where: { $0.name == "shmem" }) { return "it shares memory with others (shmem)" }
        return nil
    }

    /// Of one disk. Two hypervisors that cache what is written differ in what the disk holds at the moment of the move.
    private static func obstacle(_ disk: XMLElement) -> String? {
        let target = word(disk.first("target")?.attributes["dev"])
        switch disk.attributes["type"] {
        case "file", "block":
            guard !paths(disk).isEmpty, disk.first("readonly") == nil else { return nil }
            let cache = disk.first("driver")?.attributes["cache"]
            guard cache != "none", cache != "directsync" else { return nil }
            return "its disk \(target) is cached by the hypervisor (cache=\(word(cache ?? "default")))"
        case "network": return nil
        default:
            return "it is not known whether its disk \(target) can be seen elsewhere (\(word(disk.attributes["type"])))"
        }
    }

    /// Neither a drive for media nor one that is only read.
    static func isWritableDisk(_ disk: XMLElement) -> Bool {
        disk.name == "disk" && ["disk", "lun", nil].contains(disk.attributes["device"])
            && disk.first("readonly") == nil
    }

    /// What the disk itself and all that lies below it are made of; a drive without a disk has none.
    private static func paths(_ disk: XMLElement) -> [String] {
        guard disk.attributes["type"] == "file" || disk.attributes["type"] == "block" else { return [] }
        return disk.descendants().filter { $0.name == "source" }.compactMap {
            $0.attributes["file"] ?? $0.attributes["dev"]
        }
    }

    private static func word(_ text: String?) -> String { FactText.excerpt(text ?? "?", limit: 40) }
}
