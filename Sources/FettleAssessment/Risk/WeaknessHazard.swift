import FettleIndex
import FettleModel
import Foundation

/// How a hazard grows with the days since publication: a share of it is there at once, the rest comes by half-lives.
///
/// `growth(d) = early + (1 - early) (1 - 2^(-d / halfLife))`. Sources of the defaults: `docs/risk.md`.
struct HazardGrowth: Sendable {
    let early: Double
    let halfLife: Double

    init(_ policy: WaitingPolicy) {
        early = RiskMath.bounded(policy.earlyShare, 0.001...1)
        halfLife = policy.growthHalfLifeDays
    }

    /// From `early` to 1. 1 where the day of publication isn't known: the safer answer.
    func share(after days: Double?) -> Double {
        guard let days else { return 1 }
        return early + (1 - early) * (1 - RiskMath.remaining(after: days, halfLife: halfLife))
    }
}

/// The hazard of exploitation of one weakness, anywhere, a day; and how it goes on from today.
struct WeaknessHazard: Sendable {
    /// One reason for a hazard. The largest counts: they speak of the same thing.
    private struct Candidate {
        /// Today's.
        var perDay: Double
        /// Whether today's grows on with the days since publication.
        var grows: Bool
        var because: String
    }

    let id: String
    /// Automatable and total are the safer answers where nothing is known.
    let isAutomatable: Bool?
    let technicalImpact: DecisionPoints.TechnicalImpact?
    private let candidates: [Candidate]
    private let growth: HazardGrowth
    private let age: Double?

    init(_ weakness: WeaknessRecord, policy: WaitingPolicy, at time: Timestamp) {
        id = weakness.id
        isAutomatable = weakness.decision?.isAutomatable
        technicalImpact = weakness.decision?.technicalImpact
        growth = HazardGrowth(policy)
        age = weakness.publishedAt.map { time.days(since: $0) }
        candidates = Self.candidates(weakness, policy, growth.share(after: age), time)
    }

    /// A day's hazard in so many days.
    func perDay(after days: Double) -> Double {
        let now = growth.share(after: age)
        let later = growth.share(after: age.map { max($0, 0) + days })
        return candidates.map { $0.perDay * ($0.grows ? max(1, later / now) : 1) }.max() ?? 0
    }

    var term: RiskTerm {
        let largest = candidates.max { $0.perDay < $1.perDay }
        let words =
            age.map { $0 < 0 ? "not published yet" : "published \(RiskTerm.days(Int($0))) ago" }
            ?? "no day of publication"
        return RiskTerm(
            name: "hazard of \(id)", value: largest?.perDay ?? 0, unit: "a day",
            because: "\(largest?.because ?? "nothing is known"); \(words)")
    }

    private static func candidates(
        _ weakness: WeaknessRecord, _ policy: WaitingPolicy, _ grown: Double, _ time: Timestamp
    ) -> [Candidate] {
        var candidates: [Candidate] = []
        if weakness.exploitation == .active {
            let byRansomware = weakness.exploited?.isUsedByRansomware == true
            let factor = byRansomware ? RiskMath.bounded(policy.ransomwareFactor, 1...1e6) : 1
            let seen = weakness.exploited.map { "exploited: in KEV since \($0.addedAt.day)" }
            candidates.append(
                Candidate(
                    perDay: max(hazard(policy.hazards.exploited), hazard(policy.hazards.proofOfConcept)) * factor,
                    grows: false,
                    because: (seen ?? "exploited, by SSVC's published decision points")
                        + (byRansomware ? ", used by ransomware" : "")))
        }
        if weakness.exploitation == .poc {
            candidates.append(
                Candidate(
                    perDay: hazard(policy.hazards.proofOfConcept) * grown, grows: true,
                    because: "proof-of-concept code is public"))
        }
        let prediction = weakness.prediction.flatMap { $0.probability.isNaN ? nil : $0 }
        let isStale = prediction.map { time.days(since: $0.scoredAt) > Double(policy.predictionStaleDays) } ?? false
        if let prediction {
            candidates.append(
                Candidate(
                    perDay: perDay(over30Days: prediction.probability), grows: true,
                    because: "EPSS of \(prediction.scoredAt.day) predicts \(RiskTerm.figure(prediction.probability)) "
                        + "for 30 days, which is no sighting" + (isStale ? "; stale" : "")))
        }
        if prediction == nil || isStale {
            let (prior, words) = priorHazard(weakness.cvss, policy.hazards)
            candidates.append(
                Candidate(
                    perDay: hazard(prior) * grown, grows: true,
                    because: (isStale ? "the EPSS is stale, and " : "no EPSS, and ") + words))
        }
        return candidates
    }

    /// The hazard that gives this probability within 30 days: `-ln(1 - p) / 30`. A probability of 1 would give no finite one, so
    /// that a millionth is kept from it.
    static func perDay(over30Days probability: Double) -> Double {
        -log1p(-RiskMath.bounded(probability, 0...(1 - 1e-6))) / 30
    }

    private static func hazard(_ value: Double) -> Double { RiskMath.bounded(value, 0...1e3) }

    /// By the worst score that anybody published; the vector's own where no score stands beside it.
    private static func priorHazard(
        _ ratings: [CVSSRating], _ hazards: WaitingPolicy.Hazards
    ) -> (Double, String) {
        let scores = ratings.compactMap { rating in
            rating.publishedScore ?? (try? CVSSVector(rating.vector))?.scores.overall
        }.filter { (0...10).contains($0) }
        guard let worst = scores.max() else { return (hazards.unrated, "no rating: the prior of unrated weaknesses") }
        let words = "CVSS \(RiskTerm.figure(worst)): the prior of its severity"
        switch CVSSScores.severity(of: worst, .v31) {
        case "critical": return (hazards.critical, words)
        case "high": return (hazards.high, words)
        case "medium": return (hazards.medium, words)
        default: return (hazards.low, words)
        }
    }
}
