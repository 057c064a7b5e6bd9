import ArgumentParser

struct FeedsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feeds", abstract: "The advisories that hosts are judged by.",
        subcommands: [FeedsSync.self, FeedsStatus.self, FeedsExport.self, FeedsImport.self, FeedsBuild.self])
}
