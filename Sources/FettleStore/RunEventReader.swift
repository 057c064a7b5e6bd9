public import FettleModel
public import Foundation

/// Reads what stores keep of a journal line: an event as JSON.
///
/// Nearly all lines of a long journal are intents and results of steps, and a journal is read whole before anything goes on. Their
/// plain forms are read here without a general decoder in between, which takes a tenth of the time; whatever is not one of them in
/// every byte is left to `JSONDecoder`, so that nothing is accepted here which that would refuse, or taken for something else.
public struct RunEventReader {
    private let decoder = JSONDecoder()

    public init() {}

    /// - Throws: `DecodingError` for what is no event.
    public func event(from data: Data) throws -> RunEvent {
        let plain = data.withUnsafeBytes { bytes in
            var reader = PlainEvent(bytes)
            return reader.event()
        }
        return try plain ?? decoder.decode(RunEvent.self, from: data)
    }
}

/// The plain form of the three common events: compact JSON, each key once and known, texts without a `\u`.
private struct PlainEvent {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// nil: it is in another form.
    mutating func event() -> RunEvent? {
        guard skip("{"), let name = text(), skip(":") else { return nil }
        var fields = Fields()
        guard object(key: { $0.read($1, &fields) }), skip("}"), place == bytes.count else { return nil }
        guard let step = fields.step, let attempt = fields.attempt else { return nil }
        switch name {
        case "stepIntended" where fields.observation == nil && fields.failure == nil:
            return .stepIntended(step: StepID(step), attempt: attempt, prior: fields.prior)
        case "stepDone" where fields.prior == nil && fields.failure == nil:
            return fields.observation.map { .stepDone(step: StepID(step), attempt: attempt, observation: $0) }
        case "stepFailed" where fields.prior == nil && fields.observation == nil:
            return fields.failure.map { .stepFailed(step: StepID(step), attempt: attempt, failure: $0) }
        default: return nil
        }
    }

    private struct Fields {
        var step: String?
        var attempt: Int?
        var prior: PriorState?
        var observation: Observation?
        var failure: StepFailure?
    }

    private mutating func read(_ key: String, _ fields: inout Fields) -> Bool {
        switch key {
        case "step": note(&fields.step, text())
        case "attempt": note(&fields.attempt, integer())
        case "prior": note(&fields.prior, prior())
        case "observation": note(&fields.observation, observation())
        case "failure": note(&fields.failure, failure())
        default: false
        }
    }

    private mutating func prior() -> PriorState? {
        var alreadySo: Bool?
        var details: [String: String]?
        let isRead = object { reader, key in
            switch key {
            case "alreadySo": note(&alreadySo, reader.boolean())
            case "details": note(&details, reader.texts())
            default: false
            }
        }
        guard isRead, let alreadySo, let details else { return nil }
        return PriorState(alreadySo: alreadySo, details: details)
    }

    private mutating func observation() -> Observation? {
        var (verdict, summary): (GateVerdict?, String?)
        var details: [String: String]?
        var observedAt: Timestamp?
        let isRead = object { reader, key in
            switch key {
            case "verdict": note(&verdict, reader.text().flatMap(GateVerdict.init))
            case "summary": note(&summary, reader.text())
            case "details": note(&details, reader.texts())
            case "observedAt": note(&observedAt, reader.time())
            default: false
            }
        }
        guard isRead, let verdict, let summary, let details, let observedAt else { return nil }
        return Observation(verdict: verdict, summary: summary, details: details, observedAt: observedAt)
    }

    private mutating func failure() -> StepFailure? {
        var code: StepFailure.Code?
        var (message, output): (String?, String?)
        let isRead = object { reader, key in
            switch key {
            case "code": note(&code, reader.text().flatMap(StepFailure.Code.init))
            case "message": note(&message, reader.text())
            case "output": note(&output, reader.text())
            default: false
            }
        }
        guard isRead, let code, let message, let output else { return nil }
        return StepFailure(code: code, message: message, output: output)
    }

    // MARK: JSON

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func skipWord(_ word: StaticString) -> Bool {
        let end = place + word.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        let isThere = word.withUTF8Buffer { $0.elementsEqual(bytes[place..<end]) }
        if isThere { place = end }
        return isThere
    }

    /// - Parameter read: the value behind a key; false if it is not plain.
    private mutating func object(key read: (inout PlainEvent, String) -> Bool) -> Bool {
        guard skip("{") else { return false }
        if skip("}") { return true }
        repeat {
            guard let key = text(), skip(":"), read(&self, key) else { return false }
        } while skip(",")
        return skip("}")
    }

    private mutating func texts() -> [String: String]? {
        var texts: [String: String] = [:]
        let isRead = object { reader, key in
            guard let text = reader.text() else { return false }
            return texts.updateValue(text, forKey: key) == nil
        }
        return isRead ? texts : nil
    }

    private mutating func boolean() -> Bool? {
        if skipWord("true") { return true }
        return skipWord("false") ? false : nil
    }

    /// Of at most nine digits.
    private mutating func integer() -> Int? {
        let first = place
        var value = 0
        while place < bytes.count, place - first < 9, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[place] {
            value = value * 10 + Int(bytes[place] - UInt8(ascii: "0"))
            place += 1
        }
        let hasLeadingZero = place > first + 1 && bytes[first] == UInt8(ascii: "0")
        return place == first || hasLeadingZero ? nil : value
    }

    private mutating func text() -> String? {
        guard skip("\"") else { return nil }
        let first = place
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                defer { place += 1 }
                return String(validating: bytes[first..<place], as: UTF8.self)
            case UInt8(ascii: "\\"): return escapedText(from: first)
            case 0..<0x20: return nil
            default: place += 1
            }
        }
        return nil
    }

    /// The same with escapes of one character.
    private mutating func escapedText(from first: Int) -> String? {
        var text = Array(bytes[first..<place])
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard place < bytes.count, let meant = Self.meaning(ofEscaped: bytes[place]) else { return nil }
                text.append(meant)
                place += 1
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    private static func meaning(ofEscaped byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        default: nil
        }
    }

    /// Such as `2026-11-23T09:30:00.000Z`; what else a `Timestamp` may look like is not plain.
    private mutating func time() -> Timestamp? {
        let end = place + 26
        guard end <= bytes.count else { return nil }
        for (offset, mark) in zip([0, 5, 8, 11, 14, 17, 20, 24, 25], "\"--T::.Z\"".utf8)
        where bytes[place + offset] != mark { return nil }
        func number(_ offset: Int, _ digits: Int) -> Int? {
            var value = 0
            for byte in bytes[place + offset..<place + offset + digits] {
                guard case UInt8(ascii: "0")...UInt8(ascii: "9") = byte else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(1, 4), let month = number(6, 2), let day = number(9, 2), let hour = number(12, 2),
            let minute = number(15, 2), let second = number(18, 2), let milliseconds = number(21, 3),
            // The years before today's calendar are left to the general decoder.
            year > 1_600, 1...12 ~= month, 1...Self.days(inMonth: month, of: year) ~= day, hour < 24, minute < 60,
            second < 60
        else { return nil }
        place = end
        let seconds = Self.days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        return Timestamp(milliseconds: Int64(seconds) * 1_000 + Int64(milliseconds))
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Since 1970-01-01. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`,
    /// https://howardhinnant.github.io/date_algorithms.html
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

/// - Returns: false if there is no value, or if there was one before: a key that comes twice is not plain.
private func note<Value>(_ field: inout Value?, _ value: Value?) -> Bool {
    guard field == nil, let value else { return false }
    field = value
    return true
}
