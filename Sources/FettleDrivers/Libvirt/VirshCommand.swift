import FettleDriverKit

/// The exact commands that are run on a hypervisor: libvirt's own client, on the machine itself. Machines are named by their UUID,
/// which holds nothing that a shell, sudo or virsh could misread.
enum VirshCommand {
    static let program = "/usr/bin/virsh"
    private static let base = ["--quiet", "--connect", "qemu:///system"]
    private static let reading = ["--quiet", "--readonly", "--connect", "qemu:///system"]

    static func read(_ words: String...) -> RootCommand { RootCommand([program] + reading + words) }
    static func act(_ words: String...) -> RootCommand { RootCommand([program] + base + words) }

    /// libvirt does not answer it to who may only read.
    static func comparison(_ kind: String) -> RootCommand {
        act("hypervisor-cpu-compare", "--error", "--virttype", kind, "/dev/stdin")
    }
    static let kinds = ["kvm", "qemu"]

    /// A live move, carried by the two hypervisors themselves: it goes on when the one who asked for it is gone.
    static func migrate(_ uuid: String, to destination: String, _ manner: MigrationManner) -> RootCommand {
        RootCommand([program] + base + manner.words + [uuid, destination])
    }

    /// Moves what describes a machine that is shut off.
    static func migrateOffline(_ uuid: String, to destination: String) -> RootCommand {
        RootCommand(
            [program] + base + ["migrate", "--offline", "--p2p", "--persistent", "--undefinesource", uuid, destination])
    }

    static func abort(_ uuid: String) -> RootCommand { act("domjobabort", uuid) }
    static func postCopy(_ uuid: String) -> RootCommand { act("migrate-postcopy", uuid) }
    static func resume(_ uuid: String) -> RootCommand { act("resume", uuid) }
    /// The machine's own clock, told by the guest agent in it: the least that can be asked of the machine itself.
    static func time(_ uuid: String) -> RootCommand { act("domtime", uuid) }
    static func start(_ uuid: String) -> RootCommand { act("start", uuid) }
    static func destroy(_ uuid: String) -> RootCommand { act("destroy", uuid) }
    /// What the firmware of the machine remembers may be the file that it runs with elsewhere.
    static func undefine(_ uuid: String) -> RootCommand { act("undefine", "--keep-nvram", uuid) }
    /// Of a machine that Fettle has made, or that is removed for good: what libvirt has noted of its snapshots and its memory, too.
    static func forget(_ uuid: String) -> RootCommand {
        act("undefine", "--keep-nvram", "--managed-save", "--snapshots-metadata", "--checkpoints-metadata", uuid)
    }
    /// With what libvirt keeps from those who may only read, such as the password of a screen: without it that would be lost.
    static func describe(_ uuid: String) -> RootCommand { act("dumpxml", "--inactive", "--security-info", uuid) }
    static func shutDown(_ uuid: String) -> RootCommand { act("shutdown", uuid) }
    static func rename(_ uuid: String, to name: String) -> RootCommand { act("domrename", uuid, name) }
    static let define = act("define", "/dev/stdin")
    static func noAutostart(_ uuid: String) -> RootCommand { act("autostart", "--disable", uuid) }
    static func autostart(_ uuid: String) -> RootCommand { act("autostart", uuid) }
}

/// How a machine is moved while it runs.
struct MigrationManner: Sendable, Hashable {
    /// In MiB a second; 0: no limit.
    var bandwidthMebibytes: Int
    var isEncrypted: Bool
    var mayPostCopy: Bool
    /// libvirt believes only some file systems to be shared. Whoever says this has looked: every disk lies in a directory that the
    /// fleet declares as shared, and none is cached.
    var believesShared: Bool

    var words: [String] {
        ["migrate", "--live", "--p2p", "--persistent", "--undefinesource", "--abort-on-error"]
            + (isEncrypted ? ["--tls"] : []) + (mayPostCopy ? ["--postcopy"] : [])
            + (believesShared ? ["--unsafe"] : []) + ["--bandwidth", String(max(0, bandwidthMebibytes))]
    }
}
