public import FettleModel

extension JudgementSummary {
    /// - Parameters:
    ///   - findings: with their waivers applied.
    ///   - risks: of a patch, by its source and fixed version.
    public init(
        _ findings: FindingSet, risks: (String, String?) -> [Risk] = { _, _ in [] }, compliance: [Standing] = []
    ) {
        let all = Self.patches(findings.findings.filter { !$0.isWaived })
        var shown = Array(all.prefix(Self.mostPatches))
        for place in shown.indices { shown[place].risks = risks(shown[place].source, shown[place].fixed) }
        self.init(
            assessedAt: findings.assessedAt, patches: shown, patchCount: all.count,
            waived: Self.waived(findings.findings.filter(\.isWaived)), compliance: compliance, feeds: findings.feeds,
            unchecked: Self.unchecked(findings))
    }

    private struct Lot: Hashable {
        var source: String
        var fixed: String?
        var state: InstallState
    }

    /// The most urgent first: by outcome, then what is exploited, then by the day it is due; of one day security first, the worse rated
    /// before the others.
    private static func patches(_ findings: [Finding]) -> [Patch] {
        Dictionary(grouping: findings) { Lot(source: $0.source, fixed: $0.fixed, state: $0.state) }
            .map { patch($0, $1) }
            .sorted { isBefore($0, $1) }
    }

    private static func isBefore(_ left: Patch, _ right: Patch) -> Bool {
        func rank(_ patch: Patch) -> (Outcome, Int, Timestamp, Int, Severity) {
            let isSecurity = patch.updateClass == .security
            return (
                patch.outcome, patch.isExploited ? 0 : 1, patch.dueAt ?? .endOfTime, isSecurity ? 0 : 1,
                patch.severity ?? .none
            )
        }
        let (first, second) = (rank(left), rank(right))
        if (first.0, first.1, first.2, first.3) != (second.0, second.1, second.2, second.3) {
            return (first.0, first.1, first.2, first.3) < (second.0, second.1, second.2, second.3)
        }
        // The worse comes first.
        if first.4 != second.4 { return first.4 > second.4 }
        return (left.source, left.fixed ?? "", left.state.rawValue) < (
            right.source, right.fixed ?? "", right.state.rawValue
        )
    }

    private static func patch(_ lot: Lot, _ findings: [Finding]) -> Patch {
        let urgent = findings.min { ($0.outcome, $0.resource) < ($1.outcome, $1.resource) }
        let advisories = findings.flatMap(\.advisories)
        let exploited = Set(advisories.filter { $0.exploitedSince != nil }.map(\.id))
        let names = Set(advisories.map(\.id))
        return Patch(
            source: lot.source, fixed: lot.fixed, state: lot.state,
            updateClass: findings.contains { $0.updateClass == .security }
                ? .security : urgent?.updateClass ?? .unclassified,
            outcome: urgent?.outcome ?? .defer, dueAt: findings.compactMap(\.dueAt).min(),
            severity: findings.compactMap(\.severity).max(), isExploited: !exploited.isEmpty,
            isOffered: findings.allSatisfy(\.isOffered), resources: Set(findings.map(\.resource)).sorted(),
            owners: PatchOwner.allCases.filter { owner in findings.contains { $0.owner == owner } },
            advisories: exploited.sorted() + names.subtracting(exploited).sorted(),
            because: urgent?.explanation ?? [], risks: [])
    }

    private static func waived(_ findings: [Finding]) -> [Waived] {
        Dictionary(grouping: findings, by: \.source).sorted { $0.key < $1.key }.compactMap { source, findings in
            guard let until = findings.compactMap(\.waivedUntil).min() else { return nil }
            let applied = findings.flatMap { $0.waivers ?? [] }
            return Waived(
                source: source, resources: Set(findings.map(\.resource)).sorted(),
                waivers: Set(applied.map(\.waiver)).sorted(),
                kinds: Waiver.Kind.allCases.filter { kind in applied.contains { $0.kind == kind } },
                until: until)
        }
    }

    /// Feeds that are not there, what the others leave open, and resources that could not be judged, those of one reason together.
    private static func unchecked(_ findings: FindingSet) -> [String] {
        let kinds = Set(findings.feeds.feeds.map(\.kind))
        var words: [String] = []
        if let gap = findings.feeds.advisoriesGap {
            words.append("Advisories: \(gap). What is shown rests on the hosts' own package sources.")
        }
        if !kinds.contains(.exploited) {
            words.append(
                "Exploitation: no list of known exploited weaknesses (CISA KEV). None is shown as exploited by it.")
        }
        if !kinds.contains(.predictions) { words.append("Predictions: no EPSS. Priors stand in for it.") }
        if !kinds.contains(.decisions) {
            words.append("Decision points: no CVE records with SSVC. Automatable is assumed to be yes.")
        }
        words += findings.feeds.notes ?? []
        for feed in findings.feeds.feeds { words += (feed.remarks ?? []).map { "\(feed.name): \($0)" } }
        let reasons = Dictionary(grouping: findings.notJudged, by: \.reason).sorted { $0.key < $1.key }
        for (reason, entries) in reasons {
            let names = entries.map(\.resource.rawValue).sorted()
            let shown = names.prefix(5).joined(separator: ", ")
            words.append("\(shown)\(names.count > 5 ? " and \(names.count - 5) more" : ""): \(reason)")
        }
        return words
    }
}

extension Timestamp {
    /// Later than any date.
    fileprivate static let endOfTime = Timestamp(milliseconds: .max)
}
