import FettleIndex
public import FettleModel

/// Both risks of one patch on one group, in one unit: what a day of waiting costs, what patching costs a day, when the one
/// comes to more than the other, and by when policy wants it done. A value; everything in it is shown.
public struct RiskLedger: Codable, Sendable, Equatable {
    /// How far ahead the crossing is looked for, in days.
    public static let horizonDays = 365

    public var package: String
    public var version: String?
    public var kind: ChangeKind
    /// The group, or the resource where it is in none.
    public var group: String
    public var judgedAt: Timestamp
    /// What both losses are counted in.
    public var unit: String
    public var waiting: RiskSum
    public var patching: RiskSum
    public var crossing: Crossing
    /// SSVC's decision; nil for what is no security update.
    public var decision: DeployerDecision?
    public var outcome: Outcome
    /// nil if neither policy nor the exploited list says a day.
    public var dueAt: Timestamp?
    public var dueBecause: String

    /// When waiting comes to cost more than patching.
    public enum Crossing: Codable, Sendable, Equatable {
        /// It does today.
        case already
        case on(day: Timestamp, afterDays: Int)
        case never(because: String)

        /// The day, where there is one ahead.
        public var day: Timestamp? { if case .on(let day, _) = self { day } else { nil } }
        /// In how many days that is.
        public var days: Int? { if case .on(_, let days) = self { days } else { nil } }

        /// As programs read it: `already`, `on` or `never`.
        public var name: String {
            switch self {
            case .already: "already"
            case .on: "on"
            case .never: "never"
            }
        }

        public var words: String {
            switch self {
            case .already: "waiting costs more than patching already today"
            case .on(let day, let days):
                "waiting costs more than patching from \(day.day) on, in \(RiskTerm.days(days))"
            case .never(let because): "waiting doesn't come to cost more than patching: \(because)"
            }
        }
    }

    /// Weighs a patch on a group. Pure: the same arguments give the same ledger.
    ///
    /// - Parameter exploitedListChecked: whether the list of known exploited vulnerabilities was loaded.
    public init(
        _ patch: CandidatePatch, on group: AffectedGroup, history: PatchHistory = .empty, policy: Policy,
        exploitedListChecked: Bool, at time: Timestamp
    ) {
        package = patch.package
        version = patch.version
        kind = patch.kind
        self.group = group.name
        judgedAt = time
        unit = policy.risk.unit
        let waiting = WaitingRisk(patch, on: group, policy: policy.risk, at: time)
        let patching = PatchingRisk(patch, on: group, history: history, policy: policy.risk, at: time)
        self.waiting = waiting.sum
        self.patching = patching.sum
        crossing = Self.crossing(waiting, patching, at: time)
        decision =
            patch.updateClass == .security
            ? DeployerDecision(
                closing: patch.weaknesses, exposure: group.exposure, criticality: group.criticality,
                exploitedListChecked: exploitedListChecked) : nil
        outcome = decision?.outcome ?? OutcomeRule.outcome(of: patch.updateClass)
        (dueAt, dueBecause) = Self.due(patch, outcome, policy, time)
    }

    /// Waiting never gets cheaper and patching never dearer from day to day, so that halving finds the first day.
    private static func crossing(_ waiting: WaitingRisk, _ patching: PatchingRisk, at time: Timestamp) -> Crossing {
        let isDearer = { (days: Int) in
            let loss = waiting.perDay(after: Double(days))
            return loss > 0 && loss >= patching.perDay(after: Double(days))
        }
        if isDearer(0) { return .already }
        guard isDearer(horizonDays) else {
            let isNothing = waiting.perDay(after: Double(horizonDays)) == 0
            return .never(because: isNothing ? "it costs nothing" : "not within \(horizonDays) days")
        }
        var (no, yes) = (0, horizonDays)
        while yes - no > 1 {
            let middle = (no + yes) / 2
            if isDearer(middle) { yes = middle } else { no = middle }
        }
        return .on(day: time.adding(days: yes), afterDays: yes)
    }

    /// The earlier of what policy and the exploited list say.
    private static func due(
        _ patch: CandidatePatch, _ outcome: Outcome, _ policy: Policy, _ time: Timestamp
    ) -> (Timestamp?, String) {
        let byPolicy = policy.dueInDays[outcome].map { time.adding(days: $0) }
        let listed = patch.weaknesses.filter { !$0.isRejected }
            .compactMap { weakness in weakness.exploited?.dueAt.map { ($0, weakness.id) } }
            .min { ($0.0, $0.1) < ($1.0, $1.1) }
        if let (day, id) = listed, byPolicy.map({ day < $0 }) ?? true { return (day, "KEV's due date of \(id)") }
        guard let byPolicy, let days = policy.dueInDays[outcome] else { return (nil, "policy says no day") }
        return (byPolicy, "policy: \(RiskTerm.days(days)) for \(outcome.rawValue)")
    }

    /// For people, line by line: the outcome, both risks with every term, and the crossing.
    public var explanation: [String] {
        let what = [package, version].compactMap { $0 }.joined(separator: " ")
        let due = dueAt.map { "due \($0.day)" } ?? "no due date"
        var lines = ["\(what) on \(group) (\(kind.rawValue)): \(outcome.rawValue), \(due) (\(dueBecause))"]
        if let decision { lines.append(decision.explanation) }
        lines.append("waiting costs \(RiskTerm.figure(waiting.perDay)) \(unit) a day")
        lines += waiting.terms.map { "  \($0.explanation)" }
        lines.append("patching costs \(RiskTerm.figure(patching.perDay)) \(unit) a day")
        lines += patching.terms.map { "  \($0.explanation)" }
        lines.append(crossing.words)
        return lines
    }
}
