import ArgumentParser
import FettleControl
import FettleModel

struct ChangeApprove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Agree to a change: to exactly the plan with its digest.",
        discussion: """
            Refused where the world is no longer as the plan saw it: by the newest scan, or by fleet.yaml. What has drifted is told, and \
            `fettle change show` tells it too.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var vote: VoteArguments

    func run() async throws { try await vote.cast(approves: true, options: options) }
}

struct ChangeReject: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "reject", abstract: "Refuse a change.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var vote: VoteArguments

    func run() async throws { try await vote.cast(approves: false, options: options) }
}

struct VoteArguments: ParsableArguments {
    @Argument(help: "The change, such as change-1.") var change: String
    @Option(help: "The digest you looked at, whole or its first 12 digits; without it, the one it has now.")
    var digest: String?
    @Option(name: .shortAndLong, help: "A note that is kept with the vote.") var note = ""

    func cast(approves: Bool, options: GlobalOptions) async throws {
        let session = try Session(options)
        let current = try await session.changes.change(ChangeID(change)).plan.digest
        let seen = digest.map { $0 == current.short ? current : Digest(rawValue: $0) } ?? current
        let voted = try await session.changes.vote(
            on: ChangeID(change), by: session.person, approves: approves, digest: seen, note: note,
            fleet: approves ? session.fleetIfAny : nil)
        if approves, let words = voted.sharedLoginWords { session.note(words) }
        if approves {
            // The vote is cast: what cannot be told beside it is no failure.
            let objections = try? await session.changes.objectionsToTime(of: voted, calendar: session.calendar)
            for line in objections ?? [] { session.note("\(voted.id): \(line)".printable) }
            await session.noteUnseconded(voted, fleet: try? session.fleetIfAny)
        }
        if options.output == .json { return try session.printJSON(voted) }
        session.print("\(session.person) \(approves ? "approves" : "rejects") \(voted.id); it is \(voted.state.words)")
        if voted.state == .approved { session.next("fettle run start \(voted.id)") }
    }
}

struct ChangeWithdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Take a change back that you asked for.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The change, such as change-1.") var change: String

    func run() async throws {
        let session = try Session(options)
        let change = try await session.changes.withdraw(ChangeID(change), by: session.person)
        if options.output == .json { return try session.printJSON(change) }
        session.print("\(change.id) is withdrawn")
    }
}
