import FettleIndex
import FettleModel
import FettleVersions

/// An `<update>` while it is read.
struct UpdateNotice {
    /// More than any real notice has: the largest, of kernels and LibreOffice, name a few thousand.
    static let packageLimit = 100_000

    var id = ""
    var from = ""
    var type = ""
    var status = ""
    var title = ""
    var release = ""
    var severity = ""
    var issued = ""
    var updated = ""
    var cves: [String] = []
    /// CVEs that only the titles of bug reports name: Fedora has no references of the type `cve`.
    var cvesInTitles: [String] = []
    var collections: [Collection] = []
    var packageCount = 0

    struct Collection {
        var name = ""
        var short = ""
        /// `name:stream`.
        var module: String?
        var packages: [Package] = []
    }

    struct Package {
        var name: String
        var epoch: String
        var version: String
        var release: String
        var architecture: String
    }

    /// https://github.com/rpm-software-management/libdnf/blob/dnf-4-master/libdnf/dnf-advisory.h, and SUSE's words.
    var updateClass: UpdateClass {
        switch type {
        case "security": .security
        case "bugfix", "recommended": .bugfix
        case "enhancement", "newpackage", "feature", "optional": .feature
        default: .unclassified
        }
    }

    /// The streams that a title names, where the collection doesn't: `nodejs:18` of `Moderate: nodejs:18 security
    /// update`.
    var modulesInTitle: [String] { ModuleStream.named(inTitle: title) }

    func record(_ affected: [AffectedPackage]) -> AdvisoryRecord {
        var record = AdvisoryRecord(id: id)
        var seen: Set<String> = [id]
        record.aliases = (cves.isEmpty ? cvesInTitles : cves).filter { seen.insert($0).inserted }
        record.updateClass = updateClass
        record.severity = severity.lowercased() == "none" ? "" : severity
        record.publishedAt = FeedDates.time(issued)
        record.modifiedAt = FeedDates.time(updated)
        record.summary = title
        if status == "retracted" {
            record.withdrawnAt = record.modifiedAt ?? record.publishedAt ?? Timestamp(milliseconds: 0)
        }
        record.affected = affected
        // Repositories of one release share ids: only what is taken back is taken back everywhere.
        if status == "retracted" { record.supersedes = .ecosystems() }
        return record
    }
}
