internal import FettleModel

/// Reads the times of feeds: `2024-05-28`, `20240528`, `2024-05-28T18:22:19.401Z`, `2024-05-28 18:22:19+00:00`, `…+0000`,
/// `… UTC`, the same without a zone, which the feeds that write it mean as UTC (RFC 3339,
/// https://www.rfc-editor.org/rfc/rfc3339), and seconds since 1970 (`1357225214`).
///
/// Exact to the millisecond, what is below is cut off. Made for hundreds of thousands of records: no formatter, no
/// locale.
enum FeedDates {
    /// Longer text is no time.
    private static let maximumBytes = 40

    /// Nil for anything that is no such time, days that the calendar has not among them.
    static func time(_ text: String) -> Timestamp? {
        guard text.utf8.count <= maximumBytes else { return nil }
        var reader = Reader(bytes: Array(text.utf8))
        if let seconds = reader.secondsSince1970() { return time(secondsSince1970: Double(seconds)) }
        guard let day = reader.day() else { return nil }
        if reader.isAtEnd { return Timestamp(milliseconds: day * 86_400_000) }
        guard reader.take(anyOf: "Tt "), let clock = reader.clock(), let offset = reader.zone(), reader.isAtEnd else {
            return nil
        }
        return Timestamp(milliseconds: day * 86_400_000 + clock - offset)
    }

    /// Nil for no text, and for what is no time.
    static func time(_ text: String?) -> Timestamp? { text.flatMap { time($0) } }

    /// A time that is written as seconds since 1970; nil outside the years 1 to 9999.
    static func time(secondsSince1970 seconds: Double) -> Timestamp? {
        guard seconds.isFinite, seconds > -62_135_596_800, seconds < 253_402_300_800 else { return nil }
        return Timestamp(milliseconds: Int64((seconds * 1000).rounded(.down)))
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        /// Nine to eleven digits and nothing else: a day has eight.
        func secondsSince1970() -> Int64? {
            guard (9...11).contains(bytes.count), bytes.allSatisfy({ Self.digit($0) != nil }) else { return nil }
            return bytes.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }

        /// Days since 1970-01-01.
        mutating func day() -> Int64? {
            guard let year = digits(4) else { return nil }
            let isSpaced = take(anyOf: "-")
            guard let month = digits(2), !isSpaced || take(anyOf: "-"),
                let day = digits(2), (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year)
            else { return nil }
            // Years begin in March here, so that the leap day is the last one (Howard Hinnant's days_from_civil).
            let shifted = month <= 2 ? year - 1 : year
            let era = shifted >= 0 ? shifted / 400 : -1
            let yearOfEra = shifted - era * 400
            let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
            let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            return Int64(era * 146_097 + dayOfEra - 719_468)
        }

        /// Milliseconds of the day.
        mutating func clock() -> Int64? {
            guard let hour = digits(2), hour <= 23, take(anyOf: ":"), let minute = digits(2), minute <= 59 else {
                return nil
            }
            var milliseconds = Int64(hour * 60 + minute) * 60_000
            guard take(anyOf: ":") else { return milliseconds }
            // 60 is a leap second.
            guard let second = digits(2), second <= 60 else { return nil }
            milliseconds += Int64(second) * 1000
            guard take(anyOf: ".,") else { return milliseconds }
            var scale: Int64 = 100
            let start = position
            while position < bytes.count, let digit = Self.digit(bytes[position]) {
                milliseconds += Int64(digit) * scale
                scale /= 10
                position += 1
            }
            return position > start ? milliseconds : nil
        }

        /// Milliseconds east of UTC.
        mutating func zone() -> Int64? {
            if isAtEnd || take(anyOf: "Zz") { return 0 }
            _ = take(anyOf: " ")
            if bytes[position...].elementsEqual("UTC".utf8) || bytes[position...].elementsEqual("GMT".utf8) {
                position = bytes.count
                return 0
            }
            let isWest = position < bytes.count && bytes[position] == UInt8(ascii: "-")
            guard take(anyOf: "+-"), let hours = digits(2), hours <= 23 else { return nil }
            _ = take(anyOf: ":")
            var minutes = 0
            if !isAtEnd {
                guard let given = digits(2), given <= 59 else { return nil }
                minutes = given
            }
            return Int64(hours * 60 + minutes) * (isWest ? -60_000 : 60_000)
        }

        mutating func digits(_ count: Int) -> Int? {
            guard bytes.count - position >= count else { return nil }
            var value = 0
            for byte in bytes[position..<(position + count)] {
                guard let digit = Self.digit(byte) else { return nil }
                value = value * 10 + digit
            }
            position += count
            return value
        }

        mutating func take(anyOf characters: StaticString) -> Bool {
            guard position < bytes.count else { return false }
            let found = characters.withUTF8Buffer { $0.contains(bytes[position]) }
            if found { position += 1 }
            return found
        }

        private static func digit(_ byte: UInt8) -> Int? {
            byte >= 0x30 && byte <= 0x39 ? Int(byte) - 0x30 : nil
        }

        private static func days(in month: Int, of year: Int) -> Int {
            switch month {
            case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        }
    }
}
