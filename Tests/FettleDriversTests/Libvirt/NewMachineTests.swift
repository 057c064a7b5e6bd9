import FettleModel
import Testing

@testable import FettleDrivers

@Suite struct NewMachineTests {
    static let digest = String(repeating: "ab", count: 32)

    static let (kernel, initrd) = (String(repeating: "ef", count: 32), String(repeating: "12", count: 32))

    static func new(run: RunID = "run-1", name: String = "vm-1") -> NewMachine {
        NewMachine(
            machine: ReplacedMachine(
                driver: "libvirt", hypervisor: "hv-1", address: .ssh("hv-1"), name: name,
                uuid: LibvirtFixture.uuid(1), images: "/srv/images", version: "image-2",
                digest: Digest(rawValue: digest), kernel: Digest(rawValue: kernel), initrd: Digest(rawValue: initrd),
                neighbours: [HypervisorAddress(id: "hv-2", address: .ssh("hv-2"))]),
            image: "guest", run: run)
    }

    private func made(from xml: String, hasKernel: Bool = false) throws -> XMLElement {
        let text = try Self.new().description(
            from: try XMLElement.parse(xml[...]), disk: "/srv/guests/vm-1.run-1-00000000.qcow2",
            files: ImageFiles(format: "raw", hasKernel: hasKernel))
        return try XMLElement.parse(text[...])
    }

    @Test func theUUIDIsOneAndAnotherForEachRun() {
        let uuid = Self.new().uuid
        #expect(DomainDescription.isUUID(uuid))
        #expect(Self.new().uuid == uuid)
        #expect(Self.new(run: "run-2").uuid != uuid && uuid != LibvirtFixture.uuid(1))
    }

    @Test func allButTheDiskAndTheMarkStaysAsItIs() throws {
        let xml = LibvirtFixture.domain(
            devices: "<interface type='bridge'><mac address='52:54:00:77:00:01'/><source bridge='guests'/></interface>")
        let old = try XMLElement.parse(xml[...])
        let new = try made(from: xml)
        for name in ["name", "memory", "vcpu", "cpu"] {
            #expect(new.first(name)?.written == old.first(name)?.written, "\(name)")
        }
        let cards = { (domain: XMLElement) in
            domain.first("devices")?.children(named: "interface").map(\.written)
        }
        #expect(cards(new) == cards(old) && cards(new)?.count == 2)
        #expect(new.first("uuid")?.text == Self.new().uuid)
        #expect(new.attributes["id"] == nil)
        let disk = try #require(new.first("devices")?.first("disk"))
        #expect(disk.first("source")?.attributes == ["file": "/srv/guests/vm-1.run-1-00000000.qcow2"])
        #expect(disk.first("backingStore") == nil)
        #expect(disk.first("driver")?.attributes == ["name": "qemu", "type": "qcow2", "cache": "none"])
        #expect(disk.first("target")?.attributes["dev"] == "vda")
    }

    /// libvirt refuses a description in which the firmware tells another UUID, and by then the old machine is shut off.
    @Test func theFirmwareTellsTheNewUUID() throws {
        let xml = LibvirtFixture.domain(
            more:
                "<sysinfo type='smbios'><system><entry name='uuid'>\(LibvirtFixture.uuid(1))</entry><entry name='serial'>7</entry></system></sysinfo>"
        )
        let entries = try #require(try made(from: xml).first("sysinfo")?.first("system")?.children)
        #expect(entries.map(\.text) == [Self.new().uuid, "7"])
    }

    /// The mark says which disk is Fettle's own, and facts read the image off it.
    @Test func theMarkIsReadAsItWasWritten() throws {
        let mark = try #require(ReplacementMark(try made(from: LibvirtFixture.domain())))
        #expect(mark.run == "run-1" && mark.image == "guest" && mark.version == "image-2")
        #expect(mark.digest == Self.digest && mark.replaces == LibvirtFixture.uuid(1))
        #expect(mark.disk == "/srv/guests/vm-1.run-1-00000000.qcow2")
    }

    @Test func aSecondReplacementHasOneMark() throws {
        let first = try made(from: LibvirtFixture.domain(more: "<metadata><other:x xmlns:other='urn:x'/></metadata>"))
        let second = try made(from: first.written)
        #expect(second.first("metadata")?.children.map(\.name) == ["other:x", "fettle:machine"])
    }

