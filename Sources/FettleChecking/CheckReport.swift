public import FettleModel

/// What the checker says of a plan.
public struct CheckReport: Codable, Sendable, Equatable {
    /// Everything that is wrong, not only the first thing; empty if the plan is proven.
    public var violations: [Violation]
    public var method: Method

    public var isProven: Bool { violations.isEmpty }

    public init(violations: [Violation], method: Method) {
        self.violations = violations
        self.method = method
    }

    public enum Method: String, Codable, Sendable {
        /// Every reachable state was judged.
        case exact
        /// A bound that no reachable state exceeds was judged; a plan that fails it might still be safe.
        case bound
    }
}

/// A state that the plan can reach and must not, in words.
public struct Violation: Codable, Sendable, Equatable, CustomStringConvertible {
    public var invariant: Invariant
    /// A short story: who is out with whom, what follows.
    public var message: String
    /// The steps that the story is about, in the order in which they are taken.
    public var steps: [StepID]

    public init(_ invariant: Invariant, _ message: String, steps: [StepID]) {
        self.invariant = invariant
        self.message = message
        self.steps = steps
    }

    public var description: String { "\(invariant.rawValue): \(message)" }
}

/// The invariants of ARCHITECTURE.md that follow from a plan alone.
public enum Invariant: String, Codable, Sendable, CaseIterable {
    /// The plan is not well formed, so that nothing could be proven about it.
    case form = "form"
    case capacity = "I1"
    case order = "I3"
    case time = "I4"
    case ownership = "I7"
    case rollback = "I8"
    case reboot = "I9"
    case ownHost = "I12"
}
