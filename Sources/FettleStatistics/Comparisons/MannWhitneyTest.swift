internal import Foundation

/// Whether values here tend to be larger than there, whatever their distribution: latencies, whose mean says little.
///
/// Source: H. B. Mann and D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than
/// the Other", Annals of Mathematical Statistics 18 (1947), 50-60; ties and the correction for continuity as in
/// M. Hollander and D. A. Wolfe, "Nonparametric Statistical Methods", 3rd edition, 4.1.
public struct MannWhitneyTest: Sendable, Equatable {
    /// Of all pairs of a value here and one there: in how many the one here is larger; ties count a half.
    public let statistic: Double
    /// The part of all pairs in which the value here is larger, ties as a half: 0.5 where both are alike.
    public let superiority: Double
    /// How likely such a statistic or a larger one is, if both are alike. Small: values here are larger.
    public let larger: Double
    /// How likely such a statistic or a smaller one is, if both are alike. Small: values here are smaller.
    public let smaller: Double

    /// Compares two samples in `O(n log n)`. Without ties and with at most eight values in one sample (and a hundred in
    /// the other) the probabilities are exact; otherwise they are the normal approximation's, corrected for ties.
    ///
    /// - Parameters:
    ///   - values: measured here.
    ///   - control: measured there, in the same unit.
    /// - Returns: nil if one is empty or a value is no finite number.
    public init?(_ values: [Double], against control: [Double]) {
        guard !values.isEmpty, !control.isEmpty else { return nil }
        guard values.allSatisfy(\.isFinite), control.allSatisfy(\.isFinite) else { return nil }
        let ranks = Ranks(values, control)
        let (n, m) = (Double(values.count), Double(control.count))
        statistic = ranks.sum - n * (n + 1) / 2
        superiority = statistic / (n * m)
        if ranks.ties == 0, min(n, m) <= 8, max(n, m) <= 100 {
            let exact = ExactDistribution(values.count, control.count)
            larger = exact.upperTail(from: Int(statistic))
            smaller = exact.upperTail(from: values.count * control.count - Int(statistic))
        } else {
            let all = n + m
            let spread = (n * m / 12 * (all + 1 - ranks.ties / (all * (all - 1)))).squareRoot()
            let distance = statistic - n * m / 2
            // Where all values are the same nothing speaks for a difference.
            larger = spread > 0 ? Normal.upperTail((distance - 0.5) / spread) : 1
            smaller = spread > 0 ? Normal.upperTail((-distance - 0.5) / spread) : 1
        }
    }

    /// The sum of the ranks of the first sample among both; equal values share the mean of their ranks.
    private struct Ranks {
        private(set) var sum = 0.0
        /// `t^3 - t` for each group of t equal values.
        private(set) var ties = 0.0

        init(_ values: [Double], _ control: [Double]) {
            var both = values.map { (value: $0, isHere: true) }
            both += control.map { (value: $0, isHere: false) }
            both.sort { $0.value < $1.value }
            var start = 0
            while start < both.count {
                var (end, here) = (start, 0)
                while end < both.count, both[end].value == both[start].value {
                    here += both[end].isHere ? 1 : 0
                    end += 1
                }
                let size = Double(end - start)
                sum += Double(here) * (Double(start + 1) + Double(end)) / 2
                ties += size * size * size - size
                start = end
            }
        }
    }

    /// In how many ways each value of the statistic comes about: the coefficients of a Gaussian binomial.
    private struct ExactDistribution {
        private let ways: [Double]

        init(_ n: Int, _ m: Int) {
            let (few, many) = (min(n, m), max(n, m))
            var ways = [Double](repeating: 0, count: few * many + 1)
            ways[0] = 1
            for step in 1...few {
                // Times (1 - q^(many + step)), by (1 - q^step). All numbers stay whole and below 2^53.
                for place in stride(from: ways.count - 1, through: min(many + step, ways.count), by: -1) {
                    ways[place] -= ways[place - many - step]
                }
                for place in stride(from: step, to: ways.count, by: 1) { ways[place] += ways[place - step] }
            }
            self.ways = ways
        }

        func upperTail(from statistic: Int) -> Double {
            let all = ways.reduce(0, +)
            return ways[min(max(0, statistic), ways.count)...].reduce(0, +) / all
        }
    }
}
