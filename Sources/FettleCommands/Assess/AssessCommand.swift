import ArgumentParser
import FettleAssessment
import FettleControl
import FettleModel

struct Assess: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "assess", abstract: "Judge what the last scan saw, or what files say is installed.",
        discussion: """
            Without a file: the fleet, by what the last scan saw. With --dpkg-status, --rpm-list, --apk-db, --sbom or --lock: what \
            these files list, without a fleet and without a database.

            Only what is affected is shown, unless --all, which also tells what is fixed, not affected, or undecided. Ends with 0 (nothing), 100 (updates), 101 (security updates), 4 (not all \
            could be read, checked or, where nothing is affected, decided), 1 or 2.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var inputs: SoftwareInputs
    @OptionGroup var advisories: AdvisoryOptions
    @Flag(help: "Show every finding, also what is fixed or not affected.") var all = false
    @Flag(help: "Print counts only.") var count = false

    func validate() throws {
        if inputs.files.isEmpty, inputs.platform != nil {
            throw ValidationError("--platform says of which system a file's packages are; name one")
        }
    }

    func run() async throws {
        guard inputs.files.isEmpty else { throw try ofFiles.run().code }
        let session = try Session(options)
        let feeds = try session.feeds(advisories.source)
        let scan = try await session.scans.assessNewest(fleet: session.fleet, policy: session.policy, feeds: feeds)
        guard !count else { return try tellCounts(scan, feeds) }
        let lines = FleetFindingLines(scan.findings, facts: scan.facts, feeds: feeds, all: all)
        switch options.output {
        case .json: try session.printJSON(WholeAnswer(findings: scan.findings, lines: all ? lines : nil))
        case .ndjson, .csv:
            if options.output == .csv { try lines.writeCSV() } else { try lines.writeJSON() }
            // What is no finding has no line there, and is not to be lost.
            for gap in scan.findings.notJudged { session.note("not judged: \(gap.resource): \(gap.reason)") }
            if let undecided = scan.findings.undecided {
                session.note(
                    "\(undecided.reduce(0) { $0 + $1.advisories.count }) advisories are undecided: -o json has them")
            }
        case .table, .ics:
            session.print(FindingsView(findings: scan.findings, limit: all ? nil : 40).lines())
            if all {
                var rest = FleetStandingsView()
                try lines.visit { rest.add($0) }
                session.print("\n" + rest.lines())
            }
        }
        StaleListLines(scan.facts, try session.policy).tell(options.output)
        throw ScanStatus.of(scan.findings, facts: scan.facts).code
    }

    private func tellCounts(_ scan: ScanService.Scan, _ feeds: AdvisoryFeeds) throws {
        let lines = FleetFindingLines(scan.findings, facts: scan.facts, feeds: feeds, all: true)
        let counts = try lines.counts(scan.findings, notes: feeds.coverage.notes ?? [])
        try counts.write(as: options.output)
        for gap in counts.gaps { Output.note("not judged: \(gap)") }
        throw ScanStatus.of(scan.findings, facts: scan.facts).code
    }

    /// The findings as they are kept, and with --all what asks for nothing beside them.
    private struct WholeAnswer: Encodable {
        var findings: FindingSet
        var lines: FleetFindingLines?

        private enum Key: String, CodingKey { case settled }

        func encode(to encoder: any Encoder) throws {
            try findings.encode(to: encoder)
            guard let lines else { return }
            var settled: [FleetFindingLines.Line] = []
            try lines.visit { if $0.finding == nil { settled.append($0) } }
            var answer = encoder.container(keyedBy: Key.self)
            try answer.encode(settled, forKey: .settled)
        }
    }

    /// What is to be judged where files were named.
    var ofFiles: FileAssessment {
        FileAssessment(
            files: inputs.files, platform: inputs.platform, feeds: advisories.source.feeds,
            index: advisories.source.index, showsAll: all, countsOnly: count, output: options.output)
    }
}
