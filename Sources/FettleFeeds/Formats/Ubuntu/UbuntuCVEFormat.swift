internal import FettleIndex
internal import FettleVersions
public import Foundation

/// CVEs of Ubuntu's security API: what holds for each package in each release and pocket
/// (https://ubuntu.com/security/api/docs). An answer with a list of them, or one CVE.
public enum UbuntuCVEFormat: FeedFormat {
    public static let name = "ubuntu-cve"

    public static func recognises(_ head: Data) -> Bool {
        let outline = JSONOutline(head)
        return ["", "cves/[]/"].contains { root in
            outline.has(root + "packages/[]/statuses") || outline.has(root + "ubuntu_description")
                || (outline.has(root + "notices_ids") && outline.has(root + "priority"))
        }
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let answer = try document.decoded(Answer.self, orElse: "is no CVE of Ubuntu's security API")
        var releases = UbuntuReleases(sink: sink)
        for (number, entry) in answer.cves.enumerated() {
            guard let issue = entry.value else {
                sink.skipped("record \(number + 1)", because: entry.problem ?? "it cannot be read")
                continue
            }
            guard AdvisoryNames.isCVE(issue.id) else {
                sink.skipped("record \(number + 1)", because: "'\(issue.id.prefix(60))' is no CVE")
                continue
            }
            if issue.status == "rejected" {
                try sink.weakness(WeaknessRecord(id: issue.id, isRejected: true))
                if let time = FeedDates.time(issue.updatedAt) ?? FeedDates.time(issue.published) {
                    // An older copy may still name packages.
                    try sink.advisory(
                        AdvisoryRecord(
                            id: issue.id, modifiedAt: time, withdrawnAt: time, supersedes: .document(issue.id)))
                }
                continue
            }
            let record = AdvisoryRecord(
                id: issue.id, severity: issue.priority ?? "", cvss: issue.ratings,
                publishedAt: FeedDates.time(issue.published), modifiedAt: FeedDates.time(issue.updatedAt),
                summary: issue.description?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "",
                affected: affected(issue, &releases, sink), supersedes: .document(issue.id))
            try sink.advisory(record)
            if let time = record.modifiedAt ?? record.publishedAt { sink.dated(time) }
        }
    }

    private static func affected(
        _ issue: UbuntuIssue, _ releases: inout UbuntuReleases, _ sink: any FeedSink
    ) -> [AffectedPackage] {
        var affected: [AffectedPackage] = []
        for package in issue.packages ?? [] {
            guard let package = package.value, AffectedPackage.isPlausible(package.name) else {
                sink.skipped("\(issue.id), a package", because: package.problem ?? "its name is empty or too long")
                continue
            }
            for status in package.statuses {
                let place = "\(issue.id) \(package.name)"
                guard let status = status.value else {
                    sink.skipped(place, because: status.problem ?? "a status cannot be read")
                    continue
                }
                guard let release = releases.ecosystem(status.codename, pocket: status.pocket),
                    let found = self.package(package.name, status, in: release, place, sink)
                else { continue }
                affected.append(found)
            }
        }
        return affected
    }

    /// The statuses: https://git.launchpad.net/ubuntu-cve-tracker/tree/README
    private static func package(
        _ name: String, _ status: UbuntuIssue.Status, in release: Ecosystem, _ place: String, _ sink: any FeedSink
    ) -> AffectedPackage? {
        let version = status.description ?? ""
        switch status.status {
        case "DNE": return nil
        case "not-affected": return .everyVersion(of: name, in: release, .notAffected)
        case "released", "released-esm":
            guard AffectedPackage.isPlausible(version), DpkgVersion.isValid(version) else {
                sink.skipped("\(place) \(release)", because: "it is released, but in no version")
                return nil
            }
            return .below(version, of: name, in: release)
        case "needed", "active": return .everyVersion(of: name, in: release, .affected)
        // A fix is coming, or none: open all the same.
        case "pending", "deferred", "ignored", "in-progress":
            return .everyVersion(of: name, in: release, .affected, remark: status.status)
        case "needs-triage": return .everyVersion(of: name, in: release, .underInvestigation)
        default:
            sink.skipped("\(place) \(release)", because: "its status '\(status.status.prefix(40))' is not known")
            return nil
        }
    }

    /// A list of CVEs, or one by itself.
    private struct Answer: Decodable {
        var cves: [Lenient<UbuntuIssue>]

        enum CodingKeys: String, CodingKey { case cves }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            cves =
                values.contains(.cves)
                ? try values.decode([Lenient<UbuntuIssue>].self, forKey: .cves)
                : [try Lenient<UbuntuIssue>(from: decoder)]
        }
    }
}
