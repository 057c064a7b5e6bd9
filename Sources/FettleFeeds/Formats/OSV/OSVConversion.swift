internal import FettleIndex
internal import FettleSoftware
internal import FettleVersions
internal import Foundation

/// Brings OSV records to the normal form.
final class OSVConversion {
    private let sink: any FeedSink
    /// Why packages of the record at hand stay unknown.
    private var undecided: [Undecided: String] = [:]
    /// Releases that could not be told, each said once.
    private var unclear: Set<String> = []
    private var ecosystems: [String: OSVEcosystem] = [:]

    private struct Undecided: Hashable {
        var ecosystem: Ecosystem
        var name: String
    }

    init(_ sink: any FeedSink) {
        self.sink = sink
    }

    func take(_ result: Result<OSVRecord, any Error>, named place: String) throws(FeedError) {
        switch result {
        case .failure(let error): sink.skipped(place, because: DecodingReason.text(error))
        case .success(let record):
            guard AdvisoryNames.isID(record.id) else {
                sink.skipped(place, because: "its id is empty, too long or has blanks")
                return
            }
            guard let advisory = advisory(record) else { return }
            try sink.advisory(advisory)
            if let time = advisory.modifiedAt { sink.dated(time) }
        }
    }

    /// Nil where a time cannot be read that decides whether the record holds.
    private func advisory(_ record: OSVRecord) -> AdvisoryRecord? {
        let withdrawnAt = FeedDates.time(record.withdrawn)
        if let text = record.withdrawn, withdrawnAt == nil {
            sink.skipped(record.id, because: "'\(text.prefix(40))' is no time of withdrawal")
            return nil
        }
        let title = record.summary ?? ""
        let modules = ModuleStream.named(inTitle: title)
        var affected: [AffectedPackage] = []
        undecided = [:]
        var named: Set<Ecosystem> = []
        var ratings: [CVSSRating] = []
        var word = record.databaseSpecific?.severity ?? ""
        for severity in record.severity ?? [] { Self.take(severity.value, ratings: &ratings, word: &word) }
        for (number, entry) in (record.affected ?? []).enumerated() {
            guard let value = entry.value else {
                sink.skipped("\(record.id), affected \(number + 1)", because: entry.problem ?? "it cannot be read")
                continue
            }
            for severity in value.severity ?? [] { Self.take(severity.value, ratings: &ratings, word: &word) }
            if word.isEmpty { word = value.ecosystemSpecific?.severity ?? "" }
            if withdrawnAt != nil {
                if let ecosystem = value.package.flatMap({ self.ecosystem($0.ecosystem) }) { named.insert(ecosystem) }
                continue
            }
            // What is malformed does not take the place of an older copy that could be read.
            guard let package = package(value, of: record.id) else { continue }
            affected +=
                modules.isEmpty || !ModuleStream.isModular(package)
                ? [package]
                : modules.map { module in
                    var copy = package
                    copy.module = module
                    return copy
                }
        }
        if withdrawnAt == nil { affected = decided(affected, of: record) }
        if word.isEmpty { word = AdvisoryNames.severity(ofTitle: title) }
        return AdvisoryRecord(
            id: record.id, aliases: OSVAliases.of(record), updateClass: AdvisoryNames.updateClass(of: record.id),
            severity: word, cvss: ratings, publishedAt: FeedDates.time(record.published),
            modifiedAt: FeedDates.time(record.modified), summary: title, withdrawnAt: withdrawnAt, affected: affected,
            supersedes: .ecosystems(named.sorted { $0.name < $1.name }))
    }

    /// Commits cannot be compared with what is installed: where a record names nothing else of a package, or nothing at all, that is
    /// unknown; where it names no package either, the record is no answer to anything. All are counted (not checked is not clean).
    private func decided(_ affected: [AffectedPackage], of record: OSVRecord) -> [AffectedPackage] {
        let isUndecided: (AffectedPackage) -> Bool = { $0.status == .unknown }
        // Another entry of the record may say of the same package what can be matched.
        let kept = affected.filter { package in
            !isUndecided(package)
                || !affected.contains {
                    !isUndecided($0) && $0.name == package.name && $0.ecosystem == package.ecosystem
                }
        }
        for package in kept where isUndecided(package) {
            let reason = undecided[Undecided(ecosystem: package.ecosystem, name: package.name)]
            sink.note(
                "\(record.id) \(package.name.prefix(80))", .keptAsUnknown, because: reason ?? Self.commitsOnly)
        }
        let hasCommits = (record.affected ?? []).contains { $0.value?.ranges?.contains { $0.type == "GIT" } == true }
        if kept.isEmpty, hasCommits { sink.note(record.id, .unmatchable, because: Self.commitsOnly) }
        return kept
    }

