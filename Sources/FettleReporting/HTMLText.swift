/// Text that is safe to stand in a page. Whatever is interpolated into it is escaped, unless it is HTML itself: the one place
/// where that is done, for reports and for the server's pages.
public struct HTMLText: ExpressibleByStringInterpolation, Sendable {
    public var source: String

    public init(stringLiteral value: String) { source = value }
    public init(stringInterpolation: Interpolation) { source = stringInterpolation.source }
    /// - Parameter source: HTML, taken as it is.
    public init(source: String) { self.source = source }

    public static func + (left: HTMLText, right: HTMLText) -> HTMLText { HTMLText(source: left.source + right.source) }

    public struct Interpolation: StringInterpolationProtocol {
        var source = ""

        public init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity) }
        public mutating func appendLiteral(_ literal: String) { source += literal }
        public mutating func appendInterpolation(_ text: HTMLText) { source += text.source }
        public mutating func appendInterpolation(_ number: Int) { source += String(number) }
        public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            source += HTMLText.escape(value.description)
        }
    }

    /// Scalar by scalar: a sign with a combining mark behind it is another character, and still opens a tag. Also drops control
    /// characters, which no page may hold.
    public static func escape(_ text: String) -> String {
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
    public func joined() -> HTMLText { HTMLText(source: map(\.source).joined(separator: "\n")) }
}
