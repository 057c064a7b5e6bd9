internal import FettleIndex
internal import FettleSoftware

/// Ubuntu's releases by code name and pocket; names that are not known are told once in a document.
struct UbuntuReleases {
    private let sink: any FeedSink
    private var unknown: Set<String> = []

    init(sink: any FeedSink) {
        self.sink = sink
    }

    mutating func ecosystem(_ codename: String, pocket: String?) -> Ecosystem? {
        let pocket = pocket.flatMap { $0.utf8.count <= 40 ? $0.lowercased() : nil } ?? ""
        if let version = Codenames.ubuntu(codename) { return .ubuntu(version: version, pocket: pocket) }
        // What upstream did, and the next release that has no name yet.
        if codename == "upstream" || codename == "devel" { return nil }
        if unknown.count < 1000, unknown.insert(codename).inserted {
            sink.skipped("release \(codename.prefix(60))", because: "its code name is not known")
        }
        return nil
    }
}
