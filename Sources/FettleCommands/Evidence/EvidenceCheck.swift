import ArgumentParser
import FettleControl
import FettleEvidence
import FettleModel

struct EvidenceCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Whether the log, and all that it tells of, is what was written.",
        discussion: """
            Finds and names every entry that was altered, dropped, added or put elsewhere, and every document, ended journal and waiver \
            that is not what the log says. Ends with 1 if something is wrong. A log that was written anew as a whole is found by \
            --anchor alone.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var objects: ObjectStoreOptions
    @Option(
        help:
            "Heads that were anchored: a file, s3://BUCKET/PREFIX, https://… or env:VARIABLE; may be given several times."
    )
    var anchor: [String] = []
    @Option(help: "Whose heads are trusted, as a file with a public key; this machine's own otherwise.")
    var key: [String] = []

    func run() async throws {
        let session = try Session(options)
        var keys = try EvidenceFile.keys(key)
        if keys.isEmpty, let own = try KeyFile(directory: session.directory).load() { keys = [own.verifying] }
        let heads = try AnchoredHeads.read(anchor, objects, trusting: keys)
        let report = try await session.log.check(anchors: heads)
        if options.output == .json {
            try session.printJSON(report)
        } else {
            for fault in report.faults {
                session.print(TextStyle.red.apply("✗ \(fault.description.printable)", in: .standard))
            }
            if report.faultsBeyond > 0 { session.print("and \(report.faultsBeyond) more") }
            if !report.notInLog.isEmpty {
                session.print("\(report.notInLog.count) documents are older than the log; no entry tells of them")
            }
            let places = heads.map(\.sequence)
            let anchors =
                report.anchors > 0
                ? "; anchored heads met: \(report.anchors), from entry \(places.min() ?? 0) to \(places.max() ?? 0)"
                : ""
            session.print(
                report.holds
                    ? TextStyle.green.apply("✓ all \(report.entries) entries hold\(anchors)", in: .standard)
                    : "read up to entry \(report.entries)")
        }
        if !report.holds { throw ExitCode(ExitStatus.failure.rawValue) }
    }
}
