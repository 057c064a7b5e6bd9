/// How fast something grows, by the median of all slopes between two points: a few wild values change nothing.
///
/// Source: P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", Journal of the American
/// Statistical Association 63 (1968), 1379-1389; H. Theil, 1950. The limits are Sen's, from the variance of Kendall's
/// tau, corrected for ties.
public struct TheilSenSlope: Sendable, Equatable {
    /// Units of y for one of x.
    public let slope: Double
    /// y at x = 0: so that half of the points lie above the line.
    public let intercept: Double
    /// The slope lies above this one with the confidence asked for, from one side.
    public let lower: Double
    /// The slope lies below this one with the confidence asked for, from one side.
    public let upper: Double

    /// So many points at most are looked at: their pairs are two million.
    public static let maximumPoints = 2_000

    /// - Parameters:
    ///   - points: x is the time, y what was measured; points of the same time are not compared with each other.
    ///   - confidence: of each of the two limits, from one side: above 0.5 and below 1.
    /// - Returns: nil if no two points differ in time, if there are more than `maximumPoints`, or a value is no finite
    ///   number.
    public init?(of points: [(x: Double, y: Double)], confidence: Double = 0.95) {
        guard points.count >= 2, points.count <= Self.maximumPoints, confidence > 0.5, confidence < 1 else {
            return nil
        }
        guard points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return nil }
        var slopes: [Double] = []
        slopes.reserveCapacity(points.count * (points.count - 1) / 2)
        for (place, first) in points.enumerated() {
            for second in points[(place + 1)...] where first.x != second.x {
                slopes.append((second.y - first.y) / (second.x - first.x))
            }
        }
        guard !slopes.isEmpty else { return nil }
        slopes.sort()
        slope = Self.median(ofSorted: slopes)
        intercept = Self.median(points.map(\.y)) - slope * Self.median(points.map(\.x))
        let reach = Normal.quantile(confidence) * Self.deviation(points)
        let pairs = Double(slopes.count)
        let low = max(((pairs - reach) / 2).rounded(.toNearestOrEven) - 1, 0)
        let high = min(((pairs + reach) / 2).rounded(.toNearestOrEven), pairs - 1)
        lower = slopes[Int(min(low, pairs - 1))]
        upper = slopes[Int(max(high, 0))]
    }

    /// The standard deviation of Kendall's score.
    private static func deviation(_ points: [(x: Double, y: Double)]) -> Double {
        func weight(_ count: Int) -> Double {
            let count = Double(count)
            return count * (count - 1) * (2 * count + 5)
        }
        func tied(_ values: [Double]) -> Double {
            let sorted = values.sorted()
            var (sum, start) = (0.0, 0)
            for place in 1...sorted.count where place == sorted.count || sorted[place] != sorted[start] {
                sum += weight(place - start)
                start = place
            }
            return sum
        }
        let variance = (weight(points.count) - tied(points.map(\.x)) - tied(points.map(\.y))) / 18
        return max(variance, 0).squareRoot()
    }

    private static func median(_ values: [Double]) -> Double { median(ofSorted: values.sorted()) }

    private static func median(ofSorted values: [Double]) -> Double {
        let middle = values.count / 2
        return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
    }
}
