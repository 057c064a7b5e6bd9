import Foundation

/// A file's text, read with limits.
struct InputText {
    var file: String
    var text: String

    /// 100,000 hosts in 5,000 groups, the most that a fleet has, are about 18 MB.
    static let maximumBytes = 32 * 1_024 * 1_024

    /// What helps who has no such file, of those that `fettle init` writes.
    static let initAdvice = "'fettle init' writes a commented one"

    /// - Throws: `InventoryErrors` for a file that is absent, no regular file, too big, not UTF-8, or that holds control
    ///   characters, each of those with its place.
    static func read(path: String, ifAbsent: String? = nil) throws(InventoryErrors) -> InputText {
        try InputText(bytes: bytes(path: path, limit: maximumBytes, ifAbsent: ifAbsent), file: path)
    }

    /// A file as it is, at most one byte more than `limit`.
    ///
    /// - Throws: `InventoryErrors` for a file that is absent or no regular file.
    static func bytes(path: String, limit: Int, ifAbsent: String?) throws(InventoryErrors) -> [UInt8] {
        func failure(_ message: String, _ hint: String? = nil) -> InventoryErrors {
            InventoryErrors([InventoryProblem(file: path, line: 1, column: 1, message: message, hint: hint)])
        }
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        // A named pipe or a device would be read for ever: only regular files.
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved) else {
            throw failure("there is no such file", ifAbsent)
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular else { throw failure("not a regular file") }
        guard let handle = FileHandle(forReadingAtPath: resolved) else {
            throw failure("the file cannot be read", "look at its permissions")
        }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: limit + 1) ?? Data() else {
            throw failure("the file cannot be read")
        }
        return [UInt8](data)
    }

    init(bytes: [UInt8], file: String) throws(InventoryErrors) {
        guard bytes.count <= Self.maximumBytes else {
            throw InventoryErrors([
                InventoryProblem(
                    file: file, line: 1, column: 1,
                    message: "the file is larger than \(Self.maximumBytes / 1_024 / 1_024) MB")
            ])
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let body = bytes.starts(with: mark) ? bytes[3...] : bytes[...]
        guard let text = String(validating: body, as: UTF8.self) else {
            throw InventoryErrors([Self.encodingProblem(in: body, file: file)])
        }
        try self.init(text: text, file: file)
    }

    init(text: String, file: String) throws(InventoryErrors) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw InventoryErrors([
                InventoryProblem(
                    file: file, line: 1, column: 1,
                    message: "the text is larger than \(Self.maximumBytes / 1_024 / 1_024) MB")
            ])
        }
        let problems = Self.controlCharacters(in: text, file: file)
        guard problems.isEmpty else { throw InventoryErrors(problems) }
        self.file = file
        self.text = text
    }

    private static func encodingProblem(in bytes: ArraySlice<UInt8>, file: String) -> InventoryProblem {
        var line = 1
        for row in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: row, as: UTF8.self) == nil { break }
            line += 1
        }
        let looksWide = bytes.prefix(2).elementsEqual([0xFF, 0xFE]) || bytes.prefix(2).elementsEqual([0xFE, 0xFF])
        return InventoryProblem(
            file: file, line: line, column: 1, message: "the text is not UTF-8",
            hint: looksWide ? "it looks like UTF-16: save it as UTF-8" : "save it as UTF-8")
    }

    /// Escape sequences and their like have no business in an inventory: whoever prints them hands over the terminal.
    private static func controlCharacters(in text: String, file: String) -> [InventoryProblem] {
        var problems: [InventoryProblem] = []
        var place = Place.start
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: place = Place(line: place.line + 1, column: 0)
            case 0x09, 0x0D: break
            case 0x00...0x1F, 0x7F, 0x80...0x84, 0x86...0x9F, 0xFEFF, 0xFFFE, 0xFFFF:
                problems.append(
                    InventoryProblem(
                        file: file, line: place.line, column: place.column,
                        message: "a control character \(String(scalar).quoted)", hint: "remove it"))
            default: break
            }
            place.column += 1
            if problems.count >= InventoryErrors.limit { break }
        }
        return problems
    }
}
