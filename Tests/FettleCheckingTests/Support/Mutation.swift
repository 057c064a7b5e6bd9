import FettleChecking
import FettleModel
import Testing

/// A way to break a right plan, and the invariant that is broken by it.
struct Mutation: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var breaks: Invariant
    var apply: @Sendable (inout Plan) -> Void

    init(_ description: String, _ breaks: Invariant, _ apply: @escaping @Sendable (inout Plan) -> Void) {
        testDescription = description
        self.breaks = breaks
        self.apply = apply
    }
}
