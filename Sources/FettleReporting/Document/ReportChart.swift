/// A picture of numbers.
public struct ReportChart: Sendable, Equatable {
    public var title: String
    /// How to read it, in a sentence.
    public var note: String
    public var shape: Shape
    public var series: [Series]
    public var labels: [String]

    public enum Shape: String, Sendable {
        /// A bar for each label, with a part for each series, from the left.
        case bars
        /// A line for each series over the labels, which are evenly apart in time.
        case lines
    }

    public struct Series: Sendable, Equatable {
        public var name: String
        public var tone: Tone
        /// One for each label; nil: not known then.
        public var values: [Int?]

        public init(_ name: String, _ tone: Tone, _ values: [Int?]) {
            self.name = name
            self.tone = tone
            self.values = values
        }
    }

    /// A series' colour by what it means; a page names each beside its colour, so that nobody has to tell them apart by it alone.
    public enum Tone: String, Sendable, CaseIterable {
        case good, warn, bad, neutral, accent
    }

    public init(_ title: String, note: String = "", _ shape: Shape, labels: [String], series: [Series]) {
        self.title = title
        self.note = note
        self.shape = shape
        self.labels = labels
        self.series = series
    }

    var hasValues: Bool { series.contains { $0.values.contains { ($0 ?? 0) > 0 } } }
}
