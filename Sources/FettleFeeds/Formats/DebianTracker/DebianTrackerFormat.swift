internal import FettleIndex
internal import FettleVersions
public import Foundation

/// The Debian Security Tracker's JSON: source package, CVE, release, status
/// (https://security-tracker.debian.org/tracker/data/json).
///
/// It is one object of some 70 MB. It is taken apart by source package, so that only one of them stands in memory at a
/// time.
public enum DebianTrackerFormat: FeedFormat {
    public static let name = "debian-tracker"

    public static func recognises(_ head: Data) -> Bool {
        JSONOutline(head).parts.contains { parts in
            parts.count >= 3 && isIssue(parts[1])
                && ["releases", "description", "scope", "debianbug"].contains(parts[2])
        }
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        var splitter = try JSONSplitter(document.bytes, of: document.name)
        let decoder = JSONDecoder()
        var reading = DebianTrackerReading(sink: sink)
        while let member = try splitter.next() {
            guard let source = member.key else {
                throw FeedError(document.name, "is an array, where an object of source packages must stand")
            }
            guard AffectedPackage.isPlausible(source) else {
                sink.skipped("member \(member.number + 1)", because: "its name is empty, too long or of several lines")
                continue
            }
            let issues = try document.record(
                [String: Lenient<DebianTrackerReading.Issue>].self, source, from: member.value, by: decoder)
            switch issues {
            case .success(let issues): try reading.take(issues, of: source)
            case .failure(let error): sink.skipped(source, because: DecodingReason.text(error))
            }
        }
    }

    /// A CVE, or the tracker's own name for what has none yet: `TEMP-0000000-0CA7E3`.
    static func isIssue(_ name: String) -> Bool {
        AdvisoryNames.isCVE(name) || (name.hasPrefix("TEMP-") && AdvisoryNames.isID(name))
    }
}
