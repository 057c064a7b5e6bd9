import ArgumentParser
import FettleControl
import FettleModel

struct PatchSetAnswer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer", abstract: "What a stage's own suite behind a webhook found.",
        discussion: """
            For the suite itself, by a token whose role signs off in the stage. A pass is heard from the identity that the policy names \
            alone (`answeredBy`), if it neither asked nor made the set; never where the suite is a command. The answer names what it \
            was asked by and the digest of the set that it tested. A pass that is late or the second one is told and is no sign-off; \
            what speaks against the set is heard from whoever signs off there, however late it is.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The patch set, such as patchset-1.") var set: String
    @Argument(help: "By which it was asked, such as note-4; `fettle patchset show` has it.") var request: String
    @Option(help: "The whole digest of the set that was tested.") var digest: String
    @Flag(help: "Its tests passed.") var passed = false
    @Flag(help: "They did not.") var failed = false
    @Option(name: .shortAndLong, help: "What was seen, in a line.") var note: String

    func validate() throws {
        guard passed != failed else { throw ValidationError("either --passed or --failed") }
        guard digest.utf8.count == 64, digest.utf8.allSatisfy("0123456789abcdef".utf8.contains) else {
            throw ValidationError("--digest takes the 64 hexadecimal digits that `fettle patchset show` tells")
        }
    }

    func run() async throws {
        let session = try Session(options)
        let stages = try session.policy.promotion ?? .standard(for: session.fleet)
        let kept = try await session.promotions.answer(
            request, on: PatchSetID(set), digest: Digest(rawValue: digest), passes: passed, text: note,
            by: session.person, policy: stages)
        if options.output == .json { return try session.printJSON(kept) }
        session.print(PatchSetView.line(kept))
    }
}
