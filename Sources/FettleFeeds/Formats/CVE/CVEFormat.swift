internal import FettleIndex
internal import FettleModel
public import Foundation

/// CVE records of version 5, with what CISA adds to them: SSVC decision points, CVSS vectors, and the entry among the
/// known exploited (https://github.com/CVEProject/cvelistV5, https://github.com/cisagov/vulnrichment). A record, or an
/// array of them.
///
/// What they say of affected products is no matching by packages and is left alone.
public enum CVEFormat: FeedFormat {
    public static let name = "cve"

    /// Who writes CISA's container.
    private static let cisa = "CISA-ADP"

    public static func recognises(_ head: Data) -> Bool {
        let outline = JSONOutline(head)
        return ["", "[]/"].contains { root in
            ["cveMetadata/cveId", "cveMetadata/state", "containers/cna", "containers/adp"].contains {
                outline.has(root + $0)
            }
        }
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let decoder = JSONDecoder()
        var number = 0
        try JSONSplitter.values(in: document.bytes, of: document.name) { value throws(FeedError) in
            guard value.first == UInt8(ascii: "[") else {
                number += 1
                let place = "record \(number)"
                try take(document.record(CVERecord.self, place, from: value, by: decoder), place, into: sink)
                return
            }
            var splitter = try JSONSplitter(value, of: document.name)
            while let member = try splitter.next() {
                number += 1
                let place = "record \(number)"
                try take(document.record(CVERecord.self, place, from: member.value, by: decoder), place, into: sink)
            }
        }
        guard number > 0 else { throw FeedError(document.name, "holds no CVE record") }
    }

    private static func take(
        _ result: Result<CVERecord, any Error>, _ place: String, into sink: any FeedSink
    ) throws(FeedError) {
        let record: CVERecord
        switch result {
        case .success(let value): record = value
        case .failure(let error):
            sink.skipped(place, because: DecodingReason.text(error))
            return
        }
        let id = record.cveMetadata.cveId
        guard AdvisoryNames.isCVE(id) else {
            sink.skipped(place, because: "'\(id.prefix(60))' is no CVE")
            return
        }
        var weakness = WeaknessRecord(id: id, publishedAt: FeedDates.time(record.cveMetadata.datePublished))
        switch record.cveMetadata.state {
        case "PUBLISHED": collect(record.containers, into: &weakness, sink)
        case "REJECTED": weakness.isRejected = true
        case let state:
            sink.skipped(id, because: "its state '\(state.prefix(40))' is not known")
            return
        }
        try sink.weakness(weakness)
        if let time = FeedDates.time(record.cveMetadata.dateUpdated) { sink.dated(time) }
    }

    /// The owner's ratings first.
    private static func collect(
        _ containers: CVERecord.Containers?, into weakness: inout WeaknessRecord, _ sink: any FeedSink
    ) {
        guard let containers else { return }
        if let container = containers.cna?.value { rate(container, into: &weakness) }
        for entry in containers.adp ?? [] {
            guard let container = entry.value else {
                sink.skipped("\(weakness.id), a container", because: entry.problem ?? "it cannot be read")
                continue
            }
            rate(container, into: &weakness)
            guard container.provider == cisa else { continue }
            if let time = FeedDates.time(container.providerMetadata?.value?.dateUpdated) { sink.dated(time) }
            for metric in container.metrics ?? [] {
                guard let other = metric.value?.other?.value else { continue }
                enrich(other, of: &weakness, sink)
            }
        }
    }

    private static func rate(_ container: CVERecord.Container, into weakness: inout WeaknessRecord) {
        for metric in container.metrics ?? [] {
            guard let metric = metric.value else { continue }
            for rating in [metric.v4, metric.v31, metric.v30, metric.v2] {
                guard let value = rating?.value, weakness.cvss.count < 64 else { continue }
                let score = value.baseScore.flatMap { $0 >= 0 && $0 <= 10 ? $0 : nil }
                weakness.cvss.append(
                    CVSSRating(vector: value.vectorString, publishedScore: score, source: container.provider))
            }
        }
    }

    private static func enrich(_ other: CVERecord.Other, of weakness: inout WeaknessRecord, _ sink: any FeedSink) {
        switch other.type {
        case "ssvc":
            guard let points = other.content?.value.flatMap(DecisionPoints.init(published:)) else {
                sink.skipped("\(weakness.id), SSVC", because: "its decision points cannot be read")
                return
            }
            // Decided anew: the newest counts.
            if let known = weakness.decision?.decidedAt, let new = points.decidedAt, new < known { return }
            weakness.decision = points
        case "kev":
            guard let addedAt = FeedDates.time(other.content?.value?.dateAdded) else {
                sink.skipped("\(weakness.id), KEV", because: "it has no day such as 2025-08-25")
                return
            }
            weakness.exploited = KnownExploitation(addedAt: addedAt)
        default: break
        }
    }
}

extension DecisionPoints {
    /// Nil where one of the three points is missing or has a value that is not known.
    fileprivate init?(published content: CVERecord.Content) {
        var values: [String: String] = [:]
        for option in content.options ?? [] {
            for (name, value) in option { values[name.lowercased()] = value.lowercased() }
        }
        guard let exploitation = values["exploitation"].flatMap(Exploitation.init(rawValue:)),
            let automatable = values["automatable"], automatable == "yes" || automatable == "no",
            let impact = values["technical impact"].flatMap(TechnicalImpact.init(rawValue:))
        else { return nil }
        self.init(
            exploitation: exploitation, isAutomatable: automatable == "yes", technicalImpact: impact,
            decidedAt: FeedDates.time(content.timestamp))
    }
}
