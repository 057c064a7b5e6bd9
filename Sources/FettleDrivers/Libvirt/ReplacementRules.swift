public import FettleDriverKit

/// What a user who is not root needs in `sudoers` on a hypervisor, beside the facts, for machines to be made anew from images.
public enum ReplacementRules {
    /// - Parameters:
    ///   - images: the directory in which the hypervisor sees the images, as in the fleet's `images`.
    ///   - disks: directories in which its machines have their disks, where the new ones are made.
    /// - Throws: `SudoRuleError` for a directory that could not stand in a rule.
    public static func rules(images: String, disks: [String]) throws(SudoRuleError) -> [SudoRule] {
        let uuid = try SudoWord(first: "0123456789abcdef", following: "0123456789abcdef-")
        let alphanumerics = SudoWord.alphanumerics
        let name = try SudoWord(first: alphanumerics + "_", following: alphanumerics + "._+-")
        let verbs: [(words: [String], reason: String)] = [
            (
                ["dumpxml", "--inactive", "--security-info"],
                "How a machine is described, so that another one can be described so"
            ),
            (["shutdown"], "Shut a machine down that another one takes the place of"),
            (["destroy"], "End one that does not, or that is taken back"),
            (["start"], "Start a machine"),
            (["autostart"], "Start a machine with its hypervisor, as the one before it"),
            (["autostart", "--disable"], "Do not start a machine that is kept"),
            (
                VirshCommand.forget("").arguments.drop { $0 != "undefine" }.dropLast() + [],
                "Forget a machine that was made, or that was kept long enough"
            ),
        ]
        var rules: [SudoRule] = []
        for (words, reason) in verbs { rules.append(try virsh(words.map { .exact($0) } + [.word(uuid)], reason)) }
        rules.append(
            try virsh([.exact("domrename"), .word(uuid), .word(name)], "Keep a machine under another name, and back"))
        rules.append(
            try virsh(
                VirshCommand.define.arguments.suffix(2).map { .exact($0) },
                "Define a machine: whoever may do this can do everything on the hypervisor"))
        for directory in disks { rules += try files(images: images, disks: directory) }
        return rules
    }

    private static func files(images: String, disks: String) throws(SudoRuleError) -> [SudoRule] {
        guard NewMachine.isPlain(images), NewMachine.isPlain(disks) else {
            throw SudoRuleError("directories of images and disks must be plain absolute paths: \(images), \(disks)")
        }
        let alphanumerics = SudoWord.alphanumerics
        let disk = try SudoWord(
            prefix: disks + "/", first: alphanumerics + "_", following: alphanumerics + "._+-", suffix: ".qcow2")
        var rules: [SudoRule] = []
        for format in ["qcow2", "raw"] {
            let image = try SudoWord(
                prefix: images + "/", first: "0123456789abcdef", following: "0123456789abcdef", suffix: "." + format)
            let words = DiskCommand.make("", over: "", format: format).arguments
            rules.append(
                try SudoRule(
                    program: words[0],
                    arguments: words.dropFirst().dropLast(2).map { .exact($0) } + [.word(image), .word(disk)],
                    reason: "Make a machine's disk over an image"))
        }
        let words = DiskCommand.remove("").arguments
        rules.append(
            try SudoRule(
                program: words[0], arguments: words.dropFirst().dropLast().map { .exact($0) } + [.word(disk)],
                reason: "Remove the disk of a machine that was made"))
        return rules
    }

    private static func virsh(_ arguments: [SudoRule.Argument], _ reason: String) throws(SudoRuleError) -> SudoRule {
        let base = VirshCommand.act().arguments.dropFirst().map { SudoRule.Argument.exact($0) }
        return try SudoRule(program: VirshCommand.program, arguments: base + arguments, reason: reason)
    }
}
