import ArgumentParser

struct BaselineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "baseline", abstract: "What is let in on which hosts, and how far hosts are apart.",
        subcommands: [BaselineShow.self, BaselineDiff.self], defaultSubcommand: BaselineShow.self)
}
