import FettleDriverKit
import FettleModel

/// The exact commands of snapshots. Disks are named as the machine's description calls them: letters and digits.
enum SnapshotCommand {
    static func names(_ uuid: String) -> RootCommand { VirshCommand.read("snapshot-list", uuid, "--name") }
    static func size(_ uuid: String, _ device: String) -> RootCommand { VirshCommand.read("domblkinfo", uuid, device) }
    static func room(in directory: String) -> RootCommand {
        RootCommand(["/usr/bin/df", "-k", "--output=avail,target", "--", directory])
    }

    /// libvirt keeps a note of it, and moves no machine of which it has one.
    static func take(_ uuid: String, isFrozen: Bool) -> RootCommand {
        RootCommand(
            VirshCommand.act("snapshot-create", uuid, "/dev/stdin", "--disk-only", "--atomic").arguments
                + (isFrozen ? ["--quiesce"] : []))
    }

    /// Shallow: what lies below the disk itself may be an image that others have as well.
    static func commit(_ uuid: String, _ device: String) -> RootCommand {
        VirshCommand.act("blockcommit", uuid, device, "--active", "--shallow")
    }
    static func pivot(_ uuid: String, _ device: String) -> RootCommand {
        VirshCommand.act("blockjob", uuid, device, "--pivot")
    }
    static func forget(_ uuid: String, _ name: String) -> RootCommand {
        VirshCommand.act("snapshot-delete", uuid, name, "--metadata")
    }
}

/// What they answer.
enum SnapshotAnswers {
    /// Free MiB, and of which file system.
    static func room(_ text: String, _ hypervisor: ResourceID) throws(StepFailure) -> (place: String, free: Int) {
        let lines = text.split(separator: "\n")
        let words = lines.last?.split(separator: " ", maxSplits: 1) ?? []
        guard lines.count == 2, words.count == 2, let kibibytes = Int(words[0]), kibibytes >= 0 else {
            throw StepFailure(code: .inconclusive, message: "\(hypervisor): what df tells is not understood")
        }
        return (FactText.excerpt(String(words[1]), limit: 200), kibibytes / 1_024)
    }

    /// In MiB, rounded up.
    static func capacity(_ text: String, _ hypervisor: ResourceID) throws(StepFailure) -> Int {
        let line = text.split(separator: "\n").first { $0.hasPrefix("Capacity:") }
        guard let word = line?.split(separator: " ").last, let bytes = Int(word), bytes >= 0, bytes < 1 << 60 else {
            throw StepFailure(code: .inconclusive, message: "\(hypervisor): the size of a disk is not told")
        }
        return (bytes + 1_048_575) / 1_048_576
    }
}
