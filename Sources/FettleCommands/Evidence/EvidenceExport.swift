import ArgumentParser
import FettleControl
import FettleEvidence
import FettleModel
import FettleStore
import Foundation

struct EvidenceExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "A run's evidence as one signed file, for you alone to read.",
        discussion: """
            Facts and findings with the dates of their feeds, the selection, the plan, the change with its votes, the journal with \
            every gate's answer, what was seen afterwards (if `fettle report RUN` has looked), waivers, and the log's entries with the \
            proof that they are in the chain. The run must have ended.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The run, such as run-1.") var run: String
    @Option(name: .customLong("to"), help: "Where to write; RUN.evidence otherwise.") var destination: String?

    private struct Answer: Encodable {
        var wrote: String
        var bytes: Int
        var digest: Digest
        var story: BundleStory
    }

    func run() async throws {
        let session = try Session(options)
        // A name from the command line is no path to write to.
        let destination = destination ?? "\(run.replacing("/", with: "-")).evidence"
        let exported = try await session.bundles.export(
            RunID(run), by: session.person, key: try await session.signingKey(),
            secrets: session.secrets)
        try PrivateFile.write(exported.bytes, to: destination)
        if options.output == .json {
            return try session.printJSON(
                Answer(
                    wrote: destination, bytes: exported.bytes.count, digest: LogChain.sha256.digest(exported.bytes),
                    story: exported.story))
        }
        session.print("wrote \(destination.printable), \(exported.bytes.count) bytes")
        session.print(StoryLines.lines(exported.story).joined(separator: "\n"))
        session.next("fettle evidence verify \(destination) --key PUBLIC", "fettle evidence key --to PUBLIC")
    }
}
