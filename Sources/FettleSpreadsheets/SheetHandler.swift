import FettleSoftware

/// The cells of a sheet.
final class SheetHandler: XMLHandler {
    typealias Failure = SpreadsheetError

    static let cellLimit = 5_000_000
    static let columnLimit = 1_000
    /// Those of Excel.
    static let rowLimit = 1_048_576

    private(set) var rows: [[SheetCell]] = []
    private let path: String
    private let texts: [String]
    private var cells = 0
    /// Of the cell that is being read.
    private var column = 0
    /// Where the next cell is that does not say where; an empty one takes a column too.
    private var next = 0
    private var type = ""
    private var value = ""
    private var spoken = 0

    init(path: String, texts: [String]) {
        self.path = path
        self.texts = texts
    }

    func interest(in element: String) -> XMLInterest {
        switch element {
        case "row", "c": .attributes
        case "v": .text
        case "t": spoken == 0 ? .text : []
        default: []
        }
    }

    func opened(_ element: String, _ attributes: [String: String]) throws(SpreadsheetError) {
        switch element {
        case "row": try beginRow(attributes["r"])
        case "c": try beginCell(attributes)
        case "rPh": spoken += 1
        default: break
        }
    }

    func closed(_ element: String, _ text: String) throws(SpreadsheetError) {
        switch element {
        case "rPh": spoken -= 1
        case "v": value = text
        case "t" where spoken == 0: value += text
        case "c": try endCell()
        default: break
        }
    }

    private func beginRow(_ reference: String?) throws(SpreadsheetError) {
        let number: Int
        if let reference {
            guard let given = Int(reference), given > rows.count, given <= Self.rowLimit else {
                throw damaged("row \(reference.prefix(20)) does not follow row \(rows.count)")
            }
            number = given
        } else {
            number = rows.count + 1
        }
        guard number <= Self.rowLimit else { throw damaged("more than \(Self.rowLimit) rows") }
        while rows.count < number { rows.append([]) }
        next = 0
    }

    private func beginCell(_ attributes: [String: String]) throws(SpreadsheetError) {
        guard !rows.isEmpty else { throw damaged("a cell outside of a row") }
        column = next
        if let reference = attributes["r"] {
            guard let given = Self.column(of: reference), given >= next else {
                throw damaged("the cell \(reference.prefix(20)) does not follow column \(next)")
            }
            column = given
        }
        guard column < Self.columnLimit else { throw damaged("more than \(Self.columnLimit) columns") }
        next = column + 1
        type = attributes["t"] ?? "n"
        value = ""
    }

    private func endCell() throws(SpreadsheetError) {
        let text: String
        switch type {
        case "s":
            guard let index = Int(value), texts.indices.contains(index) else {
                throw damaged("a text that is not there")
            }
            text = texts[index]
        case "b": text = value == "1" ? "true" : value.isEmpty ? "" : "false"
        case "inlineStr", "str": text = Self.unescaped(value)
        default: text = value
        }
        guard !text.isEmpty else { return }
        let last = rows.count - 1
        cells += column + 1 - rows[last].count
        guard cells <= Self.cellLimit else { throw damaged("more than \(Self.cellLimit) cells") }
        while rows[last].count < column { rows[last].append(SheetCell("")) }
        rows[last].append(SheetCell(text, isNumber: type == "n"))
    }

    private func damaged(_ what: String) -> SpreadsheetError {
        SpreadsheetError(path, "cannot be read: \(what)", hint: WorkbookReader.hint)
    }

    /// `C7` is 2; nil for what is no place.
    static func column(of reference: String) -> Int? {
        var column = 0
        var digits = 0
        for byte in reference.utf8 {
            if (0x41...0x5A).contains(byte), digits == 0, column < 1 << 20 {
                column = column * 26 + Int(byte) - 0x40
            } else if (0x30...0x39).contains(byte), column > 0, digits < 8 {
                digits += 1
            } else {
                return nil
            }
        }
        return digits > 0 ? column - 1 : nil
    }

    /// `_x0041_` is `A` (ECMA-376, part 1, 22.9.2.19).
    static func unescaped(_ text: String) -> String {
        guard text.contains("_x") else { return text }
        return text.replacing(#/_x([0-9A-Fa-f]{4})_/#) { match in
            UInt32(match.1, radix: 16).flatMap(Unicode.Scalar.init).map { String($0) } ?? ""
        }
    }
}
