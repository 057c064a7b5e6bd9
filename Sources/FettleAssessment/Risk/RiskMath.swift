import FettleModel
import Foundation

/// Arithmetic that stays finite: whatever a policy or a feed holds, a risk is a number from 0 upwards.
enum RiskMath {
    /// Far above any loss, and far enough below the largest `Double` that sums stay finite.
    static let most = 1e300

    /// `value` within the range; its lower bound if it is no number.
    static func bounded(_ value: Double, _ range: ClosedRange<Double>) -> Double {
        value.isNaN ? range.lowerBound : min(max(value, range.lowerBound), range.upperBound)
    }

    static func loss(_ value: Double) -> Double { bounded(value, 0...most) }
    static func share(_ value: Double) -> Double { bounded(value, 0...1) }

    /// `2^(-days / halfLife)`: what is left of something after a time. Days below 0 count as 0.
    static func remaining(after days: Double, halfLife: Double) -> Double {
        let halfLife = bounded(halfLife, 1e-6...1e9)
        return share(exp2(-bounded(days, 0...1e9) / halfLife))
    }

    /// `1 - (1 - probability)^count`: that at least one of `count` independent chances comes true. Exact for small ones.
    static func atLeastOnce(_ probability: Double, count: Double) -> Double {
        let probability = share(probability)
        guard probability < 1 else { return count > 0 ? 1 : 0 }
        return share(-expm1(bounded(count, 0...1e9) * log1p(-probability)))
    }
}

extension Timestamp {
    /// Days from `earlier` to this moment; negative if `earlier` is later. Finite for any two.
    func days(since earlier: Timestamp) -> Double {
        (Double(milliseconds) - Double(earlier.milliseconds)) / 86_400_000
    }

    /// Whole days later; as late as can be said where that is beyond it.
    func adding(days: Int) -> Timestamp {
        let (span, isTooLong) = Int64(days).multipliedReportingOverflow(by: 86_400_000)
        let (sum, isTooLate) = milliseconds.addingReportingOverflow(isTooLong ? (days < 0 ? .min : .max) : span)
        return Timestamp(milliseconds: isTooLate ? (days < 0 ? .min : .max) : sum)
    }

    /// Such as `2026-11-23`, in UTC. Counted here, because the system's calendar is not made for any moment that a feed may hold.
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`,
    /// https://howardhinnant.github.io/date_algorithms.html
    var day: String {
        let days = Int(milliseconds / 86_400_000) - (milliseconds % 86_400_000 < 0 ? 1 : 0) + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let padded = { (number: Int, width: Int) in
            String(repeating: "0", count: max(0, width - String(number).count)) + String(number)
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }
}