    private static let commitsOnly = "it names only commits"
    /// The schema asks each entry for a version or a range; one without says that the package is affected, and not where.
    private static let noVersions = "it names neither versions nor ranges"

    /// Ubuntu's word stands among the vectors.
    private static func take(_ severity: OSVRecord.Severity?, ratings: inout [CVSSRating], word: inout String) {
        guard let severity else { return }
        if severity.type.hasPrefix("CVSS_") {
            let rating = CVSSRating(vector: severity.score)
            if !ratings.contains(rating), ratings.count < 32 { ratings.append(rating) }
        } else if word.isEmpty {
            word = severity.score
        }
    }

    /// Nil for what says nothing to match by, and for what is malformed, which is told.
    private func package(_ entry: OSVRecord.Affected, of id: String) -> AffectedPackage? {
        guard let package = entry.package else { return nil }
        let remark = entry.ecosystemSpecific?.remark ?? ""
        guard let ecosystem = ecosystem(package.ecosystem) else { return nil }
        let place = "\(id), \(package.name.prefix(80)) in \(package.ecosystem.prefix(60))"
        guard AffectedPackage.isPlausible(package.name) else {
            sink.skipped(place, because: "its name is empty, too long or of several lines")
            return nil
        }
        let name = ecosystem.scheme == .pep440 ? RegistryName.pypiName(package.name) : package.name
        let ranges = (entry.ranges ?? []).filter { $0.type == "ECOSYSTEM" || $0.type == "SEMVER" }
        if ecosystem.matchesSources, !ranges.isEmpty, ranges.allSatisfy(\.isFixedBeforeAll) {
            // Fixed at 0: these distributions say so of a package that never had it.
            return .everyVersion(of: name, in: ecosystem, .notAffected, remark: remark)
        }
        do {
            let intervals = try ranges.flatMap { try OSVRange(ecosystem.scheme, events: $0.list()).intervals }
            let versions = try Self.further(entry.versions ?? [], beside: intervals, ecosystem.scheme)
            if intervals.isEmpty, versions.isEmpty {
                let hasCommits = entry.ranges?.contains { $0.type == "GIT" } == true
                // Ranges that end where they begin say that no version is affected.
                guard hasCommits || ranges.isEmpty else { return nil }
                undecided[Undecided(ecosystem: ecosystem, name: name)] =
                    hasCommits ? Self.commitsOnly : Self.noVersions
                let word = hasCommits ? "the feed names only commits" : "the feed names neither versions nor ranges"
                return .everyVersion(of: name, in: ecosystem, .unknown, remark: remark.isEmpty ? word : remark)
            }
            return AffectedPackage(
                ecosystem: ecosystem, name: name, intervals: intervals, versions: versions, remark: remark)
        } catch let error as VersionRangeError {
            sink.skipped(place, because: error.description)
        } catch {
            sink.skipped(place, because: "\(error)")
        }
        return nil
    }

    private func ecosystem(_ name: String) -> Ecosystem? {
        let found = ecosystems[name] ?? OSVEcosystem(name)
        if ecosystems.count < 10_000 { ecosystems[name] = found }
        switch found {
        case .known(let ecosystem): return ecosystem
        case .foreign: return nil
        case .unclear:
            if unclear.count < 1000, unclear.insert(name).inserted {
                sink.skipped(
                    "ecosystem \(name.prefix(80))", because: "the release of a known distribution cannot be told")
            }
            return nil
        }
    }

    /// The listed versions that no interval holds already: most lists only spell out what the ranges say.
    private static func further(
        _ versions: [String], beside intervals: [VersionInterval], _ scheme: VersionScheme
    ) throws -> [String] {
        guard versions.count <= VersionRangeLimits.enumeratedVersions else {
            throw OSVProblem(description: "it lists more than \(VersionRangeLimits.enumeratedVersions) versions")
        }
        return try versions.filter { version in
            guard AffectedPackage.isPlausible(version) else {
                throw OSVProblem(description: "it lists a version that is empty, too long or of several lines")
            }
            // Hostile records with many ranges are asked only so far: what stays listed is right too.
            return !intervals.prefix(32).contains { $0.contains(version, in: scheme) }
        }
    }
}

private struct OSVProblem: Error, CustomStringConvertible {
    var description: String
}

extension OSVRecord.Range {
    var isFixedBeforeAll: Bool {
        events.contains { $0.fixed == "0" } && events.allSatisfy { ($0.introduced ?? $0.fixed ?? "-") == "0" }
    }

    /// An event should have one name; where it has several, each is one.
    func list() -> [OSVEvent] {
        events.flatMap { event in
            [
                event.introduced.map(OSVEvent.introduced), event.fixed.map(OSVEvent.fixed),
                event.lastAffected.map(OSVEvent.lastAffected), event.limit.map(OSVEvent.limit),
            ].compactMap { $0 }
        }
    }
}
