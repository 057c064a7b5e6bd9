import ArgumentParser
import FettleFeedSync
import FettleModel

struct FeedsExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write all feeds that are here into one file, to carry them across an air gap."
    )

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The file to write.") var file: String

    private struct Answer: Encodable {
        var file: String
        var digest: String
        var bytes: Int64
        var feeds: [String]
    }

    func run() async throws {
        let bundle: FeedBundle
        do { bundle = try FeedsLibrary(directory: options.directory).store.export(to: file) } catch {
            throw CommandFailure(.failure, "\(error)")
        }
        let feeds = bundle.manifest.feeds.map(\.id.rawValue)
        if options.output == .json {
            return try Output.writeJSON(Answer(file: file, digest: bundle.digest, bytes: bundle.size, feeds: feeds))
        }
        Output.writeLine("\(feeds.count) feeds in \(file), \(ByteCount.text(Int(clamping: bundle.size)))")
        Output.writeLine("digest \(bundle.digest)")
        Output.writeLine("carry the digest apart, and there: fettle feeds import \(file) --digest \(bundle.digest)")
    }
}

struct FeedsImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take in feeds that were exported elsewhere; all of it is verified first.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The file that `fettle feeds export` wrote.") var file: String
    @Option(help: "The digest that the export told, carried apart: proves that nobody altered the bundle.")
    var digest: String?
    @Flag(help: "Also where a feed here is newer.") var allowOlder = false

    private struct Answer: Encodable {
        var digest: String
        var imported: [String]
        var kept: [String]
    }

    func run() async throws {
        let library = FeedsLibrary(directory: options.directory)
        let result: FeedImportResult
        do {
            result = try library.store.import(from: file, expectedDigest: digest, allowsOlder: allowOlder)
        } catch {
            throw CommandFailure(.failure, "\(error)\n  nothing was changed")
        }
        let kept = result.kept.map(\.rawValue)
        let imported = result.generation.manifest.feeds.map(\.id.rawValue).filter { !kept.contains($0) }
        _ = try library.index()
        if options.output == .json {
            return try Output.writeJSON(Answer(digest: result.digest, imported: imported, kept: kept))
        }
        Output.writeLine("took in \(imported.joined(separator: ", "))")
        if !kept.isEmpty { Output.writeLine("kept \(kept.joined(separator: ", "))") }
        if digest == nil { Output.note("whole and undamaged; that nobody altered it only --digest can prove") }
    }
}
