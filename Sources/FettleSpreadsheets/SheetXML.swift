import FettleModel
import FettleReporting

/// A row of a sheet as Office Open XML (ECMA-376, part 1, 18.3.1).
struct SheetXML {
    /// Letters of a cell: the most that Excel reads
    /// (https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3).
    static let longestText = 32_767
    static let mostColumns = 16_384

    static let head = """
        <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
        <worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
        """

    /// Numbers of the formats in `WorkbookParts.styles`.
    enum Style: Int {
        case plain, heading, day, moment, decimal
    }

    private var bytes: [UInt8] = []
    private let names: [[UInt8]]

    init(columns: Int) { names = (0..<columns).map { Array(Self.columnName($0).utf8) } }

    /// `A`, `B`, …, `Z`, `AA`.
    static func columnName(_ index: Int) -> String {
        var name = ""
        var rest = index + 1
        while rest > 0 {
            rest -= 1
            name = String(UnicodeScalar(UInt8(65 + rest % 26))) + name
            rest /= 26
        }
        return name
    }

    /// - Parameter number: from 1.
    mutating func row(_ number: Int, _ cells: [ReportCell], isHeading: Bool = false) -> [UInt8] {
        bytes.removeAll(keepingCapacity: true)
        let digits = Array("\(number)".utf8)
        put("<row r=\"")
        bytes += digits
        put("\">")
        for (index, cell) in cells.enumerated() where index < names.count {
            switch cell {
            case .text(let text), .mark(let text, _):
                guard !text.isEmpty else { continue }
                begin(index, digits, isHeading ? .heading : .plain, type: "inlineStr")
                put("<is><t xml:space=\"preserve\">")
                put(Self.escaped(text))
                put("</t></is></c>")
            case .count(let count): value(index, digits, .plain, "\(count)")
            case .number(let number): if number.isFinite { value(index, digits, .plain, "\(number)") }
            case .decimal(let number): if number.isFinite { value(index, digits, .decimal, "\(number)") }
            case .day(let time):
                // As a day and no moment: what is cut off is the hour.
                let days = Int((Double(time.milliseconds) / 86_400_000).rounded(.down)) + 25_569
                value(index, digits, .day, "\(days)")
            case .moment(let time):
                value(index, digits, .moment, "\(Double(time.milliseconds) / 86_400_000 + 25_569)")
            case .flag(let flag):
                begin(index, digits, .plain, type: "b")
                put(flag ? "<v>1</v></c>" : "<v>0</v></c>")
            case .none: continue
            }
        }
        put("</row>\n")
        return bytes
    }

    private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func begin(_ index: Int, _ row: [UInt8], _ style: Style, type: String? = nil) {
        put("<c r=\"")
        bytes += names[index]
        bytes += row
        put("\"")
        if style != .plain { put(" s=\"\(style.rawValue)\"") }
        if let type { put(" t=\"\(type)\"") }
        put(">")
    }

    private mutating func value(_ index: Int, _ row: [UInt8], _ style: Style, _ text: String) {
        begin(index, row, style)
        put("<v>")
        put(text)
        put("</v></c>")
    }

    /// Text in XML: what XML cannot hold is left out, what is too long is cut, and what reads like an escape of this format
    /// (`_x0041_`, ECMA-376, part 1, 22.9.2.19) is escaped itself.
    static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        let whole = text.utf16.count <= longestText ? text[...] : text.prefix(longestText / 2)
        for scalar in whole.unicodeScalars {
            switch scalar {
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            case "\n", "\t": result.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || scalar.value & 0xFFFE == 0xFFFE: continue
            default: result.append(scalar)
            }
        }
        if whole.endIndex != text.endIndex { result.append("…") }
        let escaped = String(result)
        guard escaped.contains("_x") else { return escaped }
        return escaped.replacing(#/_(?=x[0-9A-Fa-f]{4}_)/#, with: "_x005F_")
    }
}
