internal import FettleIndex

/// Ubuntu's releases by code name and pocket; names that are not known are told once in a document.
struct UbuntuReleases {
    private let sink: any FeedSink
    private var unknown: Set<String> = []

    init(sink: any FeedSink) {
        self.sink = sink
    }

    mutating func ecosystem(_ codename: String, pocket: String?) -> Ecosystem? {
        let pocket = (pocket?.utf8.count ?? 0) <= 40 ? pocket?.lowercased() : nil
        if let found = DistributionReleases.ubuntu(codename: codename, pocket: pocket) { return found }
        // What upstream did, and the next release that has no name yet.
        if codename == "upstream" || codename == "devel" { return nil }
        if unknown.count < 1000, unknown.insert(codename).inserted {
            sink.skipped("release \(codename.prefix(60))", because: "its code name is not known")
        }
        return nil
    }

    /// Whether a pocket is part of what every host of the release gets.
    static func isArchive(_ pocket: String) -> Bool {
        ["", "release", "security", "updates", "proposed", "backports"].contains(pocket)
    }
}
