public import Foundation

/// A moment on the wall clock, in whole milliseconds since 1970-01-01T00:00:00Z, so that it compares and codes exactly.
///
/// Coded as RFC 3339 text in UTC with milliseconds, such as `2026-11-23T09:30:00.000Z`.
public struct Timestamp: Hashable, Comparable, Sendable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public init(_ date: Date) {
        milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    public var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    /// The system's clock. Only the outer layers call it: planning and judging are handed their time.
    public static func now() -> Timestamp { Timestamp(Date()) }

    public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    public func adding(seconds: Int) -> Timestamp {
        Timestamp(milliseconds: milliseconds &+ Int64(seconds) &* 1000)
    }

    /// Whole and fractional seconds from `earlier` to this moment; negative if `earlier` is later.
    public func seconds(since earlier: Timestamp) -> Double {
        Double(milliseconds - earlier.milliseconds) / 1000
    }
}

extension Timestamp: CustomStringConvertible {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let wholeSeconds = Date.ISO8601FormatStyle()

    /// The style cuts off what is below a millisecond, and most milliseconds are a hair less as a binary fraction of seconds: a
    /// quarter of one keeps each where it is.
    public var description: String {
        Date(timeIntervalSince1970: (Double(milliseconds) + 0.25) / 1000).formatted(Self.style)
    }

    /// Reads RFC 3339 text in UTC, with or without fractional seconds.
    public init?(_ text: String) {
        if let date = try? Self.style.parse(text) {
            self.init(date)
        } else if let date = try? Self.wholeSeconds.parse(text) {
            self.init(date)
        } else {
            return nil
        }
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let timestamp = Timestamp(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is no RFC 3339 time such as 2026-11-23T09:30:00.000Z")
        }
        self = timestamp
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Timestamp {
    /// Such as `2026-11-23`, in UTC. Counted here, because the system's calendar is not made for any moment that a feed may hold.
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`,
    /// https://howardhinnant.github.io/date_algorithms.html
    public var day: String {
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
