/// An index that cannot be used, or cannot be written.
public struct IndexError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// There is no such file, or it may not be read.
        case unreadable
        /// Some other program's file.
        case foreign
        /// Of a format that this release doesn't know.
        case version
        /// Bytes are not as they were written. The index is derived: build it anew.
        case damaged
        /// It could not be written; what was there before is untouched.
        case unwritable
        /// More than the format can hold.
        case tooLarge
    }

    public var code: Code
    public var path: String
    public var message: String

    public init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    public var description: String { "\(path): \(message)" }
}
