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
}
