public import FettleModel
internal import FettleStatistics

/// Judges what a bake has seen.
///
/// - **Faults** have no tolerance: what happened to a patched member and to no control.
/// - **Comparisons** (errors, latency, leaks, interference) each ask one question. A bake asks many, and may ask them again when
///   it is extended: the chance to stop a good patch is divided by their number (Bonferroni: O. J. Dunn, "Multiple Comparisons
///   Among Means", Journal of the American Statistical Association 56 (1961), 52-64), so that all together have it.
/// - What could not have failed, whatever was wrong, proves nothing: it is `inconclusive`, and so is the bake.
public struct BakeJudge: Sendable {
    let thresholds: BakeThresholds
    /// Units that serve the group: they must be known, and must not be started anew.
    let required: Set<String>
    /// Units whose memory, descriptors and threads are watched for leaks; the required ones among them.
    let services: Set<String>
    /// How often the bake may be judged at most, this time among them.
    let looks: Int

    /// - Parameters:
    ///   - restarted: units that were started anew for the patch, beside those that serve the group.
    ///   - looks: how often the same bake may be judged; at least 1.
    public init(_ judgement: BakeJudgement, restarted: Set<String> = [], looks: Int = 1) {
        thresholds = judgement.thresholds
        required = Set(judgement.services)
        services = required.union(restarted)
        self.looks = max(1, looks)
    }

    /// Pure: the same series give the same verdict.
    ///
    /// - Parameter patched: of every member that is watched.
    public func judge(_ patched: [MemberSeries], against basis: BakeBasis) -> BakeVerdict {
        let sides = Sides(patched: patched.sorted { $0.member < $1.member }, basis: basis)
        var rows = FaultJudge(sides: sides, required: required).rows()
        let comparisons = comparisons(sides)
        let chance = Chance(thresholds, comparisons: comparisons.count, looks: looks)
        rows += comparisons.map { $0.judge(chance) }
        rows += missing(sides, judged: Set(rows.map(\.subject)))
        return verdict(rows, basis, comparisons: comparisons.count, chance)
    }

    private func comparisons(_ sides: Sides) -> [any Comparison] {
        var all: [any Comparison] = []
        all += AnswerComparisons.of(sides, thresholds)
        all += LeakComparison.of(sides, services, thresholds)
        all += PressureComparison.of(sides, thresholds)
        return all
    }

    /// What should have been there to be judged and was not.
    private func missing(_ sides: Sides, judged: Set<String>) -> [JudgementRow] {
        var rows: [JudgementRow] = []
        if case .nothing(let reason) = sides.basis {
            rows.append(Self.row("comparison", "-", "-", reason, .inconclusive))
        }
        for series in sides.patched {
            // A pulse without its boot is one that could not be taken: it proves nothing.
            let taken = series.pulses.count { $0.bootID != nil }
            let isSeenAtTheEnd = series.pulses.last?.bootID != nil
            guard taken < 2 || !isSeenAtTheEnd else { continue }
            let reason = taken < 2 ? "2 at least" : "the last one could not be taken"
            rows.append(Self.row("\(series.member)", "\(taken) pulses", "-", reason, .inconclusive))
        }
        for service in required.sorted() {
            for kind in LeakComparison.kinds where !judged.contains("\(service): \(kind)") {
                rows.append(Self.row("\(service): \(kind)", "-", "-", "could not be read on both sides", nil))
            }
        }
        var reasons: [String: String] = [:]
        for series in sides.patched + sides.basis.series {
            for (what, why) in series.pulses.last?.unknown ?? [:] where reasons[what] == nil {
                reasons[what] = "\(series.member): \(why)"
            }
        }
        for (what, why) in reasons.sorted(by: { $0.key < $1.key }) {
            rows.append(Self.row(what, "-", "-", why, nil))
        }
        return rows
    }

    private func verdict(
        _ rows: [JudgementRow], _ basis: BakeBasis, comparisons: Int, _ chance: Chance
    ) -> BakeVerdict {
        let order = [Self.words(.fail), Self.words(.inconclusive), Self.words(nil), Self.words(.pass)]
        let sorted = order.flatMap { verdict in rows.filter { $0.verdict == verdict } }
        func those(_ verdict: GateVerdict) -> [JudgementRow] { rows.filter { $0.verdict == Self.words(verdict) } }
        func told(_ rows: [JudgementRow]) -> String {
            let words = rows.prefix(3).map { "\($0.subject): \($0.patched), compared: \($0.control) (\($0.figure))" }
            return words.joined(separator: "; ") + (rows.count > 3 ? "; and \(rows.count - 3) more" : "")
        }
        if !those(.fail).isEmpty {
            return BakeVerdict(
                verdict: .fail, summary: "\(told(those(.fail))), against \(basis.words)", rows: sorted)
        }
        if !those(.inconclusive).isEmpty || comparisons == 0 {
            let why = those(.inconclusive).isEmpty ? "nothing could be compared" : told(those(.inconclusive))
            return BakeVerdict(verdict: .inconclusive, summary: "too little to tell: \(why)", rows: sorted)
        }
        let unknown = rows.filter { $0.verdict == Self.words(nil) }.map(\.subject)
        let note = unknown.isEmpty ? "" : "; not known: \(unknown.joined(separator: ", "))"
        return BakeVerdict(
            verdict: .pass, summary: "no worse than \(basis.words) in \(comparisons) comparisons\(note)", rows: sorted)
    }

    static func words(_ verdict: GateVerdict?) -> String { verdict?.rawValue ?? "not known" }

    static func row(
        _ subject: String, _ patched: String, _ control: String, _ figure: String, _ verdict: GateVerdict?
    ) -> JudgementRow {
        JudgementRow(subject: subject, patched: patched, control: control, figure: figure, verdict: words(verdict))
    }
}

/// One question to both sides.
protocol Comparison: Sendable {
    func judge(_ chance: Chance) -> JudgementRow
}

/// How sure a comparison has to be.
struct Chance: Sendable, Equatable {
    /// To stop a good patch: of each comparison and look.
    let ofAlarm: Double
    /// To let a bad one pass where a comparison has to prove that it is no worse: every one of them has to, so that it is not
    /// divided among them (R. L. Berger, "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics 24 (1982),
    /// 295-300); only among the looks.
    let ofMiss: Double

    init(_ thresholds: BakeThresholds, comparisons: Int, looks: Int) {
        let all = min(max(Double(thresholds.falseAlarmPerMille) / 1_000, 0.000_001), 0.4)
        ofAlarm = all / Double(max(1, comparisons)) / Double(max(1, looks))
        ofMiss = all / Double(max(1, looks))
    }
}

/// Both sides of all comparisons.
struct Sides: Sendable {
    let patched: [MemberSeries]
    let basis: BakeBasis
    var control: [MemberSeries] { basis.series }
}

extension BakeBasis {
    var words: String {
        func names(_ series: [MemberSeries]) -> String {
            let names = series.map(\.member.rawValue).sorted()
            return names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
        }
        return switch self {
        case .controls(let series): "\(names(series)), not patched, at the same time"
        case .history(let series): "\(names(series)) before the patch"
        case .nothing: "nothing"
        }
    }
}
