import FettleIndex
import FettleModel
import FettleSoftware

/// Makes an advisory of each vulnerability that an OpenVEX document's statements are about.
enum OpenVEXRecords {
    static func records(of document: OpenVEXDocument) -> [AdvisoryRecord] {
        var places: [String: Int] = [:]
        var records: [AdvisoryRecord] = []
        var groups: [AffectedGroups] = []
        for statement in document.statements {
            let place = places[statement.name] ?? records.count
            if place == records.count {
                places[statement.name] = place
                records.append(AdvisoryRecord(id: statement.name, publishedAt: statement.timestamp))
                records[place].modifiedAt = document.timestamp
                if !document.id.isEmpty { records[place].supersedes = .document(document.id) }
                records[place].summary = String(statement.summary.prefix { $0 != "\n" }.prefix(300))
                groups.append(AffectedGroups())
            }
            for alias in statement.aliases where AdvisoryNames.isCVE(alias) && alias != statement.name {
                if !records[place].aliases.contains(alias) { records[place].aliases.append(alias) }
            }
            for product in statement.products {
                for entry in entries(product, statement) { groups[place].add(entry, architectures: []) }
            }
        }
        for index in records.indices { records[index].affected = groups[index].packages }
        return records
    }

    /// Nothing for what can't be matched: Ubuntu lists the binary packages of each source too, without a release.
    private static func entries(_ product: String, _ statement: OpenVEXDocument.Statement) -> [AffectedPackage] {
        guard let url = PackageURL(product), RpmNames.isName(url.name), let ecosystem = ecosystem(url) else {
            return []
        }
        if ecosystem.matchesSources, let kind = url.qualifiers["arch"], kind != "source" { return [] }
        var entry = AffectedPackage.everyVersion(of: url.name, in: ecosystem, .affected)
        switch statement.status {
        case "fixed":
            guard let text = url.version, let fixed = OVALRecords.version(text) else { return [] }
            return ecosystem.family == "ubuntu"
                ? UbuntuPockets.below(fixed, of: url.name, in: ecosystem) : [.below(fixed, of: url.name, in: ecosystem)]
        case "affected": entry.remark = remark(statement.action)
        case "not_affected": entry.status = .notAffected
        case "under_investigation": entry.status = .underInvestigation
        default: return []
        }
        return [entry]
    }

    private static func remark(_ action: String) -> String {
        let lower = action.prefix(1000).lowercased()
        return lower.contains("defer") ? "deferred" : lower.contains("ignore") ? "ignored" : ""
    }

    /// `distro=jammy`, `distro=esm-apps/jammy`, `distro=debian-12`.
    private static func ecosystem(_ url: PackageURL) -> Ecosystem? {
        guard let distribution = url.qualifiers["distro"] else { return nil }
        if url.type == "deb", url.namespace == "ubuntu", let found = UbuntuPockets.ecosystem(distribution) {
            return found
        }
        return url.platform.flatMap { Ecosystem($0) }
    }
}
