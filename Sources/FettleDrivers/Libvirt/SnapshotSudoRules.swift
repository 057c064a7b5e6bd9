public import FettleDriverKit

/// What a user who is not root needs in `sudoers` on a hypervisor, beside the facts, for snapshots of its machines.
public enum SnapshotSudoRules {
    /// - Parameter disks: directories in which the machines have their disks.
    /// - Throws: `SudoRuleError` for a directory that could not stand in a rule.
    public static func rules(disks: [String]) throws(SudoRuleError) -> [SudoRule] {
        let alphanumerics = SudoWord.alphanumerics
        let uuid = SudoRule.Argument.word(
            try SudoWord(first: "0123456789abcdef", following: "0123456789abcdef-"))
        let device = SudoRule.Argument.word(
            try SudoWord(first: "abcdefghijklmnopqrstuvwxyz", following: "abcdefghijklmnopqrstuvwxyz0123456789"))
        let name = SudoRule.Argument.word(
            try SudoWord(prefix: "fettle-", first: alphanumerics, following: alphanumerics + "._+-", suffix: ""))
        let (u, d, n) = ("UUID", "DEVICE", "NAME")
        let commands: [(RootCommand, String)] = [
            (SnapshotCommand.names(u), "Which snapshots a machine has. Reads only"),
            (SnapshotCommand.size(u, d), "How large a machine's disk can become. Reads only"),
            (VirshCommand.time(u), "Ask the guest agent in a machine whether it answers. Reads only"),
            (SnapshotCommand.take(u, isFrozen: true), "Keep a machine's disks as they are"),
            (SnapshotCommand.take(u, isFrozen: false), "The same without a guest agent"),
            (SnapshotCommand.commit(u, d), "Make what was written since a part of the disk"),
            (SnapshotCommand.pivot(u, d), "Let the machine go on with that"),
            (SnapshotCommand.forget(u, n), "Forget a snapshot of Fettle's"),
            (VirshCommand.describe(u), "How a machine is described, so that it can be put back"),
            (VirshCommand.destroy(u), "End a machine that goes back"),
            (VirshCommand.start(u), "Start it again"),
            (
                VirshCommand.define,
                "Put a machine's disks back: whoever may do this can do everything on the hypervisor"
            ),
        ]
        var rules: [SudoRule] = []
        for (command, reason) in commands {
            let words = command.arguments.dropFirst().map { word -> SudoRule.Argument in
                switch word {
                case u: uuid
                case d: device
                case n: name
                default: .exact(word)
                }
            }
            rules.append(try SudoRule(program: command.arguments[0], arguments: words, reason: reason))
        }
        for directory in disks { rules += try files(in: directory) }
        return rules
    }

    private static func files(in directory: String) throws(SudoRuleError) -> [SudoRule] {
        guard NewMachine.isPlain(directory) else {
            throw SudoRuleError("a directory of disks must be a plain absolute path: \(directory)")
        }
        let alphanumerics = SudoWord.alphanumerics
        let file = try SudoWord(
            prefix: directory + "/fettle-", first: alphanumerics, following: alphanumerics + "._+-", suffix: ".qcow2")
        let (room, removal) = (SnapshotCommand.room(in: directory).arguments, DiskCommand.remove("").arguments)
        return [
            try SudoRule(
                program: room[0], arguments: room.dropFirst().map { .exact($0) },
                reason: "What is free where disks are. Reads only"),
            try SudoRule(
                program: removal[0], arguments: removal.dropFirst().dropLast().map { .exact($0) } + [.word(file)],
                reason: "Remove what a snapshot has left beside a disk"),
        ]
    }
}
