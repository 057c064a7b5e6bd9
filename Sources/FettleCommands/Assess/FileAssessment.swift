import FettleAssessment
import FettleIndex
import FettleModel

/// `fettle assess` of files: what to read, and by which advisories to judge it, without a fleet and without a database.
struct FileAssessment: Equatable {
    var files: [SoftwareInput]
    /// Of which release system packages are, as the user wrote it.
    var platform: String?
    var feeds: [String] = []
    var index: String?
    var showsAll = false
    var countsOnly = false
    var output = OutputFormat.table

    /// Judges, and writes what is found to standard output.
    ///
    /// - Returns: how the program ends.
    func run() throws -> ExitStatus {
        let lists = try SoftwareInput.read(files)
        guard let opened = try AdvisorySource(feeds: feeds, index: index).open() else {
            Output.note("advisories not checked: no feed was given (--feeds, --index, or `fettle feeds sync`)")
            return .partial
        }
        for feed in opened.index.catalogue.feeds {
            for remark in feed.remarks { Output.note("\(feed.format): \(remark)") }
        }
        for note in opened.notes { Output.noteAtEnd(note) }
        let detail: SoftwareJudge.Detail = countsOnly ? .counts : showsAll ? .all : .affected
        let assessment = SoftwareAssessment(
            index: opened.index, notes: opened.notes, platform: platform.map(SoftwareInput.platformName), detail: detail
        )
        let writer = FindingWriters.make(output, countsOnly: countsOnly, showsHosts: lists.count > 1)
        return try assessment.run(lists, writer)
    }
}
