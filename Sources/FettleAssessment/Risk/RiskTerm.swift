import Foundation

/// One term of a risk, as it is shown: a name, a number, what it is counted in, and why it is that number.
public struct RiskTerm: Codable, Sendable, Equatable {
    public var name: String
    /// Finite, and 0 or more.
    public var value: Double
    /// Such as `a day`, `probability` or `points a day`; empty for a plain factor.
    public var unit: String
    public var because: String

    public init(name: String, value: Double, unit: String = "", because: String) {
        self.name = name
        self.value = RiskMath.loss(value)
        self.unit = unit
        self.because = because
    }

    /// `exposure: 0.1 (the Internet reaches it)`
    public var explanation: String {
        "\(name): \(Self.figure(value))\(unit.isEmpty ? "" : " \(unit)") (\(because))"
    }

    /// Three significant digits, all of those before the point; the same in every locale.
    public static func figure(_ value: Double) -> String {
        String(format: (1_000..<1e9).contains(value) ? "%.0f" : "%.3g", value)
    }

    static func days(_ count: Int) -> String { count == 1 ? "1 day" : "\(count) days" }
}

/// One of the two risks: its terms, and what they come to.
public struct RiskSum: Codable, Sendable, Equatable {
    public var terms: [RiskTerm]
    /// Expected loss a day, in the policy's unit. Finite, and 0 or more.
    public var perDay: Double

    public init(terms: [RiskTerm], perDay: Double) {
        self.terms = terms
        self.perDay = RiskMath.loss(perDay)
    }
}
