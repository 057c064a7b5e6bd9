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
            try tellNotChecked(lists)
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

    /// Without feeds nothing is judged; what was read, and what was not, is told all the same.
    private func tellNotChecked(_ lists: [(name: String, list: SoftwareList)]) throws {
        var totals = FindingTotals()
        totals.packages = lists.reduce(0) { $0 + $1.list.packages.count }
        totals.notChecked = totals.packages
        totals.feedNotes = ["advisories not checked: no feed was given (--feeds, --index, or `fettle feeds sync`)"]
        for (name, list) in lists {
            for gap in totals.add(gaps: list.skipped, of: name) { Output.note(gap) }
        }
        for note in totals.feedNotes { Output.note(note) }
        guard output == .json || countsOnly else { return }
        let none = FeedCatalogue(builtAt: .now())
        try FindingWriters.make(output, countsOnly: countsOnly, showsHosts: lists.count > 1).finish(totals, none)
    }
}
