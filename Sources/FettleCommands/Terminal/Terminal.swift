import Foundation

/// What the standard output is: a terminal of some width, or a pipe that gets neither colour nor progress.
struct Terminal: Sendable {
    var isInteractive: Bool
    var hasColor: Bool
    /// In columns; tables are made to fit. nil: as wide as they need.
    var width: Int?

    static let standard = Terminal.detect(descriptor: STDOUT_FILENO)
    static let error = Terminal.detect(descriptor: STDERR_FILENO)

    private static func detect(descriptor: Int32) -> Terminal {
        let environment = ProcessInfo.processInfo.environment
        guard isatty(descriptor) == 1 else {
            return Terminal(
                isInteractive: false, hasColor: environment["FETTLE_COLOR"] == "always",
                width: environment["COLUMNS"].flatMap(Int.init))
        }
        var size = winsize()
        let columns = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
        let isDumb = environment["TERM"] == "dumb"
        let refusesColor = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        return Terminal(isInteractive: !isDumb, hasColor: !isDumb && !refusesColor, width: columns)
    }
}

/// How a piece of text looks where there is colour.
enum TextStyle: String, Sendable {
    case plain = "0"
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"

    func apply(_ text: String, in terminal: Terminal) -> String {
        terminal.hasColor && self != .plain ? "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" : text
    }
}

extension String {
    /// Without anything that could move a terminal's cursor, recolour it or hide text: control characters, escapes, and the
    /// Unicode marks that reorder text. For everything that came from a host, a file or a person.
    var printable: String {
        guard unicodeScalars.contains(where: Self.isHarmful) else { return self }
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            result.append(Self.isHarmful(scalar) ? "\u{fffd}" : scalar)
        }
        return String(result)
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069: true
        case 0xad, 0x61c, 0x200b, 0x2060...0x2064, 0xfeff, 0xe0000...0xe007f: true
        default: false
        }
    }
}
