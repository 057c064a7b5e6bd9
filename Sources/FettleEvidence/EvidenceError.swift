/// Why something is no evidence: a key, a head or a bundle that does not hold.
public struct EvidenceError: Error, Sendable, Equatable, CustomStringConvertible {
    public var code: Code
    /// What, where, and what would be right.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public enum Code: String, Sendable, CaseIterable {
        /// It is not of the form that it should have, or beyond a limit.
        case malformed
        /// Nobody whom the verifier trusts has signed it.
        case unknownSigner
        /// It is not what was signed.
        case altered
        /// A key cannot be read or written.
        case key
    }

    public var description: String { message }
}
