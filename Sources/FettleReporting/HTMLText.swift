/// Text that is safe to stand in a page. Whatever is interpolated into it is escaped, unless it is HTML itself.
struct HTMLText: ExpressibleByStringInterpolation, Sendable {
    var source: String

    init(stringLiteral value: String) { source = value }
    init(stringInterpolation: Interpolation) { source = stringInterpolation.source }
    init(source: String) { self.source = source }

    static func + (left: HTMLText, right: HTMLText) -> HTMLText { HTMLText(source: left.source + right.source) }

    struct Interpolation: StringInterpolationProtocol {
        var source = ""

        init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity) }
        mutating func appendLiteral(_ literal: String) { source += literal }
        mutating func appendInterpolation(_ text: HTMLText) { source += text.source }
        mutating func appendInterpolation(_ number: Int) { source += String(number) }
        mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            source += HTMLText.escape(value.description)
        }
    }

    /// Also drops control characters, which no page may hold.
    static func escape(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value): result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Sequence where Element == HTMLText {
    func joined() -> HTMLText { HTMLText(source: map(\.source).joined(separator: "\n")) }
}
