import FettleAssessment
import FettleEvidence
import FettleModel
import FettleStore
import Foundation

/// Tables of which the log holds no digest, held against what it tells otherwise.
extension LogExamination {
    /// Whose each run is and when it was made: that is told when it is made, and never altered.
    mutating func judgeRuns(_ kept: Kept, _ store: any Store) async throws(StoreError) {
        let listed = Dictionary(kept.runs.map { ($0.run, $0) }) { first, _ in first }
        for (run, told) in made.sorted(by: { $0.value.sequence < $1.value.sequence }) {
            var summary = listed[run]
            // Made since they were listed?
            if summary == nil { summary = try await store.summary(of: run) }
            guard let summary else {
                log.fault(told.sequence, "tells that \(run) was made, which is not there any more")
                continue
            }
            if let change = told.change, summary.change != change {
                log.fault(
                    told.sequence,
                    "tells that \(run) was made for \(change), and it is kept as that of \(summary.change): it was altered since"
                )
            }
            if let at = told.at, summary.createdAt != at {
                log.fault(
                    told.sequence,
                    "tells that \(run) was made at \(at), and \(summary.createdAt) is kept: it was altered since")
            }
        }
    }

    /// Since when findings are there, by the newest kept assessment: it says so of each, and the log holds its digest. What is told is what
    /// the next assessment would go by.
    ///
    /// Of hosts of which the ledger has nothing at least as new as the assessment nothing is said: it was written down before that one was.
    mutating func judgeAges(_ store: any Store) async throws(StoreError) {
        let newest = latest.filter { subject, _ in
            if case .document(.findings, _) = subject { true } else { false }
        }.max { $0.value.sequence < $1.value.sequence }
        guard let (subject, known) = newest, let bytes = try await store.bytes(of: subject),
            LogChain.sha256.digest(bytes) == known.digest,
            let findings = try? CanonicalJSON.decode(FindingSet.self, from: Data(bytes))
        else { return }
        let sightings = try await store.sightings()
        let ages = FindingAges(sightings)
        let recorded = Set(sightings.filter { $0.lastSeenAt >= findings.assessedAt }.map(\.key.resource))
        var wrong: [(finding: Finding, is: Timestamp?)] = []
        for finding in findings.findings where finding.isOpen && recorded.contains(finding.resource) {
            guard let told = finding.firstSeenAt else { continue }
            let kept = ages.firstSeen(finding, at: findings.assessedAt)
            if let kept, kept == told || isLawful(kept, instead: told, by: findings) { continue }
            wrong.append((finding, kept))
        }
        guard let first = wrong.first else { return }
        let more = wrong.count > 1 ? ", and of \(wrong.count - 1) more" : ""
        log.fault(
            known.sequence,
            "tells of \(subject), by which \(first.finding.source) on \(first.finding.resource) was first seen at "
                + "\(first.finding.firstSeenAt?.description ?? ""); the ledger of first sightings says "
                + "\(first.is?.description ?? "nothing of it")\(more): it was altered since")
    }

    /// Of two assessments at once the later did not see what the earlier wrote down; and a clock that was set back makes the newest one that
    /// is older than what it goes by.
    private func isLawful(_ kept: Timestamp, instead told: Timestamp, by findings: FindingSet) -> Bool {
        (kept < told || kept > findings.assessedAt) && assessedAt.contains(kept)
    }
}
