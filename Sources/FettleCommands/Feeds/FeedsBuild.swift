import ArgumentParser
import FettleFeeds
import FettleIndex
import FettleModel
import Foundation

struct FeedsBuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Compile an index from feed files.",
        discussion: """
            Files, folders and archives (gzip, xz, zstd, bzip2, tar, zip); formats are told by their content. A malformed record is \
            skipped, counted and named. A malformed document refuses the whole build, and the index that was there stays. A file that \
            is no feed is passed over and named. Links to files are followed, links to folders outside are named.
            """)

    @Option(
        name: .customLong("from"), parsing: .upToNextOption,
        help: "Files, folders (all that is in them) and archives; may be given again.")
    var sources: [String] = []
    @Option(name: .customLong("to"), help: "The index file to write.") var target: String
    @OptionGroup var form: OutputOptions

    func validate() throws {
        guard !sources.isEmpty else { throw ValidationError("--from names at least one file or folder with feeds") }
    }

    private struct Answer: Encodable {
        var index: String
        var bytes: Int
        var seconds: Double
        var catalogue: FeedCatalogue
        var passedOver: Int
    }

    func run() throws {
        let began = Date()
        let result = try IndexBuilding.build(sources, to: target)
        let size = (try? FileManager.default.attributesOfItem(atPath: target)[.size] as? Int) ?? 0
        let answer = Answer(
            index: target, bytes: size, seconds: Date().timeIntervalSince(began), catalogue: result.catalogue,
            passedOver: result.passedOver.count)
        for note in result.catalogue.notes(at: .now()) { Output.noteAtEnd(note) }
        if form.output == .json { return try Output.writeJSON(answer) }
        Output.writeLine(FeedsView(catalogue: result.catalogue).lines())
        Output.writeLine(
            "\n\(result.catalogue.advisories) advisories and \(result.catalogue.weaknesses) CVEs in \(target): "
                + "\(ByteCount.text(size)), built in \(String(format: "%.1f", answer.seconds)) s")
    }
}

/// Compiles feeds with a bar that shows how far it is, and failures that tell what to do.
enum IndexBuilding {
    /// Only an index is ever replaced: a mistyped name must not cost a feed.
    private static func refuseOther(_ target: String) throws {
        guard let file = FileHandle(forReadingAtPath: target) else { return }
        defer { try? file.close() }
        let head = (try? file.read(upToCount: 8)) ?? nil
        guard let head, !head.isEmpty, head != Data("FETTLEIX".utf8) else { return }
        throw CommandFailure(
            .usage, "\(target) is there and is no index\n  name another file with --to, or take it away")
    }

    static func build(_ sources: [String], to target: String) throws -> FeedCompiler.Result {
        try refuseOther(target)
        var bar: ProgressBar?
        defer { bar?.finish() }
        let compiler = FeedCompiler { file, _, total in
            if bar == nil { bar = ProgressBar("compiling feeds", total: total) } else { bar?.advance(file) }
        }
        do throws(FeedCompilerError) {
            return try compiler.compile(sources, to: target, builtAt: .now())
        } catch {
            let isThere = FileManager.default.fileExists(atPath: target)
            throw CommandFailure(
                .failure,
                "\(error)\n  no index was made\(isThere ? "; \(target) is as it was" : "")")
        }
    }
}
