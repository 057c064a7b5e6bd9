import ArgumentParser
import FettleControl
import FettleModel
import Foundation

struct PatchSetCollect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Take away what is frozen of patch sets that are done.",
        discussion: """
            A set is done when it has come to its last stage or goes no further, for --days. What is frozen of any other stays, and \
            so does what is of a set that this store does not know. Archives go when no repository names them any more.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(name: .customLong("to"), help: "The artifact store's folder; beside fleet.yaml without it.")
    var folder: String?
    @Option(help: "How long it has to have been done, in days.") var days = 90
    @Flag(help: "Only tell what would go.") var dryRun = false

    private struct Answer: Encodable {
        struct Kept: Encodable {
            var folder: String
            var why: String
        }
        var kept: [Kept] = []
        /// Folders of repositories, and archives.
        var removed: [String] = []
        var isDryRun: Bool
    }

    func validate() throws {
        guard (0...36_500).contains(days) else { throw ValidationError("--days takes 0 to 36500, not \(days)") }
    }

    func run() async throws {
        let session = try Session(options)
        let store = ArtifactFolder(root: PatchSetFreeze.root(folder, session))
        try await session.promotions.requireMayFreeze(by: session.person)
        var answer = Answer(isDryRun: dryRun)
        let limit = Timestamp.now().adding(seconds: -days * 86_400)
        var over: [URL] = []
        for (place, repository) in try store.frozen() {
            switch try await session.promotions.frozenState(
                of: repository.set, fleet: session.fleet, policy: session.policy)
            {
            case .needed(let why): answer.kept.append(.init(folder: place.path, why: why))
            case .unknown: answer.kept.append(.init(folder: place.path, why: "this store does not know that set"))
            case .over(let since) where limit < since:
                answer.kept.append(.init(folder: place.path, why: "done only since \(since)"))
            case .over: over.append(place)
            }
        }
        answer.removed = over.map(\.path)
        if !dryRun {
            for place in over { try store.remove(place) }
            for place in store.leftOvers() {
                try FileManager.default.removeItem(at: place)
                answer.removed.append(place.path)
            }
            for file in try store.unnamed() {
                try FileManager.default.removeItem(at: file)
                answer.removed.append(file.path)
            }
        }
        if options.output == .json { return try session.printJSON(answer) }
        for kept in answer.kept { session.print("stays: \(kept.folder): \(kept.why)".printable) }
        for place in answer.removed { session.print("\(dryRun ? "would go" : "gone"): \(place)".printable) }
        if answer.removed.isEmpty { session.print("Nothing to take away.") }
    }
}
