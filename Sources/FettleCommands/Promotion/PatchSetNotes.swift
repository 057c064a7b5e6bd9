public import ArgumentParser
import FettleControl
public import FettleModel

/// What every word on a patch set has.
struct NoteArguments: ParsableArguments {
    @Argument(help: "The patch set, such as patchset-1.") var set: String
    @Option(name: .shortAndLong, help: "What was seen, in a line.") var note: String

    func write(
        _ kind: PatchSetNote.Kind, passes: Bool, stage: String?, resolves: String? = nil, options: GlobalOptions
    ) async throws {
        let session = try Session(options)
        let stages = try session.policy.promotion ?? .standard(for: session.fleet)
        let note = try await session.promotions.note(
            on: PatchSetID(set), kind: kind, passes: passes, stage: stage.map { StageID($0) }, resolves: resolves,
            text: note, by: session.person, policy: stages)
        if options.output == .json { return try session.printJSON(note) }
        session.print(PatchSetView.line(note))
    }
}

struct PatchSetSign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign a patch set off, or refuse to.",
        discussion: """
            Kinds: vendor (the software's vendor states that it runs with these versions), provider (the platform's), tests (own \
            tests were run). A refusal stops the set until somebody signs the same kind off in the same stage.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var words: NoteArguments
    @Option(help: "vendor, provider or tests.") var kind: PatchSetNote.Kind
    @Option(help: "In which stage it was seen; without: of the set as a whole.") var stage: String?
    @Flag(help: "It does not pass.") var refuse = false

    func validate() throws {
        guard PatchSetNote.Kind.signOffs.contains(kind) else {
            throw ValidationError("--kind takes vendor, provider or tests, not \(kind.rawValue)")
        }
    }

    func run() async throws { try await words.write(kind, passes: !refuse, stage: stage, options: options) }
}

struct PatchSetRegress: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "regress",
        abstract: "Something got worse with a patch set: it goes no further until that is resolved.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var words: NoteArguments
    @Option(help: "In which stage it was seen.") var stage: String?

    func run() async throws { try await words.write(.regression, passes: false, stage: stage, options: options) }
}

struct PatchSetResolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "A regression of a patch set is none any more; not by who made the set.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var words: NoteArguments
    @Argument(help: "The note of the regression, such as note-1.") var regression: String

    func run() async throws {
        try await words.write(.resolved, passes: true, stage: nil, resolves: regression, options: options)
    }
}

extension PatchSetNote.Kind: ExpressibleByArgument {
    /// Those that a person gives; the others are commands of their own.
    public static var allValueStrings: [String] { signOffs.map(\.rawValue).sorted() }
}
