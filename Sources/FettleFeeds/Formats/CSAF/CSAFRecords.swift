import FettleIndex
import FettleModel
import FettleVersions

/// Makes advisories of a CSAF document: one of an advisory (`RHSA-2031:1234`), or one of each CVE of a VEX.
struct CSAFRecords {
    private let csaf: CSAFDocument
    private let sink: any FeedSink
    private let id: String

    init(_ csaf: CSAFDocument, _ sink: any FeedSink) {
        self.csaf = csaf
        self.sink = sink
        id = csaf.document.tracking.id
    }

    /// Both come as `csaf_vex` from Red Hat, so the category does not tell them apart; what the document is called
    /// does.
    ///
    /// There is one at least: a revision that says nothing any more takes back what an older one said.
    func records() -> [AdvisoryRecord] {
        if Self.withdrawnCategories.contains(csaf.document.category) { return [withdrawn(csaf.document.category)] }
        let isFixing = csaf.vulnerabilities.contains { !$0.products(.fixed).isEmpty }
        let isStatement = csaf.document.category == "csaf_vex" && !isFixing && !csaf.vulnerabilities.isEmpty
        guard AdvisoryNames.isCVE(id) || isStatement else { return [advisory()] }
        let records: [AdvisoryRecord] = csaf.vulnerabilities.compactMap { vulnerability in
            guard AdvisoryNames.isCVE(vulnerability.cve) else {
                sink.skipped("\(id) \(vulnerability.title.prefix(60))", because: "the vulnerability has no CVE")
                return nil
            }
            var packages = CSAFPackages(csaf.tree)
            packages.addFixed(vulnerability.products(.fixed))
            for status in [AffectedStatus.affected, .underInvestigation, .notAffected] {
                packages.add(vulnerability.products(status), status, remarks: vulnerability.remarks)
            }
            return record(vulnerability.cve, [vulnerability], packages, modified: csaf.document.tracking.modifiedAt)
        }
        return records.isEmpty ? [withdrawn(csaf.document.title)] : records
    }

    /// CSAF 2.1 (https://docs.oasis-open.org/csaf/csaf/v2.1/csaf-v2.1.html#profile-7-withdrawn); what superseded an advisory has an id
    /// of its own.
    private static let withdrawnCategories: Set<String> = ["csaf_withdrawn", "csaf_superseded"]

    private func withdrawn(_ summary: String) -> AdvisoryRecord {
        let tracking = csaf.document.tracking
        var record = AdvisoryRecord(id: id, publishedAt: tracking.publishedAt, modifiedAt: tracking.modifiedAt)
        record.summary = summary
        record.withdrawnAt = tracking.modifiedAt ?? tracking.publishedAt ?? Timestamp(milliseconds: 0)
        record.supersedes = .document("\(csaf.document.publisher) \(id)")
        return record
    }

    /// What an advisory says of its packages it says of all its CVEs at once: affected if one of them is, and not
    /// affected only if none is.
    private func advisory() -> AdvisoryRecord {
        var packages = CSAFPackages(csaf.tree)
        var spared: Set<String>?
        for vulnerability in csaf.vulnerabilities {
            packages.addFixed(vulnerability.products(.fixed))
            for status in [AffectedStatus.affected, .underInvestigation] {
                packages.add(vulnerability.products(status), status, remarks: vulnerability.remarks)
            }
            let these = Set(vulnerability.products(.notAffected))
            spared = spared.map { $0.intersection(these) } ?? these
        }
        packages.add((spared ?? []).sorted(), .notAffected, remarks: [:])
        return record(id, csaf.vulnerabilities, packages, modified: csaf.document.tracking.modifiedAt)
    }

    private func record(
        _ name: String, _ vulnerabilities: [CSAFVulnerability], _ packages: CSAFPackages, modified: Timestamp?
    ) -> AdvisoryRecord {
        if packages.missingCount > 0 {
            sink.skipped(
                name,
                because: "\(packages.missingCount) of its products are not in the product tree, such as "
                    + "\(packages.firstMissing.prefix(100))")
        }
        if packages.malformedCount > 0 {
            sink.skipped(
                name,
                because: "\(packages.malformedCount) of its packages have no readable name and version, such as "
                    + "\(packages.firstMalformed.prefix(100))")
        }
        var seen: Set<String> = [name]
        var record = AdvisoryRecord(id: name)
        record.aliases = vulnerabilities.map(\.cve).filter { AdvisoryNames.isCVE($0) && seen.insert($0).inserted }
        record.updateClass = updateClass(name)
        let impact = vulnerabilities.lazy.flatMap(\.threats).first { $0.category == "impact" }?.details
        record.severity = csaf.document.severity.isEmpty ? String((impact ?? "").prefix(60)) : csaf.document.severity
        record.cvss = OVALRecords.worstFirst(vulnerabilities.flatMap(\.ratings))
        record.publishedAt = csaf.document.tracking.publishedAt
        record.modifiedAt = modified
        record.summary = csaf.document.title
        record.affected = packages.packages
        record.supersedes = .document("\(csaf.document.publisher) \(id)")
        return record
    }

    /// https://access.redhat.com/articles/explaining_redhat_errata; SUSE's `-RU-` and `-FU-` are recommended and
    /// feature updates.
    private func updateClass(_ name: String) -> UpdateClass {
        if name.hasPrefix("RHBA-") || name.contains("-RU-") { return .bugfix }
        if name.hasPrefix("RHEA-") || name.contains("-FU-") { return .feature }
        return .security
    }
}

extension CSAFVulnerability {
    /// https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html#3239-vulnerabilities-property---product-status;
    /// SUSE names the versions to go to `recommended`.
    enum Products { case fixed }

    func products(_ kind: Products) -> [String] { list("first_fixed", "fixed", "recommended") }

    func products(_ status: AffectedStatus) -> [String] {
        switch status {
        case .affected: list("first_affected", "known_affected", "last_affected")
        case .notAffected: list("known_not_affected")
        case .underInvestigation: list("under_investigation")
        case .unknown: []
        }
    }

    private func list(_ names: String...) -> [String] { names.flatMap { statuses[$0] ?? [] } }

    /// What the publisher decided for a product without a fix: `will not fix`, `out of support scope`, `fix deferred`.
    var remarks: [String: String] {
        var remarks: [String: String] = [:]
        for remediation in remediations where ["no_fix_planned", "none_available"].contains(remediation.category) {
            let line = (remediation.details ?? "").prefix { $0 != "\n" }.lowercased()
            let words =
                line.utf8.count > 60 || line.isEmpty
                ? remediation.category.map { $0 == "_" ? " " : String($0) }.joined() : line
            for id in remediation.productIDs ?? [] { remarks[id] = words == "affected" ? "" : words }
        }
        return remarks
    }

    var ratings: [CVSSRating] {
        scores.flatMap { [$0.version4, $0.version3, $0.version2] }.compactMap { rating in
            guard let rating, rating.vectorString.utf8.count <= 400, !rating.vectorString.isEmpty else { return nil }
            let score = rating.baseScore.flatMap { (0...10).contains($0) ? $0 : nil }
            return CVSSRating(vector: rating.vectorString, publishedScore: score)
        }
    }
}
