public import FettleModel

/// A report before it has a form: what a page, a workbook, JSON and CSV are all written from, so that none tells another story.
///
/// Rows are made when they are written (`ReportTable.row`), so that a report of 100,000 hosts is never held as text.
public struct ReportDocument: Sendable {
    /// Which report it is, such as `compliance`; also the name of its form in JSON.
    public var kind: String
    public var title: String
    /// What it says in one or two sentences, for somebody who has never seen Fettle.
    public var summary: String
    public var madeAt: Timestamp
    /// The word on the whole; nil: there is none to be had.
    public var verdict: Verdict?
    public var figures: [Figure]
    /// What was not checked or cannot be known. Told before anything else: what was not looked at is not clean.
    public var cautions: [String]
    public var charts: [ReportChart]
    public var tables: [ReportTable]
    /// What it rests on, such as when facts were collected and which feeds were heard.
    public var basis: [String]

    public struct Verdict: Sendable, Equatable {
        public var words: String
        public var tone: HTMLPage.Tone

        public init(_ words: String, _ tone: HTMLPage.Tone) {
            self.words = words
            self.tone = tone
        }
    }

    /// A number that stands large above the rest.
    public struct Figure: Sendable, Equatable {
        /// As programs call it, such as `overdue`.
        public var name: String
        /// What it counts, in words.
        public var title: String
        public var value: ReportCell

        public init(_ name: String, _ title: String, _ value: ReportCell) {
            self.name = name
            self.title = title
            self.value = value
        }
    }

    public init(
        kind: String, title: String, summary: String, madeAt: Timestamp, verdict: Verdict? = nil,
        figures: [Figure] = [], cautions: [String] = [], charts: [ReportChart] = [], tables: [ReportTable] = [],
        basis: [String] = []
    ) {
        self.kind = kind
        self.title = title
        self.summary = summary
        self.madeAt = madeAt
        self.verdict = verdict
        self.figures = figures
        self.cautions = cautions
        self.charts = charts
        self.tables = tables
        self.basis = basis
    }
}
