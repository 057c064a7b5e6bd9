/// What a clock on the wall shows, in no time zone in particular. There may be no such moment, or two of them, where clocks are
/// put forward or back: `TimeZoneName` tells.
///
/// Coded as text such as `2026-11-23T09:30:00`.
public struct LocalDateTime: Hashable, Comparable, Sendable {
    public var date: LocalDate
    /// From 0 to 86,399.
    public var secondOfDay: Int

    public init(date: LocalDate, secondOfDay: Int) {
        self.date = date
        self.secondOfDay = secondOfDay
    }

    /// Seconds since 1970-01-01T00:00:00 on the same clock, every day with 86,400 of them.
    var seconds: Int { date.dayNumber * 86_400 + secondOfDay }

    init(seconds: Int) {
        let day = seconds.floorDivided(by: 86_400)
        self.init(date: LocalDate(dayNumber: day), secondOfDay: seconds - day * 86_400)
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.date, left.secondOfDay) < (right.date, right.secondOfDay)
    }
}

extension LocalDateTime: CustomStringConvertible {
    public var description: String { "\(date)T\(TimeOfDay.text(secondOfDay, withSeconds: true))" }

    /// Reads `2026-11-23T09:30`, with or without `:SS`; `24:00` is no time.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "T", omittingEmptySubsequences: false)
        guard halves.count == 2, let date = LocalDate(halves[0]), let second = TimeOfDay.seconds(halves[1]) else {
            return nil
        }
        self.init(date: date, secondOfDay: second)
    }
}

extension LocalDateTime: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = LocalDateTime(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is no local time such as 2026-11-23T09:30:00")
        }
        self = time
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Times of the day as text.
public enum TimeOfDay {
    /// Reads `09:30` or `09:30:15`; nil for all else.
    public static func seconds(_ text: some StringProtocol) -> Int? {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(fields.count) else { return nil }
        let numbers = fields.compactMap { Int(digits: $0, count: 2) }
        guard numbers.count == fields.count, numbers[0] < 24, numbers.dropFirst().allSatisfy({ $0 < 60 }) else {
            return nil
        }
        return numbers[0] * 3_600 + numbers[1] * 60 + (numbers.count == 3 ? numbers[2] : 0)
    }

    /// Such as `09:30`; with seconds where they are asked for or are not 0.
    public static func text(_ second: Int, withSeconds: Bool = false) -> String {
        let short = "\((second / 3_600).padded(2)):\((second / 60 % 60).padded(2))"
        return withSeconds || second % 60 != 0 ? short + ":\((second % 60).padded(2))" : short
    }
}
