import ArgumentParser
import FettleControl
import FettleImages
import FettleModel
import Foundation

struct ImagePromote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Let a stage have an image that the stages before it have had.",
        discussion: """
            The stages are those of the policy's `promotion`, in their order. An image has to have passed its boot test, to have been \
            in every stage before, and there for as long as `soak` says.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The image, such as image-1.") var image: String
    @Option(name: .customLong("to"), help: "The stage.") var stage: String
    @Option(name: .shortAndLong, help: "Why, in a line.") var note = ""

    func run() async throws {
        let session = try Session(options)
        let note = try await session.images.promote(
            ImageID(image), to: StageID(stage), text: note, by: session.person, policy: session.stages)
        if options.output == .json { return try session.printJSON(note) }
        session.print(ImageView.line(note))
    }
}

struct ImageRetire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire", abstract: "End an image: nothing new is made from it, and its files may be collected.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The image, such as image-1.") var image: String
    @Option(name: .shortAndLong, help: "Why, in a line.") var note: String

    func run() async throws {
        let session = try Session(options)
        let note = try await session.images.retire(
            ImageID(image), text: note, by: session.person, policy: session.stages)
        if options.output == .json { return try session.printJSON(note) }
        session.print(ImageView.line(note))
    }
}

struct ImageCollect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Remove the files of images that were retired long enough ago.",
        discussion: """
            A file goes only if what is signed beside it is what the catalogue has: another image that lies there by now is left and \
            told. So is one of which nothing lies there: it may lie on another machine. The record stays.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "For how many days an image has to have been retired.") var days = 30
    @Flag(help: "Only say what would go.") var dryRun = false
    @Flag(help: "Of which nothing lies at their paths here is gone everywhere: mark it as collected.") var gone = false

    private struct Answer: Encodable {
        var removed: [ImageID]
        var left: [ImageID]
    }

    func validate() throws {
        guard (0...36_500).contains(days) else { throw ValidationError("--days takes 0 to 36500, not \(days)") }
    }

    func run() async throws {
        let session = try Session(options)
        if !dryRun { try await session.images.requireCollecting(by: session.person) }
        var answer = Answer(removed: [], left: [])
        for image in try await session.images.collectable(afterSeconds: days * 86_400, policy: session.stages) {
            let record = image.record
            let files = [record.path] + ImageSidecar.allCases.map { $0.path(of: record.path) }
            let isThere = files.contains { (try? FileManager.default.attributesOfItem(atPath: $0)) != nil }
            guard isThere ? Self.isOf(record) : gone else {
                let why =
                    isThere
                    ? "is not what the catalogue has; it is left"
                    : "is not here; if it is gone everywhere: `fettle image collect --gone`"
                session.note("\(record.id): \(record.path) \(why)")
                answer.left.append(record.id)
                continue
            }
            answer.removed.append(record.id)
            if options.output != .json {
                session.print("\(record.id): \(record.path.printable)\(dryRun ? " would be removed" : " is removed")")
            }
            guard !dryRun else { continue }
            // The signed statement last: without it nobody could tell afterwards whose files the others are.
            for file in files.filter({ $0 != ImageSidecar.provenance.path(of: record.path) }) {
                try Self.remove(file)
            }
            try Self.remove(ImageSidecar.provenance.path(of: record.path))
            _ = try await session.images.collected(record.id, by: session.person)
        }
        if options.output == .json { try session.printJSON(answer) }
        if answer.removed.isEmpty, options.output != .json { session.print("nothing is to be removed") }
        if !answer.left.isEmpty { throw ExitCode(ExitStatus.partial.rawValue) }
    }

    /// By what is signed beside it, whoever signed it: the image itself may be half gone already.
    private static func isOf(_ record: ImageRecord) -> Bool {
        ImageVerification.names(record.digest, at: record.path)
    }

    private static func remove(_ path: String) throws {
        guard (try? FileManager.default.attributesOfItem(atPath: path)) != nil else { return }
        try FileManager.default.removeItem(atPath: path)
    }
}
