/// Why an image was not patched, not tested or does not hold.
public struct ImageError: Error, Sendable, Equatable, CustomStringConvertible {
    public var code: Code
    /// What, where, and what would be right.
    public var message: String
    /// The last lines of what programs printed; empty where they have no part in it.
    public var log: [String]

    public init(_ code: Code, _ message: String, log: [String] = []) {
        self.code = code
        self.message = message
        self.log = log
    }

    public enum Code: String, Sendable, CaseIterable {
        /// What was asked for cannot be done with this image.
        case refused
        /// A program of this machine or of the image failed.
        case failed
        /// A program that is needed is not on this machine, or its rights are.
        case unavailable
        case noSpace
        /// The source is not what it was when work on it began.
        case sourceAltered
        case tookTooLong
        /// The patched image did not pass its boot test.
        case bootTest
        /// It is not what was signed.
        case altered
    }

    public var description: String { message }
}
