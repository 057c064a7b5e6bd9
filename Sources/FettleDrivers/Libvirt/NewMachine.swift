import FettleModel

/// The names and files of one replacement, all of which follow from the plan and the run: whoever takes over finds the same.
struct NewMachine: Sendable, Equatable {
    let machine: ReplacedMachine
    let image: String
    let run: RunID

    var keptName: String { machine.keptName(in: run) }

    /// Differs from that of every machine before it, and is the same whoever works it out.
    var uuid: String {
        let seed = "fettle \(run) \(machine.uuid) \(machine.digest)"
        let digits = [0xcbf2_9ce4_8422_2325, 0x9ae1_6a3b_2f90_404f].map { (basis: UInt64) -> String in
            var hash = basis
            for byte in seed.utf8 {
                hash ^= UInt64(byte)
                hash &*= 0x0000_0100_0000_01b3
            }
            var spread = SplitMix(seed: hash)
            let text = String(spread.next(), radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
        let all = Array(digits)
        func part(_ range: Range<Int>) -> String { String(all[range]) }
        // Version 8: made in a way of one's own (RFC 9562).
        return "\(part(0..<8))-\(part(8..<12))-8\(part(13..<16))-8\(part(17..<20))-\(part(20..<32))"
    }

    /// Beside the disk of the machine before it.
    func disk(besides path: String) -> String {
        path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex) + machine.diskName(in: run)
    }

    /// Of the image, without what tells its format.
    var imageStem: String { machine.images + "/" + machine.digest.rawValue }

    /// Why this machine cannot be made anew from an image; nil: it can, as far as its description tells.
    static func obstacle(_ machine: LibvirtView.Machine) -> String? {
        let description = machine.description
        if machine.hasSnapshots { return "it has snapshots, which would be lost" }
        if machine.isTransient { return "it is known only while it runs (transient)" }
        if machine.hasSavedMemory { return "its memory was saved on the hypervisor" }
        if description.hasTPM { return "it has a TPM, whose secrets would be lost" }
        if description.hasFirmwareMemory { return "its firmware remembers things in a file of its own (nvram)" }
        if let reason = description.keepsElsewhere { return reason }
        if description.hasDirectories { return "a directory of the hypervisor is given to it" }
        guard description.writableDisks.count == 1, let disk = description.writableDisks.first else {
            return "it has \(description.writableDisks.count) disks that it writes to, and not one"
        }
        guard let path = disk, isPlain(path) else {
            return "its disk is no file with a plain absolute path"
        }
        return nil
    }

    /// It becomes an argument of programs that root runs.
    static func isPlain(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return path.hasPrefix("/") && path.utf8.count <= 1_024 && !parts.isEmpty
            && parts.allSatisfy { FactText.isName($0) && !$0.hasPrefix("-") && $0 != "." && $0 != ".." }
    }

    /// The old machine's description with another disk: what is not named here stays as it is, its name, its network cards with their
    /// addresses, its size and its processor among it.
    ///
    /// - Parameters:
    ///   - domain: as libvirt tells it with what it keeps secret, of a machine for which `obstacle` is nil.
    ///   - disk: the file that is its disk.
    ///   - files: what lies beside the image.
    /// - Throws: `FactError` where the description has not the form that it is to have.
    func description(from domain: XMLElement, disk: String, files: ImageFiles) throws(FactError) -> String {
        var domain = domain
        domain.attributes["id"] = nil
        guard domain.name == "domain", domain.first("name") != nil, domain.first("uuid") != nil,
            let devices = domain.children.firstIndex(where: { $0.name == "devices" })
        else { throw FactError("what libvirt gave for a machine is no domain") }
        domain.set("name", machine.name)
        domain.set("uuid", uuid)
        tellUUID(&domain)
        try useKernel(&domain, files)
        let disks = domain.children[devices].children.indices.filter { place in
            DomainDescription.isWritableDisk(domain.children[devices].children[place])
        }
        guard disks.count == 1 else { throw FactError("the machine has \(disks.count) disks that it writes to") }
        try Self.use(disk, in: &domain.children[devices].children[disks[0]])
        let mark = ReplacementMark(
            run: run.rawValue, image: image, version: machine.version, digest: machine.digest.rawValue,
            replaces: machine.uuid, disk: disk)
        if let place = domain.children.firstIndex(where: { $0.name == "metadata" }) {
            domain.children[place].children.removeAll { $0.name == ReplacementMark.elementName }
            domain.children[place].children.append(mark.element)
        } else {
            domain.children.append(XMLElement(name: "metadata", attributes: [:], children: [mark.element]))
        }
        return domain.written
    }

    /// libvirt refuses a description in which the firmware tells another UUID than the machine's.
    private func tellUUID(_ domain: inout XMLElement) {
        for place in domain.children.indices where domain.children[place].name == "sysinfo" {
            for part in domain.children[place].children.indices {
                for entry in domain.children[place].children[part].children.indices {
                    let element = domain.children[place].children[part].children[entry]
                    guard element.name == "entry", element.attributes["name"] == "uuid" else { continue }
                    domain.children[place].children[part].children[entry].text = uuid
                }
            }
        }
    }

    /// A machine that boots a kernel from outside of its disk gets the image's, not that of the machine before it.
    private func useKernel(_ domain: inout XMLElement, _ files: ImageFiles) throws(FactError) {
        guard let place = domain.children.firstIndex(where: { $0.name == "os" }),
            domain.children[place].first("kernel") != nil || domain.children[place].first("initrd") != nil
        else { return }
        guard files.hasKernel else {
            throw FactError(
                "it boots a kernel from outside of its disk, and the plan names none of the image: add the image with its kernel, "
                    + "and plan anew")
        }
        domain.children[place].set("kernel", imageStem + ".vmlinuz")
        domain.children[place].set("initrd", imageStem + ".initrd")
    }

    private static func use(_ file: String, in disk: inout XMLElement) throws(FactError) {
        guard disk.attributes["type"] == "file", let source = disk.children.firstIndex(where: { $0.name == "source" }),
            disk.first("encryption") == nil, disk.children[source].first("encryption") == nil
        else { throw FactError("its disk is no plain file, or is encrypted") }
        disk.children[source] = XMLElement(name: "source", attributes: ["file": file])
        disk.children.removeAll { ["backingStore", "mirror", "transient"].contains($0.name) }
        if let driver = disk.children.firstIndex(where: { $0.name == "driver" }) {
            disk.children[driver].attributes["type"] = "qcow2"
        } else {
            disk.children.append(XMLElement(name: "driver", attributes: ["name": "qemu", "type": "qcow2"]))
        }
    }
}

/// What of an image a hypervisor has.
struct ImageFiles: Sendable, Equatable {
    /// `qcow2` or `raw`.
    var format: String
    /// Its kernel and its first RAM disk lie beside it, and are those that the plan names.
    var hasKernel: Bool
}

extension XMLElement {
    /// Replaces the text of the first child of that name, or adds one.
    mutating func set(_ name: String, _ text: String) {
        let element = XMLElement(name: name, attributes: [:], text: text)
        if let place = children.firstIndex(where: { $0.name == name }) {
            children[place] = element
        } else {
            children.append(element)
        }
    }
}
