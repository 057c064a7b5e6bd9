import FettleStore

/// Why a use case did not do what it was asked for.
public struct ControlError: Error, Sendable, Equatable, CustomStringConvertible {
    public var code: Code
    public var message: String
    /// What to do about it, such as the command to type next; empty if there is nothing to say.
    public var hint: String

    public init(_ code: Code, _ message: String, hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public enum Code: String, Sendable, CaseIterable {
        /// The request makes no sense as it is.
        case invalid
        case notFound
        /// Approval, window, freeze or capacity stands in the way.
        case blocked
        /// What was approved, planned or kept is not what is there.
        case drift
        /// Somebody else did something at the same time.
        case conflict
        /// The database or the disk.
        case unavailable
        case `internal`
        /// It was told to stop before it was done; what was begun can be carried on.
        case cancelled
    }

    /// The fleet has no facts, or no findings, yet.
    static let neverLookedAt = ControlError(
        .notFound, "nothing is known of the fleet yet", hint: "`fettle scan` looks at it")

    public var description: String { hint.isEmpty ? message : "\(message)\n  \(hint)" }

    init(store error: StoreError) {
        switch error.code {
        case .notFound: self.init(.notFound, error.message)
        case .leaseHeld:
            self.init(.blocked, error.message, hint: "wait, or take it over with `fettle run resume RUN --take-over`")
        case .conflict, .fenced: self.init(.conflict, error.message)
        case .unavailable, .tooNew: self.init(.unavailable, error.message)
        }
    }
}
