import Foundation

/// A time zone by its name in the IANA database (https://www.iana.org/time-zones), with its rules.
///
/// The rules are those that Swift's ICU brings along (`rulesVersion`), not those of the machine: the same program gives the same
/// plan everywhere. Coded as its name.
public struct TimeZoneName: Hashable, Sendable {
    public let name: String
    private let zone: TimeZone

    /// nil for a name that the database does not know, for abbreviations such as `PST` and for offsets such as `GMT+2`: they
    /// say nothing of daylight saving, or mean several zones.
    public init?(_ name: some StringProtocol) {
        guard name.utf8.count <= 64, name.utf8.allSatisfy(Self.isPlain),
            name.contains("/") || Self.namesWithoutRegion.contains(String(name)),
            let zone = TimeZone(identifier: String(name))
        else { return nil }
        self.name = String(name)
        self.zone = zone
    }

    public static let utc = TimeZoneName(name: "UTC", zone: .gmt)

    private init(name: String, zone: TimeZone) {
        self.name = name
        self.zone = zone
    }

    /// The release of the IANA database, such as `2025b`.
    public static var rulesVersion: String { TimeZone.timeZoneDataVersion }

    /// Names to suggest, sorted: without most of those that are only kept for old files.
    public static var suggestions: [String] { (TimeZone.knownTimeZoneIdentifiers + ["UTC"]).sorted() }

    public static func == (left: Self, right: Self) -> Bool { left.name == right.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "+"):
            true
        default: false
        }
    }

    /// The database's names without a slash, but for abbreviations of single countries and fixed offsets under other names.
    private static let namesWithoutRegion: Set<String> = [
        "UTC", "GMT", "UCT", "Zulu", "Universal", "Greenwich", "CET", "MET", "EET", "WET", "Cuba", "Egypt", "Eire",
        "GB",
        "Hongkong", "Iceland", "Iran", "Israel", "Jamaica", "Japan", "Kwajalein", "Libya", "NZ", "Navajo", "PRC",
        "Poland", "Portugal", "ROC", "ROK", "Singapore", "Turkey", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT",
    ]
}

extension TimeZoneName {
    /// Which of two moments is meant where clocks are put back and a local time comes twice.
    public enum Repeated: Sendable {
        case first, second
    }

    /// The moment at which clocks there show `local`.
    ///
    /// A time that comes twice is the first of the two, unless the second is asked for. A time that is left out, because clocks
    /// are put forward, is counted with the offset from before: 02:30 on such a night is 03:30. Both as in RFC 5545, 3.3.5
    /// (https://www.rfc-editor.org/rfc/rfc5545#section-3.3.5).
    public func moment(of local: LocalDateTime, repeated: Repeated = .first) -> Timestamp {
        let seconds = local.seconds
        // No offset is beyond 15 hours, and no zone has changed twice within 30: these two are those before and after.
        let before = offset(at: seconds - Self.reach)
        let after = offset(at: seconds + Self.reach)
        let candidates = [seconds - before, seconds - after].filter { $0 + offset(at: $0) == seconds }
        let chosen = repeated == .first ? candidates.min() : candidates.max()
        return Timestamp(milliseconds: Int64(chosen ?? (seconds - before)) * 1_000)
    }

    /// What clocks there show at the moment, in whole seconds.
    public func local(at moment: Timestamp) -> LocalDateTime {
        let seconds = Int(moment.milliseconds).floorDivided(by: 1_000)
        return LocalDateTime(seconds: seconds + offset(at: seconds))
    }

    private static let reach = 15 * 3_600

    private func offset(at seconds: Int) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
    }
}

extension TimeZoneName: CustomStringConvertible {
    public var description: String { name }
}

extension TimeZoneName: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = TimeZoneName(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is no IANA time zone such as Europe/Berlin")
        }
        self = name
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
