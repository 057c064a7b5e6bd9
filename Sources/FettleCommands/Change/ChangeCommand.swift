import ArgumentParser

struct ChangeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change",
        abstract: "Plans that were submitted for approval.",
        subcommands: [
            ChangeSubmit.self, ChangeApprove.self, ChangeReject.self, ChangeWithdraw.self, ChangeScheduleCommand.self,
            ChangeReview.self, ChangeList.self, ChangeShow.self, ChangeCalendarCommand.self,
        ])
}
