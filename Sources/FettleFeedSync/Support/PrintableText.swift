extension StringProtocol {
    /// The text as it may stand in a message: what a server or a file sent has its control characters and marks written
    /// out (`\u{1B}`), and is cut where it is too long. Line breaks of our own hints are kept.
    func printable(limit: Int) -> String {
        var result = ""
        for (count, scalar) in unicodeScalars.enumerated() {
            guard count < limit else { return result + "…" }
            switch scalar.properties.generalCategory {
            case .control where scalar != "\n", .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
                .unassigned:
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// `3 bytes`, `1.4 MB`: decimal units, as disks and downloads are sold.
func bytesInWords(_ count: Int64) -> String {
    let units = ["kB", "MB", "GB", "TB"]
    guard count >= 1_000 else { return "\(count) bytes" }
    var tenths = count / 100
    var unit = 0
    while tenths >= 10_000, unit < units.count - 1 {
        tenths /= 1_000
        unit += 1
    }
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
}
