internal import FettleIndex
internal import FettleModel
internal import FettleVersions
public import Foundation

/// Rocky Linux's errata as its API gives them, page by page (https://errata.rockylinux.org/api/v3/advisories/).
public enum RockyErrataFormat: FeedFormat {
    public static let name = "rocky-errata"

    public static func recognises(_ head: Data) -> Bool {
        let outline = JSONOutline(head)
        return outline.has("advisories/[]/red_hat_advisory_id")
            || (outline.has("advisories/[]/synopsis") && outline.has("advisories/[]/name"))
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let page = try document.decoded(Page.self, orElse: "is no page of Rocky's errata")
        for (number, entry) in page.advisories.enumerated() {
            guard let erratum = entry.value, AdvisoryNames.isID(erratum.name) else {
                sink.skipped(
                    "record \(number + 1)", because: entry.problem ?? "its name is empty, too long or has blanks")
                continue
            }
            let issues = (erratum.cves ?? []).compactMap(\.value).filter { AdvisoryNames.isCVE($0.cve) }
            let severity = erratum.severity == "None" ? "" : erratum.severity ?? ""
            let record = AdvisoryRecord(
                id: erratum.name, aliases: AdvisoryNames.aliases(issues.map(\.cve), of: erratum.name),
                updateClass: AdvisoryNames.updateClass(of: erratum.name), severity: severity,
                publishedAt: FeedDates.time(erratum.publishedAt), modifiedAt: FeedDates.time(erratum.updatedAt),
                summary: erratum.synopsis ?? "", affected: affected(erratum, sink))
            try sink.advisory(record)
            // The vectors are the CVEs', not the erratum's, which may fix several.
            for issue in issues {
                guard let rating = issue.rating else { continue }
                try sink.weakness(WeaknessRecord(id: issue.cve, cvss: [rating]))
            }
            if let time = record.modifiedAt { sink.dated(time) }
        }
        if let time = FeedDates.time(page.lastUpdatedAt) { sink.dated(time) }
    }

    private static func affected(_ erratum: Erratum, _ sink: any FeedSink) -> [AffectedPackage] {
        var groups = AffectedGroups()
        for entry in erratum.packages ?? [] {
            guard let package = entry.value, let name = RpmPackageName(package.nevra) else {
                let what = entry.value?.nevra ?? "a package"
                sink.skipped(
                    "\(erratum.name), \(what.prefix(120))", because: entry.problem ?? "it is no name of an rpm")
                continue
            }
            // Products of Rocky's special interest groups are none of its releases.
            guard let ecosystem = ecosystem(package.product) else { continue }
            guard !RpmNames.isOfSources(name.architecture) else { continue }
            var affected = AffectedPackage.below(name.version.description, of: name.name, in: ecosystem)
            affected.module = ModuleStream.label(
                name: (package.moduleName ?? "")[...], stream: (package.moduleStream ?? "")[...])
            groups.add(affected, architectures: [name.architecture])
        }
        return groups.packagesByVersion
    }

    /// `Rocky Linux 10 x86_64`, and `Rocky Linux 8.4 x86_64 (Legacy)`, which is the same release in its younger days.
    private static func ecosystem(_ product: String?) -> Ecosystem? {
        guard let product, product.hasPrefix("Rocky Linux ") else { return nil }
        let major = product.dropFirst("Rocky Linux ".count).prefix { $0.isASCII && $0.isNumber }
        return major.isEmpty || major.count > 3 ? nil : Ecosystem("rocky:\(major)")
    }

    private struct Page: Decodable {
        var advisories: [Lenient<Erratum>]
        var lastUpdatedAt: String?

        enum CodingKeys: String, CodingKey {
            case advisories
            case lastUpdatedAt = "last_updated_at"
        }
    }

    private struct Erratum: Decodable {
        /// `RLSA-2025:21816`
        var name: String
        var synopsis: String?
        var severity: String?
        var publishedAt: String?
        var updatedAt: String?
        var cves: [Lenient<Issue>]?
        var packages: [Lenient<Package>]?

        enum CodingKeys: String, CodingKey {
            case name, synopsis, severity, cves, packages
            case publishedAt = "published_at"
            case updatedAt = "updated_at"
        }
    }

    private struct Issue: Decodable {
        var cve: String
        var vector: String?
        /// A number in quotes.
        var score: String?

        enum CodingKeys: String, CodingKey {
            case cve
            case vector = "cvss3_scoring_vector"
            case score = "cvss3_base_score"
        }

        /// Where there is none, the API says `UNKNOWN`.
        var rating: CVSSRating? {
            guard let vector, vector.hasPrefix("CVSS:") else { return nil }
            let number = score.flatMap(Double.init).flatMap { $0 >= 0 && $0 <= 10 ? $0 : nil }
            return CVSSRating(vector: vector, publishedScore: number, source: "Rocky")
        }
    }

    private struct Package: Decodable {
        /// `delve-0:1.25.2-1.el10_1.aarch64.rpm`
        var nevra: String
        var product: String?
        var moduleName: String?
        var moduleStream: String?

        enum CodingKeys: String, CodingKey {
            case nevra
            case product = "product_name"
            case moduleName = "module_name"
            case moduleStream = "module_stream"
        }
    }
}
