import FettleAssessment
import FettleModel
import FettleReporting

/// The newest that is known of a part of the fleet, with ages and waivers as they stand now: what most reports are made of.
struct Standing: Sendable {
    var fleet: Fleet
    var policy: Policy
    /// Those that are asked about.
    var resources: [Resource]
    /// Of these alone.
    var findings: FindingSet
    /// Of all.
    var facts: FactOutline
    var sightings: [Sighting]
    var now: Timestamp

    /// What was not checked, in words.
    var cautions: [String] {
        var words: [String] = []
        if let gap = findings.feeds.advisoriesGap {
            words.append(
                "Advisories were not checked: \(gap). Only what the systems' own sources offer is known.")
        }
        words += findings.feeds.notes ?? []
        words += findings.notJudged.map { "\($0.resource) could not be judged: \($0.reason)" }
        return words
    }

    var basis: [String] {
        let feeds = findings.feeds.feeds.map { feed in
            "\(feed.name): \(feed.records) records, \(feed.dateWords)"
        }
        return [
            "Facts \(facts.id), collected at \(facts.observedAt)",
            "Findings \(findings.id), judged at \(findings.assessedAt)",
        ] + feeds
    }
}

extension Int {
    /// `1 system`, `3 systems`.
    func counted(_ one: String, _ several: String? = nil) -> String {
        "\(self) \(self == 1 ? one : several ?? one + "s")"
    }
}
