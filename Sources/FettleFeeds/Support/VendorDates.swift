import FettleModel

/// Reads the dates of vendors' feeds, which are written in a dozen ways; a time without a zone is taken as UTC.
///
/// `2022-06-08`, `20221018`, `2011-09-27 22:46`, `2023-03-07 17:32:16`, `2023-12-18 15:00:00 UTC`,
/// `2024-04-28T03:08:14+00:00`, `2025-03-26T17:08:28.810633Z`, and seconds since 1970 (`1357225214`).
enum VendorDates {
    /// Nil where the text is none of these, or names no day of the calendar between 1970 and 9999.
    static func timestamp(_ text: String) -> Timestamp? {
        var rest = text.utf8.drop { $0 == 0x20 }
        let digits = rest.prefix { $0.isDecimalDigit }
        if digits.count == rest.count, digits.count >= 9, digits.count <= 11, let seconds = Int64(String(rest) ?? "") {
            return Timestamp(milliseconds: seconds * 1000)
        }
        guard let year = number(4, &rest) else { return nil }
        let isSpaced = skip("-", &rest)
        guard let month = number(2, &rest), !isSpaced || skip("-", &rest), let day = number(2, &rest),
            let days = daysSince1970(year, month, day)
        else { return nil }
        guard let time = milliseconds(&rest) else { return nil }
        return Timestamp(milliseconds: Int64(days) * 86_400_000 + Int64(time))
    }

    /// Of the day, brought to UTC; 0 where nothing follows; nil where it is no time.
    private static func milliseconds(_ rest: inout Substring.UTF8View) -> Int? {
        guard skip("T", &rest) || skip(" ", &rest) else { return rest.isEmpty ? 0 : nil }
        guard let hour = number(2, &rest), hour < 24, skip(":", &rest), let minute = number(2, &rest), minute < 60
        else { return nil }
        var total = (hour * 60 + minute) * 60_000
        if skip(":", &rest) {
            guard let second = number(2, &rest), second <= 60 else { return nil }
            total += second * 1000
            if skip(".", &rest) {
                let fraction = rest.prefix { $0.isDecimalDigit }
                rest = rest.dropFirst(fraction.count)
                let three = (String(fraction.prefix(3)) ?? "").padded(to: 3)
                total += Int(three) ?? 0
            }
        }
        _ = skip(" ", &rest)
        if rest.isEmpty || skip("Z", &rest) { return rest.isEmpty ? total : nil }
        if ["UTC", "GMT"].contains(String(rest) ?? "") { return total }
        let sign = skip("+", &rest) ? -1 : skip("-", &rest) ? 1 : 0
        guard sign != 0, let hours = number(2, &rest), hours < 24 else { return nil }
        _ = skip(":", &rest)
        let minutes = rest.isEmpty ? 0 : number(2, &rest)
        guard let minutes, minutes < 60, rest.isEmpty else { return nil }
        return total + sign * (hours * 60 + minutes) * 60_000
    }

    private static func number(_ count: Int, _ rest: inout Substring.UTF8View) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(\.isDecimalDigit) else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func skip(_ character: Unicode.Scalar, _ rest: inout Substring.UTF8View) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Days of the Gregorian calendar (https://howardhinnant.github.io/date_algorithms.html#days_from_civil).
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int? {
        guard (1970...9999).contains(year), (1...12).contains(month) else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...lengths[month - 1]).contains(day) else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return shifted / 400 * 146_097 + dayOfEra - 719_468
    }
}

extension UInt8 {
    fileprivate var isDecimalDigit: Bool { (0x30...0x39).contains(self) }
}

extension String {
    fileprivate func padded(to count: Int) -> String {
        self + String(repeating: "0", count: max(0, count - utf8.count))
    }
}
