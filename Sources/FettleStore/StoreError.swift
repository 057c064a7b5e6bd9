/// What can go wrong with a store, whichever it is.
public struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public enum Code: String, Sendable, CaseIterable {
        /// A later epoch exists: this executor must stop at once and touch nothing more (I2).
        case fenced
        /// Another executor holds the lease.
        case leaseHeld
        /// What is written does not follow what is there.
        case conflict
        case notFound
        /// No space, no permission, a damaged file: the store cannot be used.
        case unavailable
        /// The store was made by a newer Fettle.
        case tooNew
    }

    public var description: String { message }
}
