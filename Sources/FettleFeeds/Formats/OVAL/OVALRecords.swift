import FettleIndex
import FettleModel
import FettleVersions

/// Makes advisories of definitions and hands them over; those of one CVE that lie in several definitions are joined
/// first.
final class OVALRecords {
    private let facts: OVALFacts
    private let sink: any FeedSink
    private var held: [String: Int] = [:]
    private var heldRecords: [AdvisoryRecord] = []
    private(set) var definitionCount = 0
    private(set) var recordCount = 0
    private(set) var skippedCount = 0
    private(set) var firstReason = ""

    init(_ facts: OVALFacts, _ sink: any FeedSink) {
        self.facts = facts
        self.sink = sink
    }

    func take(_ definition: OVALDefinition) throws(FeedError) {
        // Inventory definitions only say how a release is told.
        guard definition.definitionClass == "patch" || definition.isVulnerability else { return }
        definitionCount += 1
        guard !definition.isTooLarge else {
            return skip(definition.id, "it has more criteria than any real definition")
        }
        guard let id = definition.recordID else { return skip(definition.id, "it names neither an advisory nor a CVE") }
        let flat = OVALFlattening(definition.nodes, facts)
        if !flat.leftOut.isEmpty {
            skip(id, "left out what isn't understood: \(flat.leftOut.joined(separator: " | "))", isWhole: false)
        }
        let platforms = OVALPlatforms(definition)
        var byRecord: [String: AffectedGroups] = [id: AffectedGroups()]
        var order = [id]
        for (package, gates) in flat.found {
            let record = package.cve ?? id
            if byRecord[record] == nil { order.append(record) }
            for ecosystem in platforms.ecosystems(of: package, gates.platforms) {
                for affected in entries(package, in: ecosystem, gates, definition) {
                    byRecord[record, default: AffectedGroups()].add(affected, architectures: affected.architectures)
                }
            }
        }
        for name in order where !facts.isByPackage || AdvisoryNames.isCVE(name) {
            try hand(over: record(name, of: definition, byRecord[name]?.packages ?? []), definition)
        }
    }

    /// Hands over what was held back to be joined.
    func finish() throws(FeedError) {
        for record in heldRecords { try sink.advisory(record) }
    }

    private func hand(over record: AdvisoryRecord, _ definition: OVALDefinition) throws(FeedError) {
        recordCount += 1
        guard facts.isByPackage || (definition.isVulnerability && facts.repeated.contains(record.id)) else {
            try sink.advisory(record)
            return
        }
        guard let place = held[record.id] else {
            held[record.id] = heldRecords.count
            heldRecords.append(record)
            return
        }
        heldRecords[place].affected += record.affected
        if heldRecords[place].severity.isEmpty { heldRecords[place].severity = record.severity }
        if heldRecords[place].cvss.isEmpty { heldRecords[place].cvss = record.cvss }
        if let time = record.modifiedAt, heldRecords[place].modifiedAt.map({ $0 < time }) ?? true {
            heldRecords[place].modifiedAt = time
        }
    }

    private func record(_ id: String, of definition: OVALDefinition, _ affected: [AffectedPackage]) -> AdvisoryRecord {
        let about = definition.isVulnerability ? definition.cves.filter { $0.id == id } : definition.cves
        var record = AdvisoryRecord(id: id)
        record.aliases = facts.isByPackage ? [] : definition.cveIDs.filter { $0 != id }
        record.updateClass = definition.updateClass
        record.severity = definition.severity.isEmpty ? about.first?.severity ?? "" : definition.severity
        if record.severity.lowercased() == "none" { record.severity = "" }
        record.cvss = Self.worstFirst(about.flatMap(\.vectors))
        record.publishedAt = definition.issued ?? about.compactMap(\.publishedAt).min()
        record.modifiedAt = definition.updated
        record.summary = facts.isByPackage ? id : definition.title
        record.affected = affected
        return record
    }

    private func entries(
        _ package: OVALPackage, in ecosystem: Ecosystem, _ gates: OVALFlattening.Gates, _ definition: OVALDefinition
    ) -> [AffectedPackage] {
        var entry = AffectedPackage(
            ecosystem: ecosystem, name: package.name, status: package.status,
            architectures: gates.architectures ?? package.architectures, module: gates.module, remark: package.remark)
        let lower = package.series.isEmpty ? nil : VersionBound(package.series, isInclusive: true)
        switch package.condition {
        case .below(let version) where ecosystem.family == "ubuntu":
            return UbuntuPockets.below(version, of: package.name, in: ecosystem)
        case .below(let version):
            entry.intervals = [VersionInterval(lower: lower, upper: VersionBound(version, isInclusive: false))]
            entry.fixed = version
        case .through(let version):
            entry.intervals = [VersionInterval(lower: lower, upper: VersionBound(version, isInclusive: true))]
        case .exactly(let version): entry.versions = [version]
        case .installed, .absent, .notAffected:
            if package.condition == .absent, !definition.isOfUnaffected { return [] }
            entry.intervals = [VersionInterval(lower: lower, upper: nil)]
            if package.condition == .notAffected || definition.isOfUnaffected {
                entry.status = .notAffected
            } else {
                apply(definition.resolutions, to: &entry)
            }
        }
        return [entry]
    }

    /// Red Hat names source components (`nodejs:18/nodejs`) while the tests name packages: one word for all is all's
    /// word.
    private func apply(_ resolutions: [(state: String, components: [String])], to entry: inout AffectedPackage) {
        let own = resolutions.first { $0.components.contains { $0.split(separator: "/").last == entry.name[...] } }
        guard let state = (own ?? (resolutions.count == 1 ? resolutions.first : nil))?.state.lowercased() else {
            return
        }
        if state == "under investigation" {
            entry.status = .underInvestigation
        } else if state != "affected" {
            entry.remark = String(state.prefix(60))
        }
    }

    private func skip(_ record: String, _ reason: String, isWhole: Bool = true) {
        if isWhole { skippedCount += 1 }
        if firstReason.isEmpty { firstReason = "\(record): \(reason)" }
        sink.skipped(record, because: reason)
    }

    /// `0:1.2-3` is `1.2-3`, for rpm and dpkg alike; nil for what is no version.
    static func version(_ text: String) -> String? {
        let version = text.hasPrefix("0:") ? String(text.dropFirst(2)) : text
        return RpmNames.isName(version) ? version : nil
    }

    /// `7.5/CVSS:3.1/AV:N/…`, `7.8/AV:N/…` of version 2, or the vector alone.
    static func rating(_ text: String) -> CVSSRating? {
        guard text.utf8.count <= 400 else { return nil }
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        if let score = Double(parts[0]), (0...10).contains(score) {
            return CVSSRating(vector: String(parts[1]), publishedScore: score)
        }
        return parts[0].hasPrefix("CVSS:") || parts[0].hasPrefix("AV:") ? CVSSRating(vector: text) : nil
    }

    /// Each vector once; the highest published score first, since an advisory is as bad as the worst of what it fixes.
    static func worstFirst(_ ratings: [CVSSRating]) -> [CVSSRating] {
        var seen: Set<String> = []
        let once = ratings.filter { seen.insert($0.vector).inserted }
        return once.enumerated().sorted { left, right in
            let (first, second) = (left.element.publishedScore ?? -1, right.element.publishedScore ?? -1)
            return first == second ? left.offset < right.offset : first > second
        }.map(\.element)
    }
}
