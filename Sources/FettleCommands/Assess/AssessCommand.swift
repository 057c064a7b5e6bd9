import ArgumentParser
import FettleAssessment
import FettleControl
import FettleIndex
import FettleModel

struct Assess: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "assess", abstract: "Judge what the last scan saw, or what files say is installed.",
        discussion: """
            Without a file: the fleet, by what the last scan saw. With --dpkg-status, --rpm-list, --apk-db, --sbom or --lock: what \
            these files list, without a fleet and without a database.

            Only what is affected is shown, unless --all. Ends with 0 (nothing), 100 (updates), 101 (security updates), 4 (not all \
            could be read or checked), 1 or 2.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var inputs: SoftwareInputs
    @OptionGroup var advisories: AdvisoryOptions
    @Flag(help: "Show every finding, also what is fixed or not affected.") var all = false
    @Flag(help: "Print counts only.") var count = false

    func validate() throws {
        if inputs.files.isEmpty {
            if inputs.platform != nil {
                throw ValidationError("--platform says of which system a file's packages are; name one")
            }
            if options.output == .csv || options.output == .ndjson || count || advisories.index != nil {
                throw ValidationError(
                    "csv, ndjson, --count and --index are for files: --dpkg-status, --rpm-list, --apk-db, --sbom, --lock"
                )
            }
        }
    }

    func run() async throws {
        guard inputs.files.isEmpty else { return try assessFiles() }
        let session = try Session(options)
        let scan = try await session.scans.assessNewest(
            fleet: session.fleet, policy: session.policy, feeds: session.feeds(advisories.feeds))
        switch options.output {
        case .json: try session.printJSON(scan.findings)
        case .ndjson: try FleetFindingLines.writeJSON(scan.findings)
        case .csv: FleetFindingLines.writeCSV(scan.findings)
        case .table: session.print(FindingsView(findings: scan.findings, limit: all ? nil : 40).lines())
        }
        throw ScanStatus.of(scan.findings, facts: scan.facts).code
    }

    private func assessFiles() throws {
        let lists = try inputs.read()
        guard let index = try advisories.open() else {
            Output.note("advisories not checked: no feed was given (--feeds, --index, or `fettle feeds sync`)")
            throw ExitStatus.partial.code
        }
        for feed in index.catalogue.feeds {
            for remark in feed.remarks { Output.note("\(feed.format): \(remark)") }
        }
        let detail: SoftwareJudge.Detail = count ? .counts : all ? .all : .affected
        let assessment = SoftwareAssessment(index: index, platform: inputs.platformName, detail: detail)
        let writer = FindingWriters.make(options.output, countsOnly: count, showsHosts: lists.count > 1)
        let status = try assessment.run(lists, writer)
        throw status.code
    }
}
