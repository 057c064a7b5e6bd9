public import FettleModel

extension FeedCatalogue {
    /// How old a feed that came as files may be until every answer says so. The publishers of distributions and of what is
    /// exploited write every working day; a weekend alone makes nothing stale.
    public static let staleAfterHours = 72

    /// Notes of one kind that are told one by one; the others are counted.
    private static let namedNotes = 10

    /// What is not sound of feeds that came as files: those that are old or of an unknown age, and what is no feed, each in one
    /// sentence. What was fetched has a state of its own, by when its publisher was last asked.
    public func notes(at now: Timestamp) -> [String] {
        let aged = feeds.compactMap { $0.ageNote(at: now) }
        let more = aged.count > Self.namedNotes ? ["… and \(aged.count - Self.namedNotes) more feeds are so"] : []
        return aged.prefix(Self.namedNotes) + more + passedOverNotes
    }

    /// Every file and document that was passed over, as far as they are named.
    public var passedOverNotes: [String] {
        let named = passedOver.named.prefix(Self.namedNotes).map { "passed over: \($0)" }
        let rest = passedOver.count - named.count
        return named + (rest > 0 ? ["passed over: … and \(rest) more"] : [])
    }
}

extension FeedCatalogue.Feed {
    /// Its format, and the last part of where it came from: `debian-tracker (tracker.json)`.
    public var shownName: String {
        let place = origin.split(separator: "/").last.map(String.init) ?? origin
        return "\(format) (\(place))"
    }

    /// Its own date, or where it carries none when its files were last changed.
    public var date: Timestamp? { publishedAt ?? changedAt }

    /// Whose date `date` is, in words.
    public var dateBasis: String { publishedAt == nil ? "its file's time of change" : "its own date" }

    /// That it is stale, and by which date; nil if it is not.
    public func ageNote(at now: Timestamp) -> String? {
        guard let date else { return "\(shownName) carries no date: how old it is is not known" }
        // A date is the publisher's own word, however odd; a few minutes are what two clocks differ by.
        let age = now.milliseconds.subtractingReportingOverflow(date.milliseconds)
        guard !age.overflow, age.partialValue > -300_000 else {
            return "\(shownName) is dated in the future (\(date), by \(dateBasis)): is this machine's clock right?"
        }
        let hours = Int(clamping: age.partialValue / 3_600_000)
        guard hours >= FeedCatalogue.staleAfterHours else { return nil }
        let words = hours < 48 ? "\(hours) hours" : "\(hours / 24) days"
        return "\(shownName) is stale: of \(date.description.prefix(10)) by \(dateBasis), \(words) ago; "
            + "\(FeedCatalogue.staleAfterHours) hours are allowed"
    }
}
