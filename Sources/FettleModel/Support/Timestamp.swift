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
