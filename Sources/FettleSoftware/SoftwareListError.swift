/// A list of software that is refused whole.
public struct SoftwareListError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's name, as the caller gave it.
    public var document: String
    /// What is wrong, where, and what would be right.
    public var message: String

    public init(_ document: String, _ message: String) {
        self.document = document
        self.message = message
    }

    public var description: String { "\(document): \(message)" }
}

/// What a reader inside this target found wrong with the whole document; the entry point adds the document's name.
struct Refusal: Error, Equatable {
    var message: String

    init(_ message: String) {
        self.message = message
    }

    init(line: Int, _ message: String) {
        self.message = "line \(line): \(message)"
    }
}
