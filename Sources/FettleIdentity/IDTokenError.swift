/// Why an id token is not taken. The token itself is never in it.
public struct IDTokenError: Error, Sendable, Equatable {
    public var code: Code
    public var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public enum Code: String, Sendable, CaseIterable {
        /// It is no id token, or the keys are no key set.
        case malformed
        /// It is not signed by the issuer, or not as policy demands.
        case untrusted
        /// It names a key that is not among the issuer's: it was withdrawn, is newer than what was read, or never was one.
        case unknownKey
        /// It is another's, for somebody else, over, or not good yet.
        case refused
    }
}
