import FettleModel

/// Figures as a page says them.
enum PlanWords {
    static func duration(_ seconds: Int) -> String {
        switch seconds {
        case ..<90: "\(seconds) s"
        case ..<5_400: "\((seconds + 30) / 60) min"
        case ..<172_800: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        default: "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
        }
    }

    /// A moment after the start, to the second where that is still told apart.
    static func offset(_ seconds: Int) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<172_800: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        default: duration(seconds)
        }
    }

    /// `1,234`: long numbers are read wrong without.
    static func number(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var result = value < 0 ? "-" : ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place).isMultiple(of: 3) { result += "," }
            result.append(digit)
        }
        return result
    }

    static func count(_ value: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(number(value)) \(value == 1 ? noun : plural ?? noun + "s")"
    }

    /// The first few names, so that a line stays one for a thousand of them.
    static func list(_ names: [String], limit: Int = 6) -> String {
        let shown = names.prefix(limit).joined(separator: ", ")
        return names.count > limit ? "\(shown) and \(number(names.count - limit)) more" : shown
    }

    static func bytes(_ count: Int64) -> String {
        switch count {
        case ..<1_000: "\(max(0, count)) B"
        case ..<1_000_000: "\(count / 1_000) kB"
        case ..<10_000_000_000: "\(count / 1_000_000) MB"
        default: "\(count / 1_000_000_000) GB"
        }
    }
}

extension Timestamp {
    /// `2026-11-23 22:00`, UTC.
    var minute: String {
        let text = description
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
    }

    var hourAndMinute: String { String(description.dropFirst(11).prefix(5)) }
    var monthAndDay: String { String(description.dropFirst(5).prefix(5)) }
}
