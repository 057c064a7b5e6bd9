import ArgumentParser

struct ResponsibilityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "responsibility", abstract: "Who patches which layer of what, and what others owe.",
        subcommands: [ResponsibilityShow.self, ResponsibilityEvidence.self], defaultSubcommand: ResponsibilityShow.self)
}

struct ResponsibilityEvidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence", abstract: "What providers and vendors have shown for what they owe.",
        subcommands: [EvidenceList.self, EvidenceAdd.self], defaultSubcommand: EvidenceList.self)
}
