import ArgumentParser

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Approved changes, carried out.",
        discussion: "Ends with 0 (succeeded), 5 (rolled back), 4 (waits for a person), 3 (not approved), 1 (failed).",
        subcommands: [
            RunStartCommand.self, RunResume.self, RunList.self, RunShow.self, RunPause.self,
            RunAbort.self, RunRollback.self, RunRetry.self, RunSkip.self, RunGate.self, RunHandOver.self,
            RunObligations.self,
        ])
}
