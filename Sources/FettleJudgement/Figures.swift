/// Numbers in words.
enum Figures {
    enum Unit: Sendable {
        case bytes, count

        /// - Parameter perSecond: nil: not known.
        func rate(_ perSecond: Double?) -> String {
            guard let perSecond else { return "-" }
            let perMinute = perSecond * 60
            switch self {
            case .count: return "\(number(perMinute))/min"
            case .bytes: return "\(number(perMinute / 1_024)) KiB/min"
            }
        }
    }

    /// Three digits that count, without Foundation's formats: those depend on a locale.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        let digits = abs(value) >= 100 ? 1.0 : abs(value) >= 1 ? 10.0 : 1_000.0
        let rounded = (value * digits).rounded() / digits
        if rounded == rounded.rounded(), abs(rounded) < 1e15 { return String(Int64(rounded)) }
        return String(rounded)
    }

    /// - Parameter limit: below it the comparison fails.
    static func probability(_ p: Double, limit: Double) -> String { "p \(small(p)), limit \(small(limit))" }

    private static func small(_ p: Double) -> String {
        guard p < 0.01 else { return number(min(1, p)) }
        let parts = Int((max(0, p) * 100_000).rounded())
        guard parts > 0 else { return "<0.00001" }
        let digits = String(parts)
        return "0." + String(repeating: "0", count: 5 - digits.count) + digits
    }

    static func milliseconds(_ values: [Double]) -> String {
        median(values).map { "\(number($0)) ms (median of \(values.count))" } ?? "none"
    }

    static func percent(_ values: [Double]) -> String {
        median(values).map { "\(number($0))% (median of \(values.count))" } ?? "none"
    }

    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(number(seconds.rounded())) s"
        case ..<7_200: "\(number((seconds / 60).rounded())) min"
        case ..<172_800: "\(number((seconds / 3_600).rounded())) h"
        default: seconds < 1e10 ? "\(number((seconds / 86_400).rounded())) days" : "centuries"
        }
    }
}
