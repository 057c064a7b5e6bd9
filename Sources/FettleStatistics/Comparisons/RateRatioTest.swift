/// Whether something happens more often here than there: errors, restarts, slow answers, counted over two exposures.
///
/// Both counts are taken for Poisson distributed. Given their sum, the first is binomial: the conditional test of
/// J. Przyborowski and H. Wilenski, "Homogeneity of Results in Testing Samples from Poisson Series", Biometrika 31
/// (1940), 313-323. It is exact, and rather says too little than too much.
public enum RateRatioTest {
    /// How likely so many events or more are here, given all that happened, if the rate is at most `ratio` times that of
    /// the control. Small: the rate is higher.
    ///
    /// - Parameters:
    ///   - events: counted here; not below 0.
    ///   - exposure: over how much: seconds, or requests, above 0.
    ///   - controlEvents: counted at the control; not below 0.
    ///   - controlExposure: in the same unit, above 0.
    ///   - ratio: what is still no worse; 1 by default, above 0.
    /// - Returns: 1 where nothing happened at all; nil for what is no count or no exposure.
    public static func higher(
        events: Int, exposure: Double, controlEvents: Int, controlExposure: Double, ratio: Double = 1
    ) -> Double? {
        guard events >= 0, controlEvents >= 0, exposure > 0, controlExposure > 0, ratio > 0 else { return nil }
        let (all, isTooMany) = events.addingReportingOverflow(controlEvents)
        let share = ratio * exposure / (ratio * exposure + controlExposure)
        guard !isTooMany, share.isFinite else { return nil }
        return Binomial.upperTail(from: events, in: all, each: share)
    }
}
