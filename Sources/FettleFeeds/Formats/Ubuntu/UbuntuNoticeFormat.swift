internal import FettleIndex
internal import FettleModel
internal import FettleVersions
public import Foundation

/// Notices of Ubuntu's security API (https://ubuntu.com/security/api/docs). An answer with a list of them, or one
/// notice.
public enum UbuntuNoticeFormat: FeedFormat {
    public static let name = "ubuntu-notice"

    public static func recognises(_ head: Data) -> Bool {
        let outline = JSONOutline(head)
        return ["", "notices/[]/"].contains { root in
            outline.has(root + "release_packages") || (outline.has(root + "cves_ids") && outline.has(root + "id"))
        }
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let answer = try document.decoded(Answer.self, orElse: "is no notice of Ubuntu's security API")
        var releases = UbuntuReleases(sink: sink)
        for (number, entry) in answer.notices.enumerated() {
            guard let notice = entry.value, AdvisoryNames.isID(notice.id) else {
                sink.skipped(
                    "record \(number + 1)", because: entry.problem ?? "its id is empty, too long or has blanks")
                continue
            }
            let published = FeedDates.time(notice.published)
            // What the editors took off the site is not said any more.
            let record = AdvisoryRecord(
                id: notice.id,
                aliases: AdvisoryNames.aliases((notice.cves ?? []).filter(AdvisoryNames.isCVE), of: notice.id),
                publishedAt: published, modifiedAt: published, summary: notice.title ?? "",
                withdrawnAt: notice.isHidden == true ? published ?? Timestamp(milliseconds: 0) : nil,
                affected: affected(notice, &releases, sink), supersedes: .document(notice.id))
            try sink.advisory(record)
            if let time = record.publishedAt { sink.dated(time) }
        }
    }

    /// By source packages. The oldest notices name only binaries without versions, and say nothing to match by; a
    /// livepatch mends the running kernel and no package.
    private static func affected(
        _ notice: Notice, _ releases: inout UbuntuReleases, _ sink: any FeedSink
    ) -> [AffectedPackage] {
        guard notice.type != "LSN" else { return [] }
        var affected: [AffectedPackage] = []
        for (codename, packages) in (notice.packages ?? [:]).sorted(by: { $0.key < $1.key }) {
            let known = packages.compactMap(\.value)
            if known.count < packages.count {
                sink.skipped(
                    "\(notice.id) \(codename.prefix(40))", because: packages.lazy.compactMap(\.problem).first ?? "")
            }
            let pockets = pocketsBySource(known)
            for package in known where package.isSource == true && !(package.version ?? "").isEmpty {
                guard let version = package.version, AffectedPackage.isPlausible(version),
                    AffectedPackage.isPlausible(package.name)
                else {
                    sink.skipped("\(notice.id) \(package.name.prefix(80))", because: "its name or version is malformed")
                    continue
                }
                guard let ecosystem = releases.ecosystem(codename, pocket: package.pocket ?? pockets[package.name])
                else { continue }
                affected.append(.below(version, of: package.name, in: ecosystem))
            }
        }
        return affected
    }

    /// Of the pockets that the binaries of a source name, the archive's if it is among them.
    private static func pocketsBySource(_ packages: [Package]) -> [String: String] {
        var pockets: [String: String] = [:]
        for package in packages where package.isSource != true {
            guard let pocket = package.pocket, let source = package.sourceLink?.split(separator: "/").last else {
                continue
            }
            if UbuntuPockets.isArchive(pocket) || pockets[String(source)] == nil { pockets[String(source)] = pocket }
        }
        return pockets
    }

    private struct Answer: Decodable {
        var notices: [Lenient<Notice>]

        enum CodingKeys: String, CodingKey { case notices }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            notices =
                values.contains(.notices)
                ? try values.decode([Lenient<Notice>].self, forKey: .notices)
                : [try Lenient<Notice>(from: decoder)]
        }
    }

    private struct Notice: Decodable {
        var id: String
        var type: String?
        var title: String?
        var published: String?
        var isHidden: Bool?
        var cves: [String]?
        var packages: [String: [Lenient<Package>]]?

        enum CodingKeys: String, CodingKey {
            case id, type, title, published
            case isHidden = "is_hidden"
            case cves = "cves_ids"
            case packages = "release_packages"
        }
    }

    private struct Package: Decodable {
        var name: String
        var version: String?
        var isSource: Bool?
        var pocket: String?
        /// `https://launchpad.net/ubuntu/+source/jinja2`
        var sourceLink: String?

        enum CodingKeys: String, CodingKey {
            case name, version, pocket
            case isSource = "is_source"
            case sourceLink = "source_link"
        }
    }
}
