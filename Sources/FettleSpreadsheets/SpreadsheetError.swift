/// Why a workbook could not be written or read: what, and where.
public struct SpreadsheetError: Error, Sendable, Equatable, CustomStringConvertible {
    public var path: String
    public var message: String
    /// What would be right; empty if nothing is known.
    public var hint: String

    init(_ path: String, _ message: String, hint: String = "") {
        self.path = path
        self.message = message
        self.hint = hint
    }

    public var description: String { "\(path): \(message)" + (hint.isEmpty ? "" : "\n  \(hint)") }
}
