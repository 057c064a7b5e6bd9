internal import FettleModel

/// The ids that feeds name weaknesses and advisories by.
enum AdvisoryNames {
    /// `CVE-`, a year of four digits, `-`, and four to nineteen digits (https://www.cve.org/About/Process).
    static func isCVE(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8.prefix(30))
        guard bytes.count >= 13, bytes.count <= 28, bytes.starts(with: "CVE-".utf8) else { return false }
        return bytes[8] == UInt8(ascii: "-") && bytes[4..<8].allSatisfy(isDigit) && bytes[9...].allSatisfy(isDigit)
    }

    /// What may be an advisory's id: short, of printable ASCII, without blanks.
    static func isID(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.prefix(129).count <= 128 && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// Without the advisory's own id and without doubles, CVEs first.
    static func aliases(_ names: some Sequence<String>, of id: String) -> [String] {
        var seen: Set<String> = [id]
        var weaknesses: [String] = []
        var others: [String] = []
        for name in names where isID(name) && seen.insert(name).inserted {
            if isCVE(name) { weaknesses.append(name) } else { others.append(name) }
        }
        return weaknesses + others
    }

    /// By the third letter of Red Hat's way to name errata, which its children follow: `RHSA`, `ALBA`, `RLEA`.
    static func updateClass(of id: String) -> UpdateClass {
        let letters = Array(id.utf8.prefix(5))
        guard letters.count == 5, letters[3] == UInt8(ascii: "A"), letters[4] == UInt8(ascii: "-"),
            ["RH", "AL", "RL", "EL", "RX", "CE"].contains(String(decoding: letters[..<2], as: UTF8.self))
        else { return .security }
        return switch letters[2] {
        case UInt8(ascii: "B"): .bugfix
        case UInt8(ascii: "E"): .feature
        default: .security
        }
    }

    /// The word before the colon of `Important: kernel security update`; empty where there is none.
    static func severity(ofTitle title: String) -> String {
        for word in ["Critical", "Important", "Moderate", "Low"] where title.hasPrefix(word + ":") { return word }
        return ""
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
