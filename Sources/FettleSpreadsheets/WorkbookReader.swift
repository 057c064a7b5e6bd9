internal import FettleSoftware
internal import Foundation

/// A cell as it was read.
public struct SheetCell: Sendable, Equatable {
    public var text: String
    /// The workbook holds a number there, and not the text that somebody typed.
    public var isNumber: Bool

    public init(_ text: String, isNumber: Bool = false) {
        self.text = text
        self.isNumber = isNumber
    }
}

/// Reads one sheet of a workbook (`.xlsx`) that somebody else made.
public enum WorkbookReader {
    static let hint = "save it as a workbook (.xlsx) or as CSV"

    /// Whether a file begins as a workbook does, which is a zip file.
    public static func isWorkbook(_ beginning: some Collection<UInt8>) -> Bool {
        beginning.starts(with: [0x50, 0x4B, 0x03, 0x04])
    }

    /// Whether a file begins as the older format of Excel, or as a workbook with a password does: neither is read.
    public static func isCompoundFile(_ beginning: some Collection<UInt8>) -> Bool {
        beginning.starts(with: [0xD0, 0xCF, 0x11, 0xE0])
    }

    /// - Parameter sheet: its name; nil: the first.
    /// - Returns: its rows from the first on, empty ones too, each with its cells from the first column on.
    /// - Throws: for a file that is no workbook or a damaged one, for one that goes beyond the limits (`ZipParts`, `SheetHandler`),
    ///   for a sheet that is not there.
    public static func rows(path: String, sheet: String? = nil) throws(SpreadsheetError) -> [[SheetCell]] {
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        guard size <= ZipParts.fileLimit else {
            throw SpreadsheetError(
                path, "is larger than \(ZipParts.fileLimit >> 20) MiB", hint: "save only the sheet that is meant")
        }
        let zip = ZipParts(path: path)
        let index = try zip.read { $0 == "xl/workbook.xml" || $0 == "xl/_rels/workbook.xml.rels" }
        guard let workbook = index["xl/workbook.xml"], let links = index["xl/_rels/workbook.xml.rels"] else {
            throw SpreadsheetError(path, "is no workbook: it has no xl/workbook.xml", hint: hint)
        }
        let sheets = SheetList(path: path)
        try read(workbook, into: sheets, path: path, part: "xl/workbook.xml")
        let targets = LinkList(path: path)
        try read(links, into: targets, path: path, part: "xl/_rels/workbook.xml.rels")
        guard let chosen = sheet.map({ name in sheets.sheets.first { $0.name == name } }) ?? sheets.sheets.first else {
            let names = sheets.sheets.prefix(20).map { "'\($0.name)'" }.joined(separator: ", ")
            throw SpreadsheetError(path, "has no sheet '\(sheet ?? "")'", hint: "it has \(names)")
        }
        guard let part = targets.targets[chosen.link] else {
            throw SpreadsheetError(path, "does not say where its sheet '\(chosen.name)' is", hint: hint)
        }
        let content = try zip.read { $0 == part || $0 == "xl/sharedStrings.xml" }
        guard let xml = content[part] else {
            throw SpreadsheetError(path, "lacks its sheet '\(chosen.name)' (\(part))", hint: hint)
        }
        let texts = TextList(path: path)
        if let shared = content["xl/sharedStrings.xml"] {
            try read(shared, into: texts, path: path, part: "xl/sharedStrings.xml")
        }
        let handler = SheetHandler(path: path, texts: texts.texts)
        try read(xml, into: handler, path: path, part: part)
        return handler.rows
    }

    private static func read<Handler: XMLHandler>(
        _ data: Data, into handler: Handler, path: String, part: String
    ) throws(SpreadsheetError) where Handler.Failure == SpreadsheetError {
        try XMLReader.read(data, into: handler) { problem in SpreadsheetError(path, "\(part) \(problem)", hint: hint) }
    }
}

/// The sheets of a workbook, in its order.
private final class SheetList: XMLHandler {
    typealias Failure = SpreadsheetError
    private let path: String
    var sheets: [(name: String, link: String)] = []
    private static let limit = 1_000

    init(path: String) { self.path = path }

    func interest(in element: String) -> XMLInterest { element == "sheet" ? .attributes : [] }

    func opened(_ element: String, _ attributes: [String: String]) throws(SpreadsheetError) {
        guard element == "sheet", let name = attributes["name"], let link = attributes["id"] else { return }
        guard sheets.count < Self.limit else { throw SpreadsheetError(path, "has more than \(Self.limit) sheets") }
        sheets.append((name, link))
    }

    func closed(_ element: String, _ text: String) throws(SpreadsheetError) {}
}

/// Where the parts of a workbook are, by the names of the links to them.
private final class LinkList: XMLHandler {
    typealias Failure = SpreadsheetError
    private let path: String
    var targets: [String: String] = [:]
    private static let limit = 10_000

    init(path: String) { self.path = path }

    func interest(in element: String) -> XMLInterest { element == "Relationship" ? .attributes : [] }

    func opened(_ element: String, _ attributes: [String: String]) throws(SpreadsheetError) {
        guard element == "Relationship", let id = attributes["Id"], let target = attributes["Target"] else { return }
        // What lies outside of the file is never asked for.
        guard attributes["TargetMode"] != "External" else { return }
        guard targets.count < Self.limit else { throw SpreadsheetError(path, "has more than \(Self.limit) links") }
        targets[id] = target.hasPrefix("/") ? String(target.dropFirst()) : "xl/\(target)"
    }

    func closed(_ element: String, _ text: String) throws(SpreadsheetError) {}
}

/// The texts that cells of all sheets share.
private final class TextList: XMLHandler {
    typealias Failure = SpreadsheetError
    private let path: String
    var texts: [String] = []
    private var text = ""
    /// How deep in what tells how a text is spoken, which is no part of it.
    private var spoken = 0

    init(path: String) { self.path = path }

    func interest(in element: String) -> XMLInterest { element == "t" && spoken == 0 ? .text : [] }

    func opened(_ element: String, _ attributes: [String: String]) throws(SpreadsheetError) {
        if element == "rPh" { spoken += 1 }
        if element == "si" { text = "" }
    }

    func closed(_ element: String, _ text: String) throws(SpreadsheetError) {
        switch element {
        case "rPh": spoken -= 1
        case "t" where spoken == 0: self.text += text
        case "si":
            guard texts.count < SheetHandler.cellLimit else {
                throw SpreadsheetError(path, "has more than \(SheetHandler.cellLimit) texts")
            }
            texts.append(SheetHandler.unescaped(self.text))
        default: break
        }
    }
}
