internal import Foundation

/// The binomial distribution: how many of `trials` succeed, each with the same probability.
///
/// Source: C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000), whose way no large numbers cancel
/// each other out: right to about 14 digits for counts up to billions.
public enum Binomial {
    /// The probability of exactly so many.
    ///
    /// - Parameters:
    ///   - successes: outside of 0...trials gives 0.
    ///   - trials: not below 0.
    ///   - probability: of one success, from 0 to 1.
    public static func probability(of successes: Int, in trials: Int, each probability: Double) -> Double {
        guard successes >= 0, successes <= trials else { return 0 }
        return exactly(Double(successes), Double(trials), probability, 1 - probability)
    }

    /// The probability of so many or more. Its time grows with the square root of `trials`.
    ///
    /// - Parameters:
    ///   - successes: 0 or less gives 1, more than `trials` gives 0.
    ///   - trials: not below 0.
    ///   - probability: of one success, from 0 to 1.
    public static func upperTail(from successes: Int, in trials: Int, each probability: Double) -> Double {
        guard successes > 0 else { return 1 }
        guard successes <= trials else { return 0 }
        guard probability > 0 else { return 0 }
        guard probability < 1 else { return 1 }
        let (n, q) = (Double(trials), 1 - probability)
        let start = exactly(Double(successes), n, probability, q)
        if Double(successes) >= n * probability {
            let odds = probability / q
            return Tail.sum(from: start, at: successes, through: trials) { (n - $0) / ($0 + 1) * odds }
        }
        // Below the middle nearly all of it lies above: less than 1 by what lies below.
        let below = exactly(Double(successes - 1), n, probability, q)
        let odds = q / probability
        return 1
            - Tail.sum(from: below, at: trials - successes + 1, through: trials) { (n - $0) / ($0 + 1) * odds }
    }

    /// Loader's `dbinom_raw`, with `q` beside `p` so that neither loses digits.
    static func exactly(_ x: Double, _ n: Double, _ p: Double, _ q: Double) -> Double {
        if p == 0 { return x == 0 ? 1 : 0 }
        if q == 0 { return x == n ? 1 : 0 }
        if n == 0 { return 1 }
        if x == 0 { return exp(n * log1p(-p)) }
        if x == n { return exp(n * log(p)) }
        let main =
            stirlingError(n) - stirlingError(x) - stirlingError(n - x) - deviance(x, n * p) - deviance(n - x, n * q)
        return exp(main - (log(2 * Double.pi) + log(x) + log1p(-x / n)) / 2)
    }

    /// `x log(x / m) + m - x`, without loss where they are near each other.
    private static func deviance(_ x: Double, _ m: Double) -> Double {
        guard abs(x - m) < 0.1 * (x + m) else { return x * log(x / m) + m - x }
        let ratio = (x - m) / (x + m)
        var sum = (x - m) * ratio
        var term = 2 * x * ratio
        for power in stride(from: 3.0, to: 2_000, by: 2) {
            term *= ratio * ratio
            let next = sum + term / power
            if next == sum { break }
            sum = next
        }
        return sum
    }

    /// How far Stirling's formula is from `log(n!)`, for a whole number.
    private static func stirlingError(_ n: Double) -> Double {
        if n < 16 { return smallErrors[Int(n)] }
        let square = n * n
        let far = 1.0 / 1_680 - 1.0 / 1_188 / square
        return (1.0 / 12 - (1.0 / 360 - (1.0 / 1_260 - far / square) / square) / square) / n
    }

    /// `log(n!) - log(sqrt(2 pi n) (n/e)^n)` for n from 0 to 15.
    private static let smallErrors: [Double] = [
        0, 0.08106146679532725822, 0.041340695955409294094, 0.027677925684998339149, 0.020790672103765093112,
        0.016644691189821192163, 0.013876128823070747999, 0.011896709945891770095, 0.010411265261972096497,
        0.0092554621827127329177, 0.0083305634333628712565, 0.007573675487951840795, 0.0069428401072095298657,
        0.0064089941880042070684, 0.0059513701127588477356, 0.005554733551962801371,
    ]
}

/// Sums the tail of a distribution of counts, from a place where its terms only fall.
enum Tail {
    /// - Parameters:
    ///   - first: the probability of the count `start`.
    ///   - end: the last count that is possible.
    ///   - ratio: the next count's probability by that of the one given.
    static func sum(from first: Double, at start: Int, through end: Int, ratio: (Double) -> Double) -> Double {
        var (sum, term, count) = (first, first, start)
        while count < end {
            term *= ratio(Double(count))
            let next = sum + term
            if next == sum { break }
            (sum, count) = (next, count + 1)
        }
        return min(sum, 1)
    }
}
