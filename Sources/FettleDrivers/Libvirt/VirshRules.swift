public import FettleDriverKit

/// What a user who is not root needs in `sudoers` on a hypervisor.
public enum VirshRules {
    /// - Parameter destinations: the addresses of the other hypervisors, as in the fleet's `destination` with the host put in. None:
    ///   only what facts need.
    /// - Throws: `SudoRuleError` for an address that could not stand in a rule.
    public static func rules(destinations: [String]) throws(SudoRuleError) -> [SudoRule] {
        let uuid = try SudoWord(first: "0123456789abcdef", following: "0123456789abcdef-")
        var rules: [SudoRule] = []
        for (command, hasMachine) in LibvirtSection.commands {
            let arguments = command.arguments.dropFirst().map { SudoRule.Argument.exact($0) }
            rules.append(
                try SudoRule(
                    program: VirshCommand.program, arguments: arguments + (hasMachine ? [.word(uuid)] : []),
                    reason: "Facts: which virtual machines there are, and what they need.",
                    reasonIfExact: "Reads only."))
        }
        guard !destinations.isEmpty else { return rules }
        for kind in VirshCommand.kinds {
            rules.append(
                try exact(
                    VirshCommand.comparison(kind), "Ask whether a machine's processor is to be had here. Reads only."))
        }
        for destination in destinations {
            for manner in manners {
                // The limit is the fleet's to choose.
                let words = manner.words.dropLast().map { SudoRule.Argument.exact($0) }
                let digits = try SudoWord(first: "0123456789", following: "0123456789")
                rules.append(
                    try rule(
                        words + [.word(digits), .word(uuid), .exact(destination)],
                        "Move a running machine to another hypervisor"))
            }
            let offline = ["migrate", "--offline", "--p2p", "--persistent", "--undefinesource"]
            rules.append(
                try rule(
                    offline.map { .exact($0) } + [.word(uuid), .exact(destination)],
                    "Move the description of a machine that is shut off"))
        }
        let verbs: [(String, String)] = [
            ("domjobabort", "Call off a move that takes too long"),
            ("migrate-postcopy", "Let a machine go on at the destination while its memory follows"),
            ("resume", "Wake a machine that a broken move left paused"),
            ("domtime", "Ask the guest agent in a machine whether it still answers after its move. Reads only"),
            ("start", "Start a machine that went down with its hypervisor"),
            ("destroy", "End what a move left behind of a machine that runs elsewhere"),
            ("autostart", "Start a machine with its hypervisor, as before the move"),
        ]
        for (verb, reason) in verbs { rules.append(try rule([.exact(verb), .word(uuid)], reason)) }
        rules.append(
            try rule(
                [.exact("undefine"), .exact("--keep-nvram"), .word(uuid)], "Forget a machine that runs elsewhere"))
        return rules
    }

    private static var manners: [MigrationManner] {
        [true, false].flatMap { isEncrypted in
            [true, false].flatMap { mayPostCopy in
                [true, false].map {
                    MigrationManner(
                        bandwidthMebibytes: 0, isEncrypted: isEncrypted, mayPostCopy: mayPostCopy, believesShared: $0)
                }
            }
        }
    }

    private static func rule(_ arguments: [SudoRule.Argument], _ reason: String) throws(SudoRuleError) -> SudoRule {
        let base = VirshCommand.act().arguments.dropFirst().map { SudoRule.Argument.exact($0) }
        return try SudoRule(program: VirshCommand.program, arguments: base + arguments, reason: reason)
    }

    private static func exact(_ command: RootCommand, _ reason: String) throws(SudoRuleError) -> SudoRule {
        try SudoRule(
            program: command.arguments[0], arguments: command.arguments.dropFirst().map { .exact($0) }, reason: reason)
    }
}
