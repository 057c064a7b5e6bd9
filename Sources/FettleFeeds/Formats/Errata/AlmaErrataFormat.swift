internal import FettleIndex
internal import FettleModel
internal import FettleVersions
public import Foundation

/// AlmaLinux's errata of one release, with module streams for each package
/// (https://errata.almalinux.org/9/errata.full.json).
public enum AlmaErrataFormat: FeedFormat {
    public static let name = "alma-errata"

    public static func recognises(_ head: Data) -> Bool {
        let outline = JSONOutline(head)
        return outline.has("data/[]/issued_date") || outline.has("data/[]/updated_date")
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let errata = try document.decoded(Errata.self, orElse: "is no list of AlmaLinux's errata")
        for (number, entry) in errata.data.enumerated() {
            guard let erratum = entry.value, AdvisoryNames.isID(erratum.id) else {
                sink.skipped(
                    "record \(number + 1)", because: entry.problem ?? "its id is empty, too long or has blanks")
                continue
            }
            let references = (erratum.references ?? []).compactMap(\.value)
            let record = AdvisoryRecord(
                id: erratum.id,
                aliases: AdvisoryNames.aliases(references.map(\.id).filter(AdvisoryNames.isCVE), of: erratum.id),
                updateClass: AdvisoryNames.updateClass(of: erratum.id),
                severity: erratum.severity == "None" ? "" : erratum.severity ?? "",
                publishedAt: erratum.issuedDate.flatMap(FeedDates.time(secondsSince1970:)),
                modifiedAt: erratum.updatedDate.flatMap(FeedDates.time(secondsSince1970:)),
                summary: erratum.title ?? "", affected: affected(erratum, references, sink))
            try sink.advisory(record)
            if let time = record.modifiedAt ?? record.publishedAt { sink.dated(time) }
        }
    }

    private static func affected(
        _ erratum: Erratum, _ references: [Reference], _ sink: any FeedSink
    ) -> [AffectedPackage] {
        let release = references.compactMap(\.href).lazy.compactMap { Self.release(inAddress: $0) }.first
        var groups = AffectedGroups()
        for entry in erratum.packages ?? [] {
            guard let package = entry.value,
                [package.name, package.version, package.release, package.arch].allSatisfy(AffectedPackage.isPlausible)
            else {
                sink.skipped("\(erratum.id), a package", because: entry.problem ?? "a part of it is empty or too long")
                continue
            }
            guard let major = release ?? Self.release(inTag: package.release),
                let ecosystem = Ecosystem("almalinux:\(major)")
            else {
                sink.skipped(
                    "\(erratum.id), \(package.name.prefix(80))", because: "its release of AlmaLinux cannot be told")
                continue
            }
            guard let version = RpmVersion(epoch: package.epoch, version: package.version, release: package.release)
            else {
                sink.skipped("\(erratum.id), \(package.name.prefix(80))", because: "its epoch is no number")
                continue
            }
            // `mariadb:10.3:8050020220427075058:c5368500:x86_64`
            let parts = (package.module ?? "").split(separator: ":", maxSplits: 2)
            guard !RpmNames.isOfSources(package.arch) else { continue }
            var affected = AffectedPackage.below(version.description, of: package.name, in: ecosystem)
            if parts.count >= 2 { affected.module = ModuleStream.label(name: parts[0], stream: parts[1]) }
            groups.add(affected, architectures: [package.arch])
        }
        return groups.packagesByVersion
    }

    /// `8` of `https://errata.almalinux.org/8/ALBA-2021-3049.html`
    private static func release(inAddress address: String) -> Substring? {
        let prefix = "https://errata.almalinux.org/"
        guard address.hasPrefix(prefix) else { return nil }
        return number(address.dropFirst(prefix.count))
    }

    /// `8` of `5.1.el8_4`, `18.module_el8.5.0+2632+14ced695`
    private static func release(inTag tag: String) -> Substring? {
        guard let mark = tag.range(of: "el") else { return nil }
        return number(tag[mark.upperBound...])
    }

    private static func number(_ text: Substring) -> Substring? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        return digits.isEmpty || digits.count > 3 ? nil : digits
    }

    private struct Errata: Decodable {
        var data: [Lenient<Erratum>]
    }

    private struct Erratum: Decodable {
        var id: String
        var title: String?
        var severity: String?
        /// Seconds since 1970.
        var issuedDate: Double?
        var updatedDate: Double?
        var packages: [Lenient<Package>]?
        var references: [Lenient<Reference>]?

        enum CodingKeys: String, CodingKey {
            case id, title, severity, packages, references
            case issuedDate = "issued_date"
            case updatedDate = "updated_date"
        }
    }

    private struct Package: Decodable {
        var name: String
        var epoch: String?
        var version: String
        var release: String
        var arch: String
        var module: String?
    }

    private struct Reference: Decodable {
        var id: String
        var href: String?
    }
}
