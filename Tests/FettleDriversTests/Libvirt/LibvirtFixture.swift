import FettleDriverKit
import FettleModel

@testable import FettleDrivers

/// Descriptions and answers in the form that libvirt 9.0.0 has given them on the lab's hypervisors, cut down to what is read.
enum LibvirtFixture {
    static let nonce = "0123456789abcdef0123456789abcdef"

    /// - Parameters:
    ///   - devices: XML beside the machine's one disk.
    ///   - disk: attributes and children of that disk.
    static func domain(
        _ name: String = "vm-1", uuid: String = uuid(1),
        cpu: String = "<cpu mode='custom'><model>Nehalem</model></cpu>",
        disk: String = sharedDisk, devices: String = "", more: String = ""
    ) -> String {
        """
        <domain type='qemu' id='2'>
          <name>\(name)</name>
          <uuid>\(uuid)</uuid>
          <memory unit='KiB'>327680</memory>
          <currentMemory unit='KiB'>327680</currentMemory>
          <vcpu placement='static'>1</vcpu>
          \(cpu)
          <devices>
            \(disk)
            <interface type='bridge'><source bridge='guests'/></interface>
            \(devices)
          </devices>
          \(more)
        </domain>
        """
    }

    static let sharedDisk = """
        <disk type='file' device='disk'>
          <driver name='qemu' type='qcow2' cache='none'/>
          <source file='/srv/guests/vm-1.qcow2' index='1'/>
          <backingStore type='file' index='2'><source file='/srv/guest-image/base.qcow2'/><backingStore/></backingStore>
          <target dev='vda' bus='virtio'/>
        </disk>
        """

    static let agent = """
        <channel type='unix'>
          <source mode='bind' path='/var/lib/libvirt/qemu/channel/target/domain-2-vm-1/org.qemu.guest_agent.0'/>
          <target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>
        </channel>
        """

    static func uuid(_ number: Int) -> String { "00000000-0000-4000-8000-00000000000\(number)" }

    /// What the section prints. `domains`: UUID, name, XML; `reasons`: as `domstate --reason` tells it.
    static func answer(
        _ domains: [(uuid: String, name: String, xml: String)], active: [String] = [], paused: [String] = [],
        jobs: [String: String] = [:], reasons: [String: String] = [:], autostart: [String] = [],
        snapshots: [String] = [], saved: [String] = [],
        nonce: String = nonce
    ) -> String {
        func part(_ name: String, _ lines: [String]) -> String {
            "\(nonce) \(name)\n" + lines.map { $0 + "\n" }.joined() + "\n"
        }
        var text = part("version", ["Using library: libvirt 9.0.0", "Running hypervisor: QEMU 7.2.22"])
        text += part("node", ["CPU(s):              2", "Memory size:         24684084 KiB"])
        text += part("names", domains.map { "\($0.uuid) \($0.name)" }) + part("active", active)
        text += part("autostart", autostart) + part("snapshots", snapshots)
        text += part("transient", []) + part("saved", saved)
        for domain in domains {
            text += part("domain \(domain.uuid)", [domain.xml])
            guard active.contains(domain.uuid) else { continue }
            let job = jobs[domain.uuid]
            text += part(
                "job \(domain.uuid)",
                job.map { ["Job type:         Unbounded", "Operation:        \($0)"] } ?? ["Job type:         None"])
            text += part(
                "reason \(domain.uuid)",
                [reasons[domain.uuid] ?? (paused.contains(domain.uuid) ? "paused (migrating)" : "running (booted)")])
        }
        return text + "\(nonce) end\n"
    }

    static func description(_ xml: String) throws -> DomainDescription {
        try DomainDescription(try XMLElement.parse(xml[...]))
    }

    static func machine(
        _ state: LibvirtView.State, job: String? = nil, reason: String? = nil, uuid: String = uuid(1)
    ) throws -> LibvirtView.Machine {
        LibvirtView.Machine(
            description: try description(domain(uuid: uuid)), state: state, startsWithHypervisor: false,
            hasSnapshots: false, isTransient: false, job: job, reason: reason)
    }
}
