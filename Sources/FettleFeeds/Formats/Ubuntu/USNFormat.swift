internal import FettleIndex
internal import FettleVersions
public import Foundation

/// Ubuntu's database of security notices, one object of them by number
/// (https://usn.ubuntu.com/usn-db/database-all.json).
///
/// It has hundreds of megabytes, most of it addresses of files; it is taken apart by notice.
public enum USNFormat: FeedFormat {
    public static let name = "usn"

    public static func recognises(_ head: Data) -> Bool {
        JSONOutline(head).parts.contains { parts in
            parts.count == 2 && isNumber(parts[0])
                && ["releases", "isummary", "cves", "action", "timestamp"].contains(parts[1])
        }
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        var splitter = try JSONSplitter(document.bytes, of: document.name)
        let decoder = JSONDecoder()
        var releases = UbuntuReleases(sink: sink)
        while let member = try splitter.next() {
            guard let number = member.key, isNumber(number) else {
                sink.skipped("notice \(member.number + 1)", because: "its number is not such as 4011-1")
                continue
            }
            let notice: Notice
            switch try document.record(Notice.self, "USN-\(number)", from: member.value, by: decoder) {
            case .success(let read): notice = read
            case .failure(let error):
                sink.skipped("USN-\(number)", because: DecodingReason.text(error))
                continue
            }
            let record = record(notice, id: "USN-\(number)", &releases, sink)
            try sink.advisory(record)
            if let time = record.publishedAt { sink.dated(time) }
        }
    }

    private static func record(
        _ notice: Notice, id: String, _ releases: inout UbuntuReleases, _ sink: any FeedSink
    ) -> AdvisoryRecord {
        var affected: [AffectedPackage] = []
        for (codename, release) in (notice.releases ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let release = release.value else {
                sink.skipped("\(id) \(codename.prefix(40))", because: release.problem ?? "it cannot be read")
                continue
            }
            for (source, entry) in (release.sources ?? [:]).sorted(by: { $0.key < $1.key }) {
                guard let version = entry.value?.version, AffectedPackage.isPlausible(version),
                    AffectedPackage.isPlausible(source)
                else {
                    sink.skipped("\(id) \(codename.prefix(40)) \(source.prefix(80))", because: "its version is missing")
                    continue
                }
                guard let ecosystem = releases.ecosystem(codename, pocket: release.pocket(of: source)) else { continue }
                affected.append(.below(version, of: source, in: ecosystem))
            }
        }
        // The database gives one date, that of the notice's last edition.
        let publishedAt = notice.timestamp.flatMap(FeedDates.time(secondsSince1970:))
        return AdvisoryRecord(
            id: id, aliases: AdvisoryNames.aliases((notice.cves ?? []).filter(AdvisoryNames.isCVE), of: id),
            publishedAt: publishedAt, modifiedAt: publishedAt, summary: notice.title ?? "", affected: affected,
            supersedes: .document(id))
    }

    /// `4011-1`
    private static func isNumber(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && text.utf8.count <= 20
            && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }
    }

    private struct Notice: Decodable {
        var title: String?
        var timestamp: Double?
        var cves: [String]?
        var releases: [String: Lenient<Release>]?
    }

    private struct Release: Decodable {
        var sources: [String: Lenient<Source>]?
        var binaries: [String: Lenient<Binary>]?

        /// Only binaries name their pocket, and older ones not the source that they are built of. Where one is in the
        /// archive, all of the source is.
        func pocket(of source: String) -> String? {
            let own = (binaries ?? [:]).values.compactMap(\.value).filter { ($0.source ?? source) == source }
            let pockets = Set(own.map { $0.pocket ?? "security" })
            return pockets.contains { UbuntuPockets.isArchive($0) } ? nil : pockets.min()
        }
    }

    private struct Source: Decodable {
        var version: String
    }

    private struct Binary: Decodable {
        var pocket: String?
        var source: String?
    }
}