    @Test func aMachineThatBootsAKernelFromOutsideGetsTheImages() throws {
        let xml = LibvirtFixture.domain(
            more:
                "<os><type>hvm</type><kernel>/old/vmlinuz</kernel><initrd>/old/initrd</initrd><cmdline>a=b</cmdline></os>"
        )
        #expect(throws: FactError.self) { try made(from: xml) }
        let os = try #require(try made(from: xml, hasKernel: true).first("os"))
        #expect(os.first("kernel")?.text == "/srv/images/\(Self.digest).vmlinuz")
        #expect(os.first("initrd")?.text == "/srv/images/\(Self.digest).initrd")
        #expect(os.first("cmdline")?.text == "a=b")
    }

    @Test(arguments: [
        "<metadata><fettle:machine run='run-1'/></metadata>",
        """
        <metadata><fettle:machine xmlns:fettle='urn:evil' run='r' image='i' version='v' digest='d'
        replaces='00000000-0000-4000-8000-000000000001' disk='/etc/shadow'/></metadata>
        """,
        """
        <metadata><fettle:machine xmlns:fettle='urn:fettle:machine:1' run='r; reboot' image='i' version='v' digest='d'
        replaces='00000000-0000-4000-8000-000000000001' disk='/x'/></metadata>
        """,
    ])
    func whatFettleDoesNotWriteIsNoMark(_ metadata: String) throws {
        #expect(try LibvirtFixture.description(LibvirtFixture.domain(more: metadata)).mark == nil)
    }

    @Test func whatCannotBeMadeAnewIsRefusedWithTheReason() throws {
        let volume = """
            <disk type='file' device='disk'><source file='/srv/data.qcow2'/><target dev='vdb'/></disk>
            """
        let cases: [(String, String)] = [
            (LibvirtFixture.domain(devices: volume), "2 disks"),
            (LibvirtFixture.domain(devices: "<tpm/>"), "TPM"),
            (LibvirtFixture.domain(devices: "<hostdev type='pci'/>"), "passed through"),
            (LibvirtFixture.domain(devices: "<memory model='nvdimm'/>"), "nvdimm"),
            (LibvirtFixture.domain(devices: "<memory model='virtio-pmem'/>"), "virtio-pmem"),
            (LibvirtFixture.domain(devices: "<shmem name='x'/>"), "shmem"),
            (LibvirtFixture.domain(devices: "<filesystem/>"), "directory of the hypervisor"),
            (LibvirtFixture.domain(more: "<os><nvram>/x</nvram></os>"), "nvram"),
            (LibvirtFixture.domain(disk: ""), "0 disks"),
            (LibvirtFixture.domain(disk: "<disk type='network'><source name='x'/></disk>"), "no file"),
            (LibvirtFixture.domain(disk: "<disk type='file'><source file='/srv/a b.qcow2'/></disk>"), "plain"),
            (LibvirtFixture.domain(disk: "<disk type='file'><source file='/srv/-rf/x'/></disk>"), "plain"),
            (LibvirtFixture.domain(disk: "<disk type='file'><source file='/srv/../etc/x'/></disk>"), "plain"),
        ]
        for (xml, words) in cases {
            let reason = NewMachine.obstacle(try LibvirtFixture.off(xml))
            #expect(reason?.contains(words) == true, "\(words): \(reason ?? "nothing")")
        }
        #expect(NewMachine.obstacle(try LibvirtFixture.off(LibvirtFixture.domain())) == nil)
        // A drive for media, or a disk that is only read, holds nothing of the machine's.
        let media = "<disk type='file' device='cdrom'><source file='/srv/seed.iso'/><readonly/></disk>"
        #expect(NewMachine.obstacle(try LibvirtFixture.off(LibvirtFixture.domain(devices: media))) == nil)
    }
}

extension LibvirtFixture {
    static func off(_ xml: String) throws -> LibvirtView.Machine {
        LibvirtView.Machine(
            description: try description(xml), state: .off, startsWithHypervisor: false, hasSnapshots: false,
            isTransient: false)
    }
}
